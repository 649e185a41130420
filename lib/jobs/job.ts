import type { QueueEntry } from '../aws/queue.ts';
import type { Outcome } from '../log.ts';
import type { CompactJob, FollowMessage } from '../queue/message.ts';

/** An accepted sync whose end is not known yet. */
export interface FollowedJob extends Pick<Outcome, 'instanceId' | 'jobId' | 'runId' | 'trigger'> {
  /** Ms since the epoch. */
  readonly acceptedAt: number;
  /** Number of its next check, from 1. */
  readonly round: number;
}

/** Jobs of one message: one page of the job list. */
export const maxPageJobs = 128;
const maxPageBytes = 24_000; // ten messages go together, and SendMessageBatch takes 256 KB
const firstDelaySeconds = 10;
const maxDelaySeconds = 300;

export function toFollowedJob(outcome: Outcome, acceptedAt: number): FollowedJob {
  const { instanceId, jobId, runId, trigger } = outcome;
  const job = { instanceId, runId, trigger, acceptedAt: Math.round(acceptedAt), round: 1 };
  return jobId === undefined ? job : { ...job, jobId };
}

/** The same for the same sync, whatever message it came in. */
export function keyOf({ acceptedAt, instanceId, jobId, runId, trigger }: FollowedJob): string {
  return `${trigger} ${runId} ${instanceId} ${jobId ?? acceptedAt}`;
}

export interface CheckTimes {
  /** Ms since the epoch. */
  readonly nowMs: number;
  /** How long after acceptance a job is given up, in ms. */
  readonly giveUpMs: number;
}

/** Messages for the next check: jobs of the same round together, after a delay that grows with each round. */
export function toEntries(
  jobs: readonly FollowedJob[],
  times: CheckTimes,
): readonly QueueEntry<FollowMessage>[] {
  return [...Map.groupBy(jobs, ({ round }) => round)].flatMap(([round, ofRound]) =>
    cutIntoPages(ofRound).map((page) => ({
      message: { round, runs: toRuns(page) },
      delaySeconds: delayOf(page, round, times),
    })),
  );
}

export function toJobs({ round, runs }: FollowMessage): readonly FollowedJob[] {
  return runs.flatMap(({ jobs, runId, trigger }) =>
    jobs.map(([instanceId, jobId, acceptedAt]) => {
      const job = { instanceId, runId, trigger, acceptedAt, round };
      return jobId === null ? job : { ...job, jobId };
    }),
  );
}

/** Short enough that the last check is not late. */
function delayOf(
  page: readonly FollowedJob[],
  round: number,
  { giveUpMs, nowMs }: CheckTimes,
): number {
  const last = page.reduce((latest, { acceptedAt }) => Math.max(latest, acceptedAt), 0);
  const leftSeconds = Math.ceil((last + giveUpMs - nowMs) / 1_000);
  const interval = Math.min(maxDelaySeconds, firstDelaySeconds * 2 ** (round - 1));
  return Math.max(1, Math.min(interval, leftSeconds));
}

function cutIntoPages(jobs: readonly FollowedJob[]): readonly FollowedJob[][] {
  const pages: FollowedJob[][] = [];
  let page: FollowedJob[] = [];
  let bytes = 0;
  for (const job of jobs) {
    const size = sizeOf(job);
    if (page.length === 0 || page.length === maxPageJobs || bytes + size > maxPageBytes) {
      page = [];
      bytes = 0;
      pages.push(page);
    }
    page.push(job);
    bytes += size;
  }
  return pages;
}

const runBytes = 45; // {"runId":"","trigger":"schedule","jobs":[]},

/** The most bytes a job can add to a message: as if each job came from a different run. */
function sizeOf(job: FollowedJob): number {
  return Buffer.byteLength(JSON.stringify(toCompact(job))) + job.runId.length + runBytes;
}

function toCompact({ acceptedAt, instanceId, jobId }: FollowedJob): CompactJob {
  return [instanceId, jobId ?? null, acceptedAt];
}

function toRuns(page: readonly FollowedJob[]): FollowMessage['runs'] {
  return [...Map.groupBy(page, ({ runId, trigger }) => `${trigger} ${runId}`).values()].flatMap(
    (jobs) => {
      const [first] = jobs;
      return first
        ? [{ runId: first.runId, trigger: first.trigger, jobs: jobs.map(toCompact) }]
        : [];
    },
  );
}
