import type { App } from '../app.ts';
import type { SyncFailure } from '../errors.ts';
import { type FollowedJob, toFollowedJob } from '../jobs/job.ts';
import { awaitEnds } from '../jobs/wait.ts';
import { queueRefused } from '../queue/sender.ts';
import type { End, Outcome, Report } from '../sync/outcomes.ts';
import { type RunRequest, type RunResult, runSync } from '../sync/run.ts';

export interface OnDemandRequest extends RunRequest {
  /** How long to wait for the end of what was accepted; absent: not at all. */
  readonly waitMs?: number | undefined;
}

/** An end, or that there is none yet. */
type EndSoFar = End | 'running';

/** With the end of an accepted one, where it was waited for. */
export type OnDemandOutcome = Outcome & { readonly end?: EndSoFar };

export interface OnDemandResult extends RunResult {
  /** The instances' outcomes; empty where a worker dispatches the fleet. */
  readonly results: readonly OnDemandOutcome[];
  /** Where ends were waited for: how many of each. */
  readonly ends?: Readonly<Record<EndSoFar, number>>;
}

/**
 * A run that somebody waits for. A whole fleet larger than SYNC_INLINE_MAX is left to a worker, by one
 * message, so that the answer does not wait for as many messages as there are instances.
 * @throws what runSync throws
 */
export async function syncOnDemand(app: App, request: OnDemandRequest): Promise<OnDemandResult> {
  const { config, queue } = app;
  if (queue && request.instanceIds === undefined && !request.dryRun) {
    const deadlineAt = app.clock.monotonic() + request.remainingMs;
    const { instanceIds, malformed, notRunning } = await app.fleet(deadlineAt);
    const total = instanceIds.length + malformed.length + notRunning.length;
    if (total > config.syncInlineMax) {
      const report = await delegate(app, queue, request, total);
      return { report, results: [], ...(request.waitMs && { ends: noEnds }) };
    }
  }
  return request.waitMs === undefined
    ? recordRun(app, request, () => {})
    : syncAndWait(app, { ...request, waitMs: request.waitMs });
}

const noEnds = { completed: 0, failed: 0, unknown: 0, running: 0 } as const;

async function recordRun(
  app: App,
  request: RunRequest,
  onOutcome: (outcome: Outcome) => void,
): Promise<RunResult & { readonly results: readonly Outcome[] }> {
  const { log } = app;
  const results: Outcome[] = [];
  const outcome = (given: Outcome): void => {
    results.push(given);
    onOutcome(given);
    log.outcome(given);
  };
  return { ...(await runSync({ ...app, log: { ...log, outcome } }, request)), results };
}

/** A run whose jobs are followed here first; what did not end in time goes to the follow queue. */
async function syncAndWait(
  app: App,
  { waitMs, ...request }: RunRequest & { readonly waitMs: number },
): Promise<OnDemandResult> {
  const deadlineAt = app.clock.monotonic() + request.remainingMs;
  const jobs = new Map<Outcome, FollowedJob>();
  const run = await recordRun({ ...app, followQueue: undefined }, request, (outcome) => {
    if (outcome.status !== 'accepted') return;
    jobs.set(outcome, toFollowedJob(outcome, app.clock.now()));
  });
  const found = await awaitEnds(app, [...jobs.values()], { waitMs, deadlineAt });
  const ends: Record<EndSoFar, number> = { ...noEnds };
  const results = run.results.map((outcome): OnDemandOutcome => {
    const job = jobs.get(outcome);
    if (!job) return outcome;
    const end = found.get(job) ?? 'running';
    ends[end] += 1;
    return { ...outcome, end };
  });
  return { ...run, results, ends };
}

/** Has a worker dispatch the fleet; everything counts as queued, or as failed where that failed. */
async function delegate(
  { clock, log }: App,
  queue: NonNullable<App['queue']>,
  { caller, remainingMs, runId, trigger }: RunRequest,
  total: number,
): Promise<Report> {
  const startedAt = clock.monotonic();
  const entry = { message: { fleet: true, trigger, runId }, delaySeconds: 0 } as const;
  const failure = await queue.send([entry], startedAt + remainingMs).then(
    ({ reason, refused }) => (refused.length > 0 ? queueRefused(reason) : undefined),
    (error: unknown): SyncFailure => queueRefused(error instanceof Error ? error.name : undefined),
  );
  const report: Report = {
    runId,
    trigger,
    total,
    accepted: 0,
    failed: failure ? total : 0,
    queued: failure ? 0 : total,
    skipped: 0,
    attempts: 0,
    throttled: 0,
    durationMs: Math.round(clock.monotonic() - startedAt),
    errCodes: failure ? { [failure.errCode]: total } : {},
    ...(caller && { caller }),
  };
  if (failure)
    log.problem('fleet not dispatched: the queue did not take the message', {
      runId,
      reason: failure.externalMessage ?? 'unknown',
    });
  log.report(report);
  return report;
}
