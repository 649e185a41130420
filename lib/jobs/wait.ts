import type { App } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import { findEnds } from './find.ts';
import { handOverJobs, type Unfollowed } from './hand-over.ts';
import type { FollowedJob } from './job.ts';
import { createJobResults, type FoundEnd, type JobResults, type UnknownEnd } from './results.ts';

const firstCheckMs = 1_000;
const nextCheckMs = 2_000;

/**
 * Checks jobs until all have ended or the time is over. The rest then go to the follow queue; without one, their
 * end is unknown. Resolves with the ends. A job without one is still running, and followed.
 */
export async function waitForEnds(
  app: App,
  jobs: readonly FollowedJob[],
  waitMs: number,
  deadline: Deadline,
): Promise<ReadonlyMap<FollowedJob, FoundEnd | UnknownEnd>> {
  const { clock } = app;
  const found = new Map<FollowedJob, FoundEnd | UnknownEnd>();
  const until = clock.monotonic() + waitMs;
  const leftMs = (): number => Math.min(until - clock.monotonic(), deadline.leftMs('calls'));
  let open = jobs;
  using results = createJobResults(app);
  for (let round = 1; open.length > 0 && leftMs() > 0; round += 1) {
    await clock.sleep(Math.min(round === 1 ? firstCheckMs : nextCheckMs, leftMs()));
    const checked = new Map(open.map((job) => [{ ...job, round }, job]));
    for (const [job, end] of await findEnds(app, [...checked.keys()], deadline)) {
      results.add(job, end);
      found.set(checked.get(job) ?? job, end);
    }
    open = open.filter((job) => !found.has(job));
  }
  const { reason, refused } = await handOverOpen(app, open, results, deadline);
  for (const job of refused) found.set(job, { end: 'unknown', reason });
  return found;
}

/** Resolves with the jobs that are not followed from here on. */
async function handOverOpen(
  app: App,
  jobs: readonly FollowedJob[],
  results: JobResults,
  deadline: Deadline,
): Promise<Unfollowed> {
  const { config, followQueue } = app;
  if (followQueue && config.syncFollow) {
    return handOverJobs(app, followQueue, jobs, deadline.signal('handOver'));
  }
  const setting = followQueue ? 'SYNC_FOLLOW is off' : 'FOLLOW_QUEUE_URL is not set';
  const reason = `not ended within the wait, and not followed any further: ${setting}`;
  for (const job of jobs) results.add(job, { end: 'unknown', reason });
  return { refused: jobs, reason };
}
