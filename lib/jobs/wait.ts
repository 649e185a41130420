import type { App } from '../app.ts';
import type { End } from '../sync/outcomes.ts';
import { findEndings } from './find.ts';
import { handOverJobs } from './hand-over.ts';
import type { FollowedJob } from './job.ts';
import { createEnds } from './results.ts';

export interface Wait {
  readonly waitMs: number;
  /** Monotonic ms at which the invocation must have ended. */
  readonly deadlineAt: number;
}

const firstLookMs = 1_000;
const nextLookMs = 2_000;
const lastAnswerMs = 1_000; // so long after the wait the last look may take
const handOverShare = 0.6; // of the reserve: for what goes to the follow queue, and for the answer

/**
 * Looks at jobs again and again until all ended or the time is over; then the others go to the follow queue,
 * where there is one. Resolves with the ends; who has none is running.
 */
export async function awaitEnds(
  app: App,
  jobs: readonly FollowedJob[],
  { deadlineAt, waitMs }: Wait,
): Promise<ReadonlyMap<FollowedJob, End>> {
  const { clock, config } = app;
  const found = new Map<FollowedJob, End>();
  const ends = createEnds(app);
  const handOverAt = deadlineAt - config.deadlineReserveMs * handOverShare;
  const lastLookAt = Math.min(clock.monotonic() + waitMs, handOverAt - lastAnswerMs);
  let open = jobs;
  for (let round = 1; open.length > 0 && clock.monotonic() < lastLookAt; round += 1) {
    const pauseMs = round === 1 ? firstLookMs : nextLookMs;
    await clock.sleep(Math.min(pauseMs, lastLookAt - clock.monotonic()));
    const asked = new Map(open.map((job) => [{ ...job, round }, job]));
    const endings = await findEndings(app, [...asked.keys()], lastLookAt + lastAnswerMs);
    for (const [job, ending] of endings) {
      ends.write(job, ending);
      found.set(asked.get(job) ?? job, ending.end);
    }
    open = open.filter((job) => !found.has(job));
  }
  ends.finish();
  for (const job of await handOverOpen(app, open, deadlineAt)) found.set(job, 'unknown');
  return found;
}

/** Resolves with those that nobody follows any more, though they should be. */
async function handOverOpen(
  app: App,
  jobs: readonly FollowedJob[],
  deadlineAt: number,
): Promise<readonly FollowedJob[]> {
  const { config, followQueue } = app;
  if (!followQueue || !config.syncFollow || jobs.length === 0) return [];
  return handOverJobs(app, followQueue, jobs, deadlineAt);
}
