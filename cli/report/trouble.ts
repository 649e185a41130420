import { type Cause, causeOf } from '../failures.ts';
import type { OutcomeEntry } from './entry.ts';
import type { FleetState } from './fleet-state.ts';
import { codeOf, currentOutcome, type InstanceState, maxQueued, openQueued } from './instance.ts';
import { isScheduled, type Run } from './runs.ts';

/** An instance that is not in sync. */
export interface Trouble extends Cause {
  readonly instanceId: string;
  readonly status: 'failed' | 'unknown';
  readonly errCode: string;
  /** Its first failure after the last acceptance. */
  readonly since: Date;
  /** The log holds no acceptance of it: the trouble may have begun before. */
  readonly isSinceEarlier: boolean;
  readonly failures: number;
  readonly lastAt: Date;
  readonly runId: string;
}

/** An instance in the queue. */
export interface Waiting extends Cause {
  readonly instanceId: string;
  readonly since: Date;
  readonly waitedMs: number;
  /** Longer than failures of the instance itself explain. */
  readonly isLong: boolean;
  /** Since its last acceptance. */
  readonly failures: number;
  readonly failingSince: Date | undefined;
  readonly runId: string;
}

const longWaitMs = 3_600_000; // five tries take 45 minutes at most

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
export function findAbsent({ instances }: FleetState, runs: readonly Run[]): ReadonlySet<string> {
  const last = runs.findLast(isScheduled);
  if (!last) return new Set();
  const startedAt = last.at.getTime() - last.durationMs - clockSlackMs;
  const gone = [...instances.values()].filter(({ lastAt }) => lastAt < startedAt);
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
  { failedAt, lastGoodAt }: InstanceState,
  outcome: OutcomeEntry,
  status: Trouble['status'],
): Trouble {
  const errCode = status === 'unknown' ? (outcome.errCode ?? 'UNKNOWN_END') : codeOf(outcome);
  const isEndOfJob = errCode === 'JOB' || status === 'unknown';
  const advice = outcome.advice ?? (isEndOfJob ? fallbackAdvice[status] : undefined);
  return {
    instanceId: outcome.instanceId,
    status,
    ...causeOf(outcome),
    errCode,
    advice,
    since: new Date(failedAt[0] ?? outcome.at),
    isSinceEarlier: lastGoodAt === undefined,
    failures: failedAt.length,
    lastAt: new Date(outcome.at),
    runId: outcome.runId,
  };
}

function describeWaiting(instance: InstanceState, outcome: OutcomeEntry, now: Date): Waiting {
  const open = openQueued(instance);
  const since = open[0]?.at ?? outcome.at;
  const waitedMs = now.getTime() - since;
  const [failingSince] = instance.failedAt;
  return {
    instanceId: outcome.instanceId,
    ...causeOf(outcome),
    since: new Date(since),
    waitedMs,
    isLong: waitedMs > longWaitMs || open.length === maxQueued,
    failures: instance.failedAt.length,
    failingSince: failingSince === undefined ? undefined : new Date(failingSince),
    runId: outcome.runId,
  };
}
