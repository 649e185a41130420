import type { App } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import type { End } from '../log.ts';
import { findEnds } from './find.ts';
import { handOverJobs } from './hand-over.ts';
import type { FollowedJob } from './job.ts';
import { createJobResults } from './results.ts';

const firstCheckMs = 1_000;
const nextCheckMs = 2_000;

/**
 * Checks jobs until all have ended or the time is over. The rest then go to the follow queue, if there is
 * one. Resolves with the ends. A job without one is still running.
 */
export async function waitForEnds(
  app: App,
  jobs: readonly FollowedJob[],
  waitMs: number,
  deadline: Deadline,
): Promise<ReadonlyMap<FollowedJob, End>> {
  const { clock } = app;
  const found = new Map<FollowedJob, End>();
  const until = clock.monotonic() + waitMs;
  const leftMs = (): number => Math.min(until - clock.monotonic(), deadline.leftMs('calls'));
  let open = jobs;
  using results = createJobResults(app);
  for (let round = 1; open.length > 0 && leftMs() > 0; round += 1) {
    await clock.sleep(Math.min(round === 1 ? firstCheckMs : nextCheckMs, leftMs()));
    const checked = new Map(open.map((job) => [{ ...job, round }, job]));
    for (const [job, end] of await findEnds(app, [...checked.keys()], deadline)) {
      results.add(job, end);
      found.set(checked.get(job) ?? job, end.end);
    }
    open = open.filter((job) => !found.has(job));
  }
  for (const job of await handOverOpen(app, open, deadline)) found.set(job, 'unknown');
  return found;
}

/** Resolves with the jobs that should have been followed but could not be handed over. */
async function handOverOpen(
  app: App,
  jobs: readonly FollowedJob[],
  deadline: Deadline,
): Promise<readonly FollowedJob[]> {
  const { config, followQueue } = app;
  if (!followQueue || !config.syncFollow || jobs.length === 0) return [];
  return handOverJobs(app, followQueue, jobs, deadline.signal('handOver'));
}
