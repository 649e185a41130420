import type { App } from '../app.ts';
import { adviceFor } from '../huawei/error-codes.ts';
import type { End, JobEnd } from '../sync/outcomes.ts';
import type { FollowedJob } from './job.ts';

/** What somebody says of a job that ended. */
export interface Ending {
  readonly end: 'completed' | 'failed';
  readonly source: 'job' | 'trace';
  /** Of a failed one: foreign text, scrubbed. */
  readonly externalMessage?: string;
}

/** Nobody says how it ended, and nobody asks any more. */
interface Unknown {
  readonly end: 'unknown';
  readonly reason: string;
}

export interface Ends {
  /** Writes the one line of a job's end. */
  write(job: FollowedJob, ending: Ending | Unknown): void;
  /** Writes the metrics of all of them. */
  finish(): void;
}

/** The ends that one invocation learns of. */
export function createEnds({ clock, log }: Pick<App, 'clock' | 'log'>): Ends {
  const counts: Record<End, number> = { completed: 0, failed: 0, unknown: 0 };
  return {
    write: (job, ending) => {
      counts[ending.end] += 1;
      log.ended(toJobEnd(job, ending, clock.now()));
    },
    finish: () => {
      if (counts.completed + counts.failed + counts.unknown > 0) log.ends(counts);
    },
  };
}

function toJobEnd(
  { acceptedAt, round: _, ...job }: FollowedJob,
  ending: Ending | Unknown,
  nowMs: number,
): JobEnd {
  return {
    ...job,
    ...ending,
    secondsSinceAccepted: Math.max(0, Math.round((nowMs - acceptedAt) / 1_000)),
    ...(ending.end === 'failed' && failedFields),
  };
}

const errCode = 'JOB_FAILED';
const failedFields = { errCode, advice: adviceFor(undefined, errCode) ?? '' };
