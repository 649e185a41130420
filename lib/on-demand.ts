import type { App } from './app.ts';
import { queueRefused } from './dispatch.ts';
import type { SyncFailure } from './errors.ts';
import type { Outcome, Report } from './report.ts';
import { type RunRequest, type RunResult, runSync } from './run.ts';

export interface OnDemandResult extends RunResult {
  /** The instances' outcomes; empty where a worker dispatches the fleet. */
  readonly results: readonly Outcome[];
}

/**
 * A run that somebody waits for. A whole fleet larger than SYNC_INLINE_MAX is left to a worker, by one
 * message, so that the answer does not wait for as many messages as there are instances.
 * @throws what runSync throws
 */
export const syncOnDemand = async (app: App, request: RunRequest): Promise<OnDemandResult> => {
  const { config, log, queue } = app;
  if (queue && request.instanceIds === undefined && !request.dryRun) {
    const deadlineAt = app.clock.monotonic() + request.remainingMs;
    const { instanceIds, malformed, notRunning } = await app.fleet(deadlineAt);
    const total = instanceIds.length + malformed.length + notRunning.length;
    if (total > config.syncInlineMax) {
      return { report: await delegate(app, queue, request, total), results: [] };
    }
  }
  const results: Outcome[] = [];
  const recording: App = {
    ...app,
    log: {
      ...log,
      outcome: (outcome) => {
        results.push(outcome);
        log.outcome(outcome);
      },
    },
  };
  return { ...(await runSync(recording, request)), results };
};

/** Has a worker dispatch the fleet; everything counts as queued, or as failed where that failed. */
const delegate = async (
  { clock, log }: App,
  queue: NonNullable<App['queue']>,
  { caller, remainingMs, runId, trigger }: RunRequest,
  total: number,
): Promise<Report> => {
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
};
