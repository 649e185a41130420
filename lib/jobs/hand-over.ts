import type { App } from '../app.ts';
import type { Queue } from '../aws/queue.ts';
import type { Deadline } from '../deadline.ts';
import { send } from '../queue/sender.ts';
import type { OutcomeSink } from '../sync/outcomes.ts';
import { type FollowedJob, keyOf, maxPageJobs, toEntries, toFollowedJob, toJobs } from './job.ts';
import { createJobResults } from './results.ts';

export interface FollowUp extends AsyncDisposable {
  /** Takes the accepted outcomes of a run. */
  readonly sink: OutcomeSink;
}

/**
 * Hands every accepted sync to the follow queue: page by page while the run goes on, so that a long run keeps
 * none of them, and the last page when it is disposed. A job that the queue does not take gets its end line
 * at once. Does nothing without a follow queue, or with SYNC_FOLLOW=off.
 */
export function followAccepted(app: App, deadline: Deadline): FollowUp {
  const { clock, config, followQueue } = app;
  if (!followQueue || !config.syncFollow) {
    return { sink: () => {}, [Symbol.asyncDispose]: async () => {} };
  }
  const page: FollowedJob[] = [];
  const handedOver: Promise<unknown>[] = [];
  const patience = new AbortController();
  const signal = AbortSignal.any([deadline.signal('handOver'), patience.signal]);
  const handOver = (): void => {
    if (page.length > 0) handedOver.push(handOverJobs(app, followQueue, page.splice(0), signal));
  };
  return {
    sink: (outcome) => {
      if (outcome.status !== 'accepted') return;
      page.push(toFollowedJob(outcome, clock.now()));
      if (page.length === maxPageJobs) handOver();
    },
    [Symbol.asyncDispose]: async () => {
      handOver();
      const done = new AbortController();
      // A short run does not wait for a queue that hangs until Lambda's deadline.
      void clock.sleep(config.deadlineReserveMs, done.signal).then(() => patience.abort());
      await Promise.all(handedOver);
      done.abort();
    },
  };
}

/** Jobs that are no longer followed, and why. */
export interface Unfollowed {
  readonly refused: readonly FollowedJob[];
  readonly reason: string;
}

/** Hands jobs to the follow queue. Those that it does not take end here; resolves with them. */
export async function handOverJobs(
  app: App,
  queue: Queue,
  jobs: readonly FollowedJob[],
  signal: AbortSignal,
): Promise<Unfollowed> {
  const unfollowed = await sendJobs(app, queue, jobs, signal);
  const { reason, refused } = unfollowed;
  if (refused.length === 0) return unfollowed;
  app.log.warning('sync jobs not followed: the queue did not take them', {
    jobs: refused.length,
    reason,
  });
  using results = createJobResults(app);
  for (const job of refused) results.add(job, { end: 'unknown', reason });
  return unfollowed;
}

/** Sends jobs to the follow queue for their next check. It never rejects and never outlasts its signal. */
export async function sendJobs(
  app: App,
  queue: Queue,
  jobs: readonly FollowedJob[],
  signal: AbortSignal,
): Promise<Unfollowed> {
  const giveUpMs = app.config.syncFollowMinutes * 60_000;
  const entries = toEntries(jobs, { nowMs: app.clock.now(), giveUpMs });
  const { reason, refused } = await send(app, queue, entries, signal);
  const keys = new Set(refused.flatMap((message) => toJobs(message).map(keyOf)));
  return { refused: jobs.filter((job) => keys.has(keyOf(job))), reason };
}
