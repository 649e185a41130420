import { Logger } from '@aws-lambda-powertools/logger';
import type { SyncFailure } from './errors.ts';
import {
  countIgnoredChange,
  countJobResults,
  countRefusedNotification,
  measureLongestWait,
  measureTokenLife,
  publishBatch,
  publishRun,
} from './metrics.ts';

export type Trigger = 'schedule' | 'http' | 'change';
export type Status = 'accepted' | 'failed' | 'queued' | 'skipped';

/** Who asked for a run over HTTP. */
export interface Caller {
  /** ARN of the IAM principal, or issuer and subject of the JWT. */
  readonly principal: string;
  readonly sourceIp: string;
  /** API Gateway's id of the request, as in its access log. */
  readonly requestId: string;
}

/** A run's name and origin. */
export interface RunOrigin {
  readonly runId: string;
  readonly trigger: Trigger;
  readonly caller?: Caller;
}

/** The outcome of one instance: the fields of its log line, and of its entry in the HTTP `results`. */
export interface Outcome {
  readonly instanceId: string;
  /** As the list says, if it says so. */
  readonly instanceName?: string;
  readonly status: Status;
  readonly trigger: Trigger;
  readonly runId: string;
  readonly jobId?: string;
  readonly httpStatus?: number;
  readonly errCode?: string;
  readonly externalMessage?: string;
  readonly advice?: string;
  /** Calls made for this instance in this run. */
  readonly attempts?: number;
  /** From the start of the first attempt to the outcome, pauses included. */
  readonly durationMs?: number;
}

/** The run in numbers: `accepted + failed + queued + skipped === total`, always. */
export interface Report extends RunOrigin {
  readonly total: number;
  readonly accepted: number;
  readonly failed: number;
  readonly queued: number;
  readonly skipped: number;
  readonly attempts: number;
  /** Attempts that the service refused because there were too many. */
  readonly throttled: number;
  readonly durationMs: number;
  /** Failed instances by error code; the first 100 codes by name, the rest as OTHER. */
  readonly errCodes: Readonly<Record<string, number>>;
}

/** A retry that is about to be made. */
export interface Retry extends Pick<SyncFailure, 'errCode' | 'httpStatus' | 'externalMessage'> {
  readonly instanceId: string;
  readonly runId: string;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
}

/** How the job of an accepted sync ended, as far as Huawei Cloud reports it. */
export type End = 'completed' | 'failed' | 'unknown';

/** The end of one accepted sync; the fields of its log line. */
export interface JobResult {
  readonly instanceId: string;
  readonly end: End;
  readonly trigger: Trigger;
  readonly runId: string;
  readonly jobId?: string;
  readonly secondsSinceAccepted: number;
  /** Where the end was found: DDM's job list or the audit log. */
  readonly source?: 'job' | 'trace';
  readonly errCode?: string;
  readonly externalMessage?: string;
  readonly advice?: string;
  /** Why the end is unknown. */
  readonly reason?: string;
}

export type EndCounts = Readonly<Record<End, number>>;
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Everything that the service logs and measures: one JSON line per call, and metrics (EMF) besides some. */
export interface Log {
  outcome(outcome: Outcome): void;
  retry(retry: Retry): void;
  /** A run, with its metrics. */
  report(report: Report): void;
  /** What one batch of a worker contributed to a run, with its metrics. */
  batch(report: Report): void;
  /** How an accepted sync ended. */
  jobResult(result: JobResult): void;
  /** The metrics of the job results of one invocation. */
  jobResults(counts: EndCounts): void;
  /** An action outside a run. */
  notice(message: string, fields: LogFields): void;
  /** Something you should know about an invocation that continues. */
  warning(message: string, fields: LogFields): void;
  /** Something you should look at. */
  problem(message: string, fields: LogFields): void;
  /** A change that concerns no instance of the fleet, with its metric. */
  ignored(message: string, fields: LogFields): void;
  /** A metric: a message that SMN did not sign, or that is not for this service. */
  notificationRefused(): void;
  /** A metric: since the instance was asked for that waits longest, of those that a worker sent anew. */
  longestWait(seconds: number): void;
  /** A metric: negative once the token has expired. */
  tokenHoursLeft(hours: number): void;
}

const levelOf = {
  accepted: 'info',
  queued: 'info',
  skipped: 'info',
  failed: 'error',
} as const satisfies Record<Status, 'info' | 'error'>;

const levelOfEnd = {
  completed: 'info',
  failed: 'error',
  unknown: 'info',
} as const satisfies Record<End, 'info' | 'error'>;

/** The one Powertools Logger of the process; writes one JSON line per call to stdout or stderr. */
export const logger = new Logger({ serviceName: 'ddm-sync' });

/** Writes lines with the field names above. @param place what the line of a run says of its settings */
export function createLog(
  target: Pick<Logger, 'info' | 'warn' | 'error'> = logger,
  place: LogFields = {},
): Log {
  return {
    outcome: (outcome) =>
      target[levelOf[outcome.status]](`instance sync ${outcome.status}`, { ...outcome }),
    retry: (retry) => target.warn('instance sync retried', { ...retry }),
    report: (report) => {
      publishRun(report);
      target.info('sync run finished', { ...report, ...place });
    },
    batch: (report) => {
      publishBatch(report);
      target.info('sync batch finished', { ...report });
    },
    jobResult: (result) =>
      target[levelOfEnd[result.end]](`instance sync ${result.end}`, { ...result }),
    jobResults: countJobResults,
    notice: (message, fields) => target.info(message, { ...fields }),
    warning: (message, fields) => target.warn(message, { ...fields }),
    problem: (message, fields) => target.error(message, { ...fields }),
    ignored: (message, fields) => {
      target.info(message, { ...fields });
      countIgnoredChange();
    },
    notificationRefused: countRefusedNotification,
    longestWait: measureLongestWait,
    tokenHoursLeft: measureTokenLife,
  };
}
