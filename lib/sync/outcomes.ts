import type { Fleet } from '../aws/instance-list.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { SyncFailure } from '../errors.ts';
import { adviceFor } from '../huawei/error-codes.ts';
import type { Log, Outcome, Report, RunOrigin, Status } from '../log.ts';
import type { Task } from './tasks.ts';

/** Gives each instance its outcome, exactly one. */
export interface Outcomes {
  accepted(task: Task, jobId: string | undefined): void;
  failed(task: Task, failure: SyncFailure): void;
  queued(task: Task): void;
  /** @param reason why it is not called; absent in a dry run */
  skipped(task: Task, reason?: string): void;
  /** Not an outcome: the task will be called again after `delayMs`. */
  retried(task: Task, failure: SyncFailure, delayMs: number): void;
  /** More instances failed than SYNC_MAX_ERRORS allows. */
  hasTooManyErrors(): boolean;
}

/** Receives every outcome of a run. Besides the log, the HTTP results and the follow queue are sinks. */
export type OutcomeSink = (outcome: Outcome) => void;

/** The outcomes of one run, logged, counted, and told to the sinks. */
export interface Recorder extends Outcomes {
  /** The counts so far. */
  report(): Report;
}

export interface RecorderDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Pick<Log, 'outcome' | 'retry'>;
  /** @default 'off' */
  readonly maxErrors?: Config['syncMaxErrors'];
}

export interface RecordedRun extends RunOrigin {
  /** Instances of the run, for a share of errors. */
  readonly total: number;
  readonly names?: Fleet['names'];
}

export function createRecorder(
  { clock, log, maxErrors }: RecorderDeps,
  { names, total, ...origin }: RecordedRun,
  sinks: readonly OutcomeSink[] = [],
): Recorder {
  const { runId, trigger } = origin;
  const startedAt = clock.monotonic();
  const counts = createCounts();
  const errorLimit = toErrorLimit(maxErrors, total);

  const record = (task: Task, rest: Pick<Outcome, 'status'> & Partial<Outcome>): void => {
    const { attempts, instanceId, startedAt: from } = task;
    const timing = from !== undefined && {
      attempts,
      durationMs: Math.round(clock.monotonic() - from),
    };
    const instanceName = names?.get(instanceId);
    const named = { instanceId, ...(instanceName !== undefined && { instanceName }) };
    const outcome = { ...named, trigger, runId, ...rest, ...timing };
    counts.add(outcome, task.throttled);
    log.outcome(outcome);
    for (const sink of sinks) sink(outcome);
  };

  return {
    accepted: (task, jobId) =>
      record(task, { status: 'accepted', httpStatus: 200, ...(jobId !== undefined && { jobId }) }),
    failed: (task, failure) => record(task, { status: 'failed', ...failureFields(failure) }),
    queued: (task) =>
      record(task, { status: 'queued', ...(task.failure && failureFields(task.failure)) }),
    skipped: (task, reason) =>
      record(task, { status: 'skipped', ...(reason !== undefined && { externalMessage: reason }) }),
    retried: ({ attempts, instanceId }, failure, delayMs) =>
      log.retry({ instanceId, runId, attempt: attempts, delayMs, ...causeFields(failure) }),
    hasTooManyErrors: () => counts.failed() > errorLimit,
    report: () => ({
      ...origin,
      ...counts.sum(),
      durationMs: Math.round(clock.monotonic() - startedAt),
    }),
  };
}

function toErrorLimit(maxErrors: Config['syncMaxErrors'], total: number): number {
  if (maxErrors === undefined) return Number.POSITIVE_INFINITY;
  return 'count' in maxErrors ? maxErrors.count : maxErrors.share * total;
}

function causeFields({ errCode, httpStatus, externalMessage }: SyncFailure) {
  return {
    errCode,
    ...(httpStatus !== undefined && { httpStatus }),
    ...(externalMessage !== undefined && { externalMessage }),
  };
}

function failureFields(failure: SyncFailure): Partial<Outcome> {
  const { errCode, httpStatus } = failure;
  // An error answer without a code of the service is explained by its status.
  const isExplainedByStatus = errCode === 'BAD_RESPONSE' && httpStatus !== 200;
  const advice = adviceFor(httpStatus, isExplainedByStatus ? undefined : errCode);
  return { ...causeFields(failure), ...(advice !== undefined && { advice }) };
}

const maxCodes = 100; // the service decides what codes there are: the report line stays readable
const otherCodes = 'OTHER';

/** Counts outcomes as they come, so that a run of 100,000 instances keeps none of them. */
function createCounts() {
  const byStatus: Record<Status, number> = { accepted: 0, failed: 0, queued: 0, skipped: 0 };
  const byCode = new Map<string, number>();
  let attempts = 0;
  let throttled = 0;

  const addFailure = (errCode = otherCodes): void => {
    const key = byCode.has(errCode) || byCode.size < maxCodes ? errCode : otherCodes;
    byCode.set(key, (byCode.get(key) ?? 0) + 1);
  };

  return {
    add: (outcome: Outcome, refusedAttempts: number): void => {
      byStatus[outcome.status] += 1;
      attempts += outcome.attempts ?? 0;
      throttled += refusedAttempts;
      if (outcome.status === 'failed') addFailure(outcome.errCode);
    },
    failed: () => byStatus.failed,
    sum: () => ({
      total: byStatus.accepted + byStatus.failed + byStatus.queued + byStatus.skipped,
      ...byStatus,
      attempts,
      throttled,
      errCodes: Object.fromEntries(byCode),
    }),
  };
}
