import type { OutcomeEntry } from './entry.ts';

/** What is kept of an instance. The order of its lines and their repetition make no difference. */
export interface InstanceState {
  readonly instanceId: string;
  /** As its newest line with a name says. */
  name: string | undefined;
  namedAt: number;
  /** The last settled line (not queued) of each of its last runs, newest first. */
  settled: readonly OutcomeEntry[];
  /** The last runs that were accepted, newest first. */
  accepted: readonly AcceptedRun[];
  /** First and last failure of each run. */
  readonly failedRuns: Map<string, { first: number; last: number }>;
  /** Runs in which it went back to the queue after a failure. */
  readonly retriedRuns: Set<string>;
  /** The last runs that put it into the queue and have not settled, in any order. */
  waits: readonly Wait[];
  /** The code of its last failure in each hour (epoch ms of the hour). */
  readonly failedHours: Map<number, { at: number; errCode: string }>;
  lastAt: number;
}

interface AcceptedRun {
  readonly runId: string;
  readonly at: number;
}

/** A run that put the instance into the queue. A worker that sends it anew writes another line. */
export interface Wait {
  readonly firstAt: number;
  readonly last: OutcomeEntry;
}

/** Its failures since its last acceptance that held. */
export interface Failures {
  /** Runs, not deliveries of a message. */
  readonly runs: number;
  readonly since: number | undefined;
  /** No acceptance before that is known. */
  readonly isSinceEarlier: boolean;
}

const hourMs = 3_600_000;
const maxSettledRuns = 4;
const maxAcceptedRuns = 8;
const maxWaits = 8;

export function createInstance(instanceId: string): InstanceState {
  return {
    instanceId,
    name: undefined,
    namedAt: 0,
    settled: [],
    accepted: [],
    failedRuns: new Map(),
    retriedRuns: new Set(),
    waits: [],
    failedHours: new Map(),
    lastAt: 0,
  };
}

/** Takes a line of the instance into account, from anything but a dry run. */
export function addOutcome(instance: InstanceState, outcome: OutcomeEntry): void {
  instance.lastAt = Math.max(instance.lastAt, outcome.at);
  if (outcome.name !== undefined && outcome.at >= instance.namedAt) {
    instance.name = outcome.name;
    instance.namedAt = outcome.at;
  }
  if (outcome.status === 'queued') addQueued(instance, outcome);
  else addSettled(instance, outcome);
}

/**
 * The line that counts. A run writes "queued" after it has sent its messages, and by then a worker may have
 * written the result: within a run "queued" never follows a result.
 */
export function currentOutcome(instance: InstanceState): OutcomeEntry | undefined {
  const queued = openWaits(instance).at(-1)?.last;
  const [settled] = instance.settled;
  return queued && (!settled || compare(queued, settled) > 0) ? queued : settled;
}

/** The runs whose messages wait for a worker, by their last line. */
export function openWaits({ settled, waits }: InstanceState): readonly Wait[] {
  const settledRuns = new Set(settled.map(({ runId }) => runId));
  const settledAt = settled[0]?.at ?? 0;
  return waits
    .filter(({ last }) => !settledRuns.has(last.runId) && last.at >= settledAt)
    .toSorted((a, b) => compare(a.last, b.last));
}

export function failuresOf({ accepted, failedRuns }: InstanceState): Failures {
  // An accepted sync whose job failed later in the same run was none.
  const held = accepted.find(({ at, runId }) => (failedRuns.get(runId)?.last ?? 0) < at);
  const from = held?.at ?? (accepted.length === maxAcceptedRuns ? (accepted.at(-1)?.at ?? 0) : 0);
  const failed = [...failedRuns.values()].filter(({ last }) => last >= from);
  const starts = failed.map(({ first, last }) => (first >= from ? first : last));
  return {
    runs: failed.length,
    since: starts.length > 0 ? Math.min(...starts) : undefined,
    isSinceEarlier: held === undefined,
  };
}

/** The code of a failure; the end of a job may have none of its own. */
export function codeOf({ errCode, jobId }: OutcomeEntry): string {
  return errCode ?? (jobId === undefined ? 'NO_CODE' : 'JOB');
}

function addQueued(instance: InstanceState, outcome: OutcomeEntry): void {
  const { at, errCode, runId } = outcome;
  if (errCode !== undefined) instance.retriedRuns.add(runId);
  const known = instance.waits.find(({ last }) => last.runId === runId);
  const wait = {
    firstAt: Math.min(at, known?.firstAt ?? at),
    last: known && compare(known.last, outcome) > 0 ? known.last : outcome,
  };
  instance.waits = [...instance.waits.filter((other) => other !== known), wait]
    .sort((a, b) => compare(b.last, a.last))
    .slice(0, maxWaits);
}

function addSettled(instance: InstanceState, outcome: OutcomeEntry): void {
  const { runId, status } = outcome;
  if (status === 'failed') addFailure(instance, outcome);
  if (status === 'accepted' || status === 'completed') addAccepted(instance, outcome);
  const sameRun = instance.settled.find((other) => other.runId === runId);
  if (sameRun && compare(sameRun, outcome) >= 0) return;
  instance.settled = [...instance.settled.filter((other) => other !== sameRun), outcome]
    .sort((a, b) => compare(b, a))
    .slice(0, maxSettledRuns);
}

function addFailure(instance: InstanceState, outcome: OutcomeEntry): void {
  const { at, runId } = outcome;
  const hour = at - (at % hourMs);
  const known = instance.failedHours.get(hour);
  const errCode = codeOf(outcome);
  const isNewer = !known || at > known.at || (at === known.at && errCode > known.errCode);
  if (isNewer) instance.failedHours.set(hour, { at, errCode });
  const { first, last } = instance.failedRuns.get(runId) ?? { first: at, last: at };
  instance.failedRuns.set(runId, { first: Math.min(first, at), last: Math.max(last, at) });
}

function addAccepted(instance: InstanceState, { at, runId }: OutcomeEntry): void {
  const known = instance.accepted.find((other) => other.runId === runId);
  if (known && known.at >= at) return;
  instance.accepted = [...instance.accepted.filter((other) => other !== known), { at, runId }]
    .sort((a, b) => b.at - a.at || (a.runId < b.runId ? -1 : 1))
    .slice(0, maxAcceptedRuns);
}

const rank = { completed: 0, accepted: 1, skipped: 1, queued: 2, unknown: 3, failed: 4 } as const;

/** By time. In the same millisecond the worse comes last; the rest has any fixed order. */
function compare(a: OutcomeEntry, b: OutcomeEntry): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.status !== b.status) return rank[a.status] - rank[b.status];
  const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)];
  if (textA === textB) return 0;
  return textA < textB ? -1 : 1;
}
