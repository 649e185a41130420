import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { SyncFailure } from '../errors.ts';
import { adviceFor } from '../huawei/error-codes.ts';
import {
  createSummary,
  type EndCounts,
  type JobEnd,
  type Outcome,
  type Report,
  type Retry,
  type RunOrigin,
} from './outcomes.ts';
import type { Task } from './tasks.ts';

export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Where a run writes: one line per outcome, retry, warning and run. */
export interface RunLog {
  outcome(outcome: Outcome): void;
  retry(retry: Retry): void;
  /** What a function did that is no run. */
  notice(message: string, fields: LogFields): void;
  /** Something a human should know of a run that goes on. */
  warning(message: string, fields: LogFields): void;
  /** Something a human should look at. */
  problem(message: string, fields: LogFields): void;
  /** A change that concerns none of our instances; also a metric. */
  ignored(message: string, fields: LogFields): void;
  report(report: Report): void;
  /** A message that SMN did not sign, or not for us; a metric. */
  notificationRefused(): void;
  /** What one batch of a worker contributed to a run. */
  batch(report: Report): void;
  /** A metric: negative when the token has expired. */
  tokenHoursLeft(hours: number): void;
  /** How an accepted sync ended: one line each. */
  ended(end: JobEnd): void;
  /** Metrics: the ends of one batch, together. */
  ends(counts: EndCounts): void;
}

/** Gives each instance its outcome, exactly one. */
export interface Outcomes {
  accepted(task: Task, jobId: string | undefined): void;
  failed(task: Task, failure: SyncFailure): void;
  queued(task: Task): void;
  /** @param reason why nothing is called; none in a dry run */
  skipped(task: Task, reason?: string): void;
  /** Not an outcome: the task will be called again after `delayMs`. */
  retried(task: Task, failure: SyncFailure, delayMs: number): void;
  /** More instances failed than SYNC_MAX_ERRORS allows. */
  hasTooManyErrors(): boolean;
}

/** Outcomes of one run, counted. */
export interface Ledger extends Outcomes {
  finish(): Report;
}

export interface LedgerDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Pick<RunLog, 'outcome' | 'retry' | 'report'>;
  readonly settings: Pick<Config, 'syncMaxErrors'>;
}

export interface LedgerRun extends RunOrigin {
  /** Instances of the run, for a percentage of them. */
  readonly total: number;
}

export function createLedger(
  { clock, log, settings }: LedgerDeps,
  { total, ...origin }: LedgerRun,
): Ledger {
  const { runId, trigger } = origin;
  const startedAt = clock.monotonic();
  const summary = createSummary(origin);
  const maxErrors = errorLimit(settings.syncMaxErrors, total);

  const write = (task: Task, rest: Pick<Outcome, 'status'> & Partial<Outcome>): void => {
    const { instanceId } = task;
    const outcome = { instanceId, trigger, runId, ...rest, ...timing(task) };
    summary.add(outcome, task.throttled);
    log.outcome(outcome);
  };

  const timing = ({ attempts, startedAt: from }: Task) =>
    from === undefined ? {} : { attempts, durationMs: Math.round(clock.monotonic() - from) };

  return {
    accepted: (task, jobId) =>
      write(task, { status: 'accepted', httpStatus: 200, ...(jobId !== undefined && { jobId }) }),
    failed: (task, failure) => write(task, { status: 'failed', ...failureFields(failure) }),
    queued: (task) =>
      write(task, { status: 'queued', ...(task.failure && failureFields(task.failure)) }),
    skipped: (task, reason) =>
      write(task, { status: 'skipped', ...(reason !== undefined && { externalMessage: reason }) }),
    retried: ({ attempts, instanceId }, failure, delayMs) =>
      log.retry({ instanceId, runId, attempt: attempts, delayMs, ...causeFields(failure) }),
    hasTooManyErrors: () => summary.failed() > maxErrors,
    finish: () => {
      const report = summary.finish(clock.monotonic() - startedAt);
      log.report(report);
      return report;
    },
  };
}

function errorLimit(maxErrors: Config['syncMaxErrors'], total: number): number {
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
  // An error answer that carries no code of the service is explained by its status.
  const explainedByStatus = errCode === 'BAD_RESPONSE' && httpStatus !== 200;
  const advice = adviceFor(httpStatus, explainedByStatus ? undefined : errCode);
  return { ...causeFields(failure), ...(advice !== undefined && { advice }) };
}
