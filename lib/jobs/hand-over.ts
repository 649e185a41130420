import type { App } from '../app.ts';
import type { Queue } from '../aws/queue.ts';
import { sendInTime } from '../queue/sender.ts';
import type { Outcome } from '../sync/outcomes.ts';
import { type FollowedJob, keyOf, maxPageJobs, toEntries, toFollowedJob, toJobs } from './job.ts';
import { createEnds } from './results.ts';

const reportShare = 0.04; // of the reserve: what is left then is for the lines of what was not taken

/**
 * Does something that syncs instances, and hands every accepted one to the follow queue: page by page while
 * it goes on, so that a long run keeps none of them, and the last page at its end. What the queue does not
 * take has its end line at once. Neither the time reserve nor `deadlineAt` (monotonic ms) is exceeded.
 */
export async function followAccepted<Result>(
  app: App,
  deadlineAt: number,
  work: (app: App) => Promise<Result>,
): Promise<Result> {
  const { clock, config, followQueue, log } = app;
  if (!followQueue || !config.syncFollow) return work(app);
  const page: FollowedJob[] = [];
  const handedOver: Promise<unknown>[] = [];
  const handOver = (): void => {
    if (page.length === 0) return;
    handedOver.push(handOverJobs(app, followQueue, page.splice(0), deadlineAt));
  };
  const outcome = (given: Outcome): void => {
    log.outcome(given);
    if (given.status !== 'accepted') return;
    page.push(toFollowedJob(given, clock.now()));
    if (page.length === maxPageJobs) handOver();
  };
  try {
    return await work({ ...app, log: { ...log, outcome } });
  } finally {
    handOver();
    await Promise.all(handedOver);
  }
}

/** Hands jobs to the follow queue. Those that it does not take end here; resolves with them. */
export async function handOverJobs(
  app: App,
  queue: Queue,
  jobs: readonly FollowedJob[],
  deadlineAt: number,
): Promise<readonly FollowedJob[]> {
  const { clock, config, log } = app;
  const lastAt = deadlineAt - config.deadlineReserveMs * reportShare;
  const sendBy = Math.min(lastAt, clock.monotonic() + config.deadlineReserveMs);
  const { reason, refused } = await sendJobs(app, queue, jobs, sendBy);
  if (refused.length === 0) return [];
  log.warning('sync jobs not followed: the queue did not take them', {
    jobs: refused.length,
    reason,
  });
  const ends = createEnds(app);
  for (const job of refused) ends.write(job, { end: 'unknown', reason });
  ends.finish();
  return refused;
}

interface Sent {
  readonly refused: readonly FollowedJob[];
  readonly reason: string;
}

/** Sends jobs to the follow queue for their next look; never rejects and never outlasts `sendBy`. */
export async function sendJobs(
  { clock, config }: App,
  queue: Queue,
  jobs: readonly FollowedJob[],
  sendBy: number,
): Promise<Sent> {
  const giveUpMs = config.syncFollowMinutes * 60_000;
  const entries = toEntries(jobs, { nowMs: clock.now(), giveUpMs });
  if (entries.length === 0) return { refused: [], reason: '' };
  const { reason = 'unknown', refused } = await sendInTime(queue, clock, entries, sendBy);
  const keys = new Set(refused.flatMap(({ message }) => toJobs(message).map(keyOf)));
  return { refused: jobs.filter((job) => keys.has(keyOf(job))), reason };
}
