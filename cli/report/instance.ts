import type { OutcomeEntry } from './entry.ts';

/** What is kept of an instance. The order of its lines and their repetition make no difference. */
export interface InstanceState {
  readonly instanceId: string;
  /** The last settled line (not queued) of each of its last runs, newest first. */
  settled: readonly OutcomeEntry[];
  lastGoodAt: number | undefined;
  /** Failures since the last acceptance, in order. */
  readonly failedAt: number[];
  /** The newest "queued" lines since it last settled. */
  queued: readonly OutcomeEntry[];
  /** The code of its last failure in each hour (epoch ms of the hour). */
  readonly failedHours: Map<number, { at: number; errCode: string }>;
  lastAt: number;
}

const hourMs = 3_600_000;
const maxSettledRuns = 4;
/** How many "queued" lines are kept. */
export const maxQueued = 8;

export function createInstance(instanceId: string): InstanceState {
  return {
    instanceId,
    settled: [],
    lastGoodAt: undefined,
    failedAt: [],
    queued: [],
    failedHours: new Map(),
    lastAt: 0,
  };
}

/** Takes a line of the instance into account, from anything but a dry run. */
export function addOutcome(instance: InstanceState, outcome: OutcomeEntry): void {
  instance.lastAt = Math.max(instance.lastAt, outcome.at);
  if (outcome.status === 'queued') addQueued(instance, outcome);
  else addSettled(instance, outcome);
}

/**
 * The line that counts. A run writes "queued" after it has sent its messages, and by then a worker may have
 * written the result: within a run "queued" never follows a result.
 */
export function currentOutcome(instance: InstanceState): OutcomeEntry | undefined {
  const queued = openQueued(instance).at(-1);
  const [settled] = instance.settled;
  return queued && (!settled || compare(queued, settled) > 0) ? queued : settled;
}

/** Its open "queued" lines, in order. */
export function openQueued({ queued, settled }: InstanceState): readonly OutcomeEntry[] {
  const settledRuns = new Set(settled.map(({ runId }) => runId));
  return queued.filter(({ runId }) => !settledRuns.has(runId));
}

/** The code of a failure; the end of a job may have none of its own. */
export function codeOf({ errCode, jobId }: OutcomeEntry): string {
  return errCode ?? (jobId === undefined ? 'NO_CODE' : 'JOB');
}

function addQueued(instance: InstanceState, outcome: OutcomeEntry): void {
  const [last] = instance.settled;
  if (last && outcome.at < last.at) return;
  if (instance.queued.some((other) => compare(other, outcome) === 0)) return;
  instance.queued = [...instance.queued, outcome].sort(compare).slice(-maxQueued);
}

function addSettled(instance: InstanceState, outcome: OutcomeEntry): void {
  const { at, runId, status } = outcome;
  if (status === 'failed') addFailure(instance, outcome);
  if (status === 'accepted' || status === 'completed') addGood(instance, at);
  const sameRun = instance.settled.find((other) => other.runId === runId);
  if (sameRun && compare(sameRun, outcome) >= 0) return;
  instance.settled = [...instance.settled.filter((other) => other !== sameRun), outcome]
    .sort((a, b) => compare(b, a))
    .slice(0, maxSettledRuns);
  const settledAt = instance.settled[0]?.at ?? at;
  instance.queued = instance.queued.filter((queued) => queued.at >= settledAt);
}

function addFailure(instance: InstanceState, outcome: OutcomeEntry): void {
  const { at } = outcome;
  const hour = at - (at % hourMs);
  const known = instance.failedHours.get(hour);
  const errCode = codeOf(outcome);
  const isNewer = !known || at > known.at || (at === known.at && errCode > known.errCode);
  if (isNewer) instance.failedHours.set(hour, { at, errCode });
  if (at < (instance.lastGoodAt ?? 0)) return;
  const { failedAt } = instance;
  let index = failedAt.length;
  while (index > 0 && (failedAt[index - 1] ?? 0) > at) index -= 1;
  if (failedAt[index - 1] !== at) failedAt.splice(index, 0, at);
}

function addGood(instance: InstanceState, at: number): void {
  if (at <= (instance.lastGoodAt ?? 0)) return;
  instance.lastGoodAt = at;
  const firstAfter = instance.failedAt.findIndex((failed) => failed >= at);
  instance.failedAt.splice(0, firstAfter === -1 ? instance.failedAt.length : firstAfter);
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
