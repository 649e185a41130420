import { type Cause, causeOf } from '../failures.ts';
import type { OutcomeEntry } from './entry.ts';
import type { FleetState } from './fleet-state.ts';
import { codeOf, currentOutcome, failuresOf, type InstanceState, openWaits } from './instance.ts';
import { isScheduled, type Run } from './runs.ts';

/** An instance whose last sync failed, or whose end is not known. */
export interface Trouble extends Cause {
  readonly instanceId: string;
  readonly name: string | undefined;
  readonly status: 'failed' | 'unknown';
  /** A worker gave up after several tries, or a run failed. The next scheduled run tries again in either case. */
  readonly state: 'failing' | 'given up' | 'unknown end';
  readonly errCode: string;
  /** Its first failure after the last acceptance. */
  readonly since: Date;
  /** The log holds no acceptance of it: the trouble may have begun before. */
  readonly isSinceEarlier: boolean;
  /** In how many runs it failed since its last acceptance. */
  readonly runsFailed: number;
  readonly lastAt: Date;
  readonly runId: string;
}

/** An instance in the queue. */
export interface Waiting extends Cause {
  readonly instanceId: string;
  readonly name: string | undefined;
  readonly state: 'waiting' | 'retrying';
  readonly since: Date;
  readonly waitedMs: number;
  /** For more than an hour: longer than failures of the instance itself explain. */
  readonly isLong: boolean;
  /** No worker has touched it for more than an hour: its message may be a dead letter. */
  readonly isSilent: boolean;
  /** As in Trouble. */
  readonly runsFailed: number;
  readonly failingSince: Date | undefined;
  readonly runId: string;
}

const longWaitMs = 3_600_000; // five tries take 45 minutes at most
const silentMs = 3_600_000; // a worker that sends an instance anew does so at the latest after 15 minutes

export function listFailing(instances: readonly InstanceState[]): readonly Trouble[] {
  const failing = instances.flatMap((instance) => {
    const outcome = currentOutcome(instance);
    return outcome?.status === 'failed' || outcome?.status === 'unknown'
      ? [describeTrouble(instance, outcome, outcome.status)]
      : [];
  });
  return failing.sort(byAge);
}

export function listWaiting(instances: readonly InstanceState[], now: Date): readonly Waiting[] {
  const waiting = instances.flatMap((instance) => {
    const outcome = currentOutcome(instance);
    return outcome?.status === 'queued' ? [describeWaiting(instance, outcome, now)] : [];
  });
  return waiting.sort(byAge);
}

type Aged = Pick<Trouble, 'since' | 'instanceId'>;

function byAge(a: Aged, b: Aged): number {
  return a.since.getTime() - b.since.getTime() || (a.instanceId < b.instanceId ? -1 : 1);
}

const clockSlackMs = 5_000;

/**
 * The instances that the last scheduled run no longer had in its list. None, where the log lacks lines of
 * that run.
 */
export function findAbsent(
  { instances, skipped }: FleetState,
  runs: readonly Run[],
): ReadonlySet<string> {
  const last = runs.findLast(isScheduled);
  if (!last) return new Set();
  const startedAt = last.at.getTime() - last.durationMs - clockSlackMs;
  const gone = [...instances.values()].filter(
    ({ instanceId, lastAt }) => Math.max(lastAt, skipped.get(instanceId)?.at ?? 0) < startedAt,
  );
  const isWhole = instances.size - gone.length >= last.total;
  return new Set(isWhole ? gone.map(({ instanceId }) => instanceId) : []);
}

const fallbackAdvice = {
  failed:
    'The sync was accepted, but its job failed. Look at the instance and its tasks in the DDM console; the next run tries again.',
  unknown:
    'The sync was accepted, but its job was not seen to end. Look at the instance in the DDM console; the next run tries again.',
};

function describeTrouble(
  instance: InstanceState,
  outcome: OutcomeEntry,
  status: Trouble['status'],
): Trouble {
  const errCode = status === 'unknown' ? (outcome.errCode ?? 'UNKNOWN_END') : codeOf(outcome);
  const isEndOfJob = errCode === 'JOB' || status === 'unknown';
  const advice = outcome.advice ?? (isEndOfJob ? fallbackAdvice[status] : undefined);
  const { isSinceEarlier, runs, since = outcome.at } = failuresOf(instance);
  return {
    instanceId: outcome.instanceId,
    name: instance.name,
    status,
    state: stateOf(instance, outcome, status),
    ...causeOf(outcome),
    errCode,
    advice,
    since: new Date(since),
    isSinceEarlier,
    runsFailed: runs,
    lastAt: new Date(outcome.at),
    runId: outcome.runId,
  };
}

function stateOf(
  { retriedRuns }: InstanceState,
  { runId }: OutcomeEntry,
  status: Trouble['status'],
): Trouble['state'] {
  if (status === 'unknown') return 'unknown end';
  return retriedRuns.has(runId) ? 'given up' : 'failing';
}

function describeWaiting(instance: InstanceState, outcome: OutcomeEntry, now: Date): Waiting {
  const firstAt = Math.min(outcome.at, ...openWaits(instance).map((wait) => wait.firstAt));
  const waitedMs = now.getTime() - firstAt;
  const { runs, since } = failuresOf(instance);
  return {
    instanceId: outcome.instanceId,
    name: instance.name,
    state: outcome.errCode === undefined && runs === 0 ? 'waiting' : 'retrying',
    ...causeOf(outcome),
    since: new Date(firstAt),
    waitedMs,
    isLong: waitedMs > longWaitMs,
    isSilent: now.getTime() - outcome.at > silentMs,
    runsFailed: runs,
    failingSince: since === undefined ? undefined : new Date(since),
    runId: outcome.runId,
  };
}
