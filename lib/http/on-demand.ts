import type { App } from '../app.ts';
import type { Queue } from '../aws/queue.ts';
import type { Deadline } from '../deadline.ts';
import { followAccepted } from '../jobs/hand-over.ts';
import { type FollowedJob, toFollowedJob } from '../jobs/job.ts';
import { waitForEnds } from '../jobs/wait.ts';
import type { End, Outcome, Report } from '../log.ts';
import { requestFleetSync } from '../queue/hand-over.ts';
import { queueRefused } from '../queue/sender.ts';
import { type RunRequest, type RunResult, runSync } from '../sync/run.ts';

export interface OnDemandRequest extends RunRequest {
  /** How long to wait for the accepted syncs to end; absent: not at all. */
  readonly waitMs?: number | undefined;
}

/** An end, or `running` if there is none yet. */
type EndSoFar = End | 'running';

/** With the end of an accepted sync, if the caller waited for it; `reason` says why it is unknown. */
export type OnDemandOutcome = Outcome & { readonly end?: EndSoFar; readonly reason?: string };

export interface OnDemandResult extends RunResult {
  /** The instances' outcomes; empty if a worker dispatches the fleet. */
  readonly results: readonly OnDemandOutcome[];
  /** If the caller waited: how many of each. */
  readonly ends?: Readonly<Record<EndSoFar, number>>;
}

/**
 * A run whose caller waits for the answer. If the fleet is larger than SYNC_INLINE_MAX, it goes to a
 * worker, as one message, so that the answer does not wait for as many messages as there are instances.
 * @throws what runSync throws
 */
export async function syncOnDemand(
  app: App,
  request: OnDemandRequest,
  deadline: Deadline,
): Promise<OnDemandResult> {
  const { dryRun, instanceIds, waitMs } = request;
  const delegated = app.syncQueue && !instanceIds && !dryRun && (await findLarge(app, deadline));
  if (app.syncQueue && delegated) {
    const report = await delegate(app, app.syncQueue, request, { total: delegated, deadline });
    return { report, results: [], ...(waitMs && { ends: noEnds }) };
  }
  if (waitMs !== undefined) return syncAndWait(app, request, waitMs, deadline);
  const results: Outcome[] = [];
  await using followUp = followAccepted(app, deadline);
  const collect = (outcome: Outcome): void => void results.push(outcome);
  return { ...(await runSync(app, request, deadline, [collect, followUp.sink])), results };
}

const noEnds = { completed: 0, failed: 0, unknown: 0, running: 0 } as const;

/** The size of the fleet, if it is too large to be called here. */
async function findLarge(app: App, deadline: Deadline): Promise<number | undefined> {
  const total = await app.fleetSize(deadline);
  return total > app.config.syncInlineMax ? total : undefined;
}

/** A run whose jobs are checked here first; those that do not end in time go to the follow queue. */
async function syncAndWait(
  app: App,
  request: RunRequest,
  waitMs: number,
  deadline: Deadline,
): Promise<OnDemandResult> {
  const outcomes: Outcome[] = [];
  const jobs = new Map<Outcome, FollowedJob>();
  const collect = (outcome: Outcome): void => {
    outcomes.push(outcome);
    if (outcome.status === 'accepted') jobs.set(outcome, toFollowedJob(outcome, app.clock.now()));
  };
  const run = await runSync(app, request, deadline, [collect]);
  const found = await waitForEnds(app, [...jobs.values()], waitMs, deadline);
  const ends: Record<EndSoFar, number> = { ...noEnds };
  const results = outcomes.map((outcome): OnDemandOutcome => {
    const job = jobs.get(outcome);
    if (!job) return outcome;
    const end = found.get(job) ?? { end: 'running' };
    ends[end.end] += 1;
    return { ...outcome, end: end.end, ...('reason' in end && { reason: end.reason }) };
  });
  return { ...run, results, ends };
}

interface Delegation {
  /** Instances of the fleet. */
  readonly total: number;
  readonly deadline: Deadline;
}

/** Hands the fleet to a worker. All count as queued, or as failed if the queue did not take the message. */
async function delegate(
  app: App,
  queue: Queue,
  { caller, runId, trigger }: RunRequest,
  { deadline, total }: Delegation,
): Promise<Report> {
  const { clock, log } = app;
  const startedAt = clock.monotonic();
  const reason = await requestFleetSync(app, queue, { runId, trigger }, deadline);
  const isRefused = reason !== undefined;
  const report: Report = {
    runId,
    trigger,
    total,
    accepted: 0,
    failed: isRefused ? total : 0,
    queued: isRefused ? 0 : total,
    skipped: 0,
    attempts: 0,
    throttled: 0,
    durationMs: Math.round(clock.monotonic() - startedAt),
    errCodes: isRefused ? { [queueRefused(reason).errCode]: total } : {},
    ...(caller && { caller }),
  };
  if (isRefused) {
    log.problem('fleet not dispatched: the queue did not take the message', { runId, reason });
  }
  log.report(report);
  return report;
}
