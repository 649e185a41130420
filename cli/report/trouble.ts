import { type Cause, type FailureGroup, groupFailures } from '../start/present.ts';
import type { OutcomeEntry } from './entry.ts';
import type { FleetState } from './fleet-state.ts';
import { codeOf, currentOutcome, type InstanceState, maxQueued, openQueued } from './instance.ts';
import type { RunRow } from './run-row.ts';

/** An instance that is not in sync. */
export interface Trouble extends Cause {
  readonly instanceId: string;
  readonly status: 'failed' | 'unknown';
  readonly errCode: string;
  /** Its first failure after the last acceptance. */
  readonly since: Date;
  /** The log holds no acceptance of it: it may have begun before. */
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
  /** Longer than the queue keeps trying. */
  readonly isLong: boolean;
  /** Since its last acceptance. */
  readonly failures: number;
  readonly failingSince?: Date;
  readonly runId: string;
}

const longWaitMs = 3_600_000; // the five deliveries of a message last 45 minutes at most

export function listFailing(instances: readonly InstanceState[]): readonly Trouble[] {
  return instances
    .flatMap((instance) => {
      const outcome = currentOutcome(instance);
      return outcome?.status === 'failed' || outcome?.status === 'unknown'
        ? [describeTrouble(instance, outcome, outcome.status)]
        : [];
    })
    .sort(
      (a, b) => a.since.getTime() - b.since.getTime() || (a.instanceId < b.instanceId ? -1 : 1),
    );
}

export function listWaiting(instances: readonly InstanceState[], now: Date): readonly Waiting[] {
  return instances
    .flatMap((instance) => {
      const outcome = currentOutcome(instance);
      return outcome?.status === 'queued' ? [describeWaiting(instance, outcome, now)] : [];
    })
    .sort(
      (a, b) => a.since.getTime() - b.since.getTime() || (a.instanceId < b.instanceId ? -1 : 1),
    );
}

export function groupByCode(failing: readonly Trouble[]): readonly FailureGroup[] {
  return groupFailures(failing);
}

/**
 * Who was not in the last scheduled run: taken off the list. Nobody, where not all lines of that run are
 * there, or where it was a dry run.
 */
export function findAbsent(
  { instances }: FleetState,
  runs: readonly RunRow[],
): ReadonlySet<string> {
  const last = runs.findLast(({ isDryRun, trigger }) => trigger === 'schedule' && !isDryRun);
  if (!last) return new Set();
  const startedAt = last.at.getTime() - last.durationMs - clockSlackMs;
  const seen = [...instances.values()].filter(({ lastAt }) => lastAt >= startedAt);
  if (seen.length < last.total) return new Set();
  const gone = [...instances.values()].filter(({ lastAt }) => lastAt < startedAt);
  return new Set(gone.map(({ instanceId }) => instanceId));
}

const clockSlackMs = 5_000;

const fallbackAdvice = {
  failed: undefined,
  unknown:
    'The sync was accepted, but nobody saw its job end. Look at the instance in the DDM console; the next run tries again.',
} as const;

const jobAdvice =
  'The sync was accepted, but its job failed. Look at the instance and its tasks in the DDM console; the next run tries again.';

function describeTrouble(
  { failedAt, lastGoodAt }: InstanceState,
  outcome: OutcomeEntry,
  status: Trouble['status'],
): Trouble {
  const code = codeOf(outcome);
  const errCode = status === 'unknown' && outcome.errCode === undefined ? 'UNKNOWN_END' : code;
  const advice = outcome.advice ?? (code === 'JOB' ? jobAdvice : fallbackAdvice[status]);
  return {
    instanceId: outcome.instanceId,
    status,
    ...causeOf(outcome),
    errCode,
    ...(advice !== undefined && { advice }),
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
    ...(failingSince !== undefined && { failingSince: new Date(failingSince) }),
    runId: outcome.runId,
  };
}

function causeOf({ advice, errCode, externalMessage, httpStatus }: OutcomeEntry): Cause {
  return {
    ...(errCode !== undefined && { errCode }),
    ...(httpStatus !== undefined && { httpStatus }),
    ...(externalMessage !== undefined && { externalMessage }),
    ...(advice !== undefined && { advice }),
  };
}
