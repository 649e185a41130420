import type { Clock } from '../clock.ts';
import { adviceFor } from '../huawei/error-codes.ts';
import type { End, JobResult, Log } from '../log.ts';
import type { FollowedJob } from './job.ts';

/** How a job ended. */
export interface FoundEnd {
  readonly end: 'completed' | 'failed';
  readonly source: 'job' | 'trace';
  /** If it failed: text from DDM, scrubbed of secrets. */
  readonly externalMessage?: string;
}

/** The end of the job is unknown, and it is no longer checked. */
export interface UnknownEnd {
  readonly end: 'unknown';
  readonly reason: string;
}

/** The results that one invocation finds. Logs each one, and publishes their counts when it is disposed. */
export interface JobResults extends Disposable {
  add(job: FollowedJob, end: FoundEnd | UnknownEnd): void;
}

interface ResultDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'jobResult' | 'jobResults'>;
}

export function createJobResults({ clock, log }: ResultDeps): JobResults {
  const counts: Record<End, number> = { completed: 0, failed: 0, unknown: 0 };
  return {
    add: (job, end) => {
      counts[end.end] += 1;
      log.jobResult(toResult(job, end, clock.now()));
    },
    [Symbol.dispose]: () => {
      if (counts.completed + counts.failed + counts.unknown > 0) log.jobResults(counts);
    },
  };
}

function toResult(
  { acceptedAt, round: _, ...job }: FollowedJob,
  end: FoundEnd | UnknownEnd,
  nowMs: number,
): JobResult {
  return {
    ...job,
    ...end,
    secondsSinceAccepted: Math.max(0, Math.round((nowMs - acceptedAt) / 1_000)),
    ...(end.end === 'failed' && failedFields),
  };
}

const errCode = 'JOB_FAILED';
const failedFields = { errCode, advice: adviceFor(undefined, errCode) ?? '' };
