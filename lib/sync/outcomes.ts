import type { SyncFailure } from '../errors.ts';

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

/** What became of one instance; the fields of its log line and of the HTTP `results` entry. */
export interface Outcome {
  readonly instanceId: string;
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
  /** From the first attempt's start to the outcome, pauses included. */
  readonly durationMs?: number;
}

/** The run in numbers: `accepted + failed + queued + skipped === total`, always. */
export interface Report {
  readonly runId: string;
  readonly trigger: Trigger;
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
  readonly caller?: Caller;
}

/** How the job of an accepted sync ended, as far as anybody says. */
export type End = 'completed' | 'failed' | 'unknown';

/** The end of one accepted sync; the fields of its log line. */
export interface JobEnd {
  readonly instanceId: string;
  readonly end: End;
  readonly trigger: Trigger;
  readonly runId: string;
  readonly jobId?: string;
  readonly secondsSinceAccepted: number;
  /** Who says so: DDM's job list or the audit log. */
  readonly source?: 'job' | 'trace';
  readonly errCode?: string;
  readonly externalMessage?: string;
  readonly advice?: string;
  /** Why the end is unknown. */
  readonly reason?: string;
}

export type EndCounts = Readonly<Record<End, number>>;

/** A run's name and origin. */
export type RunOrigin = Pick<Report, 'runId' | 'trigger' | 'caller'>;

/** A retry that is about to be made; a warn line. */
export interface Retry extends Pick<SyncFailure, 'errCode' | 'httpStatus' | 'externalMessage'> {
  readonly instanceId: string;
  readonly runId: string;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
}

export interface Summary {
  /** @param throttled attempts of the instance that were refused because there were too many; 0 unless told */
  add(outcome: Outcome, throttled?: number): void;
  /** Failed instances so far. */
  failed(): number;
  finish(durationMs: number): Report;
}

const maxCodes = 100; // the service decides what codes there are: the report line stays readable
const otherCodes = 'OTHER';

/** Counts outcomes as they come, so that a run of 100,000 instances keeps none of them. */
export function createSummary({ runId, trigger, caller }: RunOrigin): Summary {
  const count: Record<Status, number> = { accepted: 0, failed: 0, queued: 0, skipped: 0 };
  const errCodes = new Map<string, number>();
  let attempts = 0;
  let throttled = 0;

  return {
    add: (outcome, refused = 0) => {
      count[outcome.status] += 1;
      attempts += outcome.attempts ?? 0;
      throttled += refused;
      if (outcome.status !== 'failed') return;
      const errCode = outcome.errCode ?? otherCodes;
      const key = errCodes.has(errCode) || errCodes.size < maxCodes ? errCode : otherCodes;
      errCodes.set(key, (errCodes.get(key) ?? 0) + 1);
    },
    failed: () => count.failed,
    finish: (durationMs) => ({
      runId,
      trigger,
      total: count.accepted + count.failed + count.queued + count.skipped,
      ...count,
      attempts,
      throttled,
      durationMs: Math.round(durationMs),
      errCodes: Object.fromEntries(errCodes),
      ...(caller && { caller }),
    }),
  };
}
