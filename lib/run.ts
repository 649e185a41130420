import type { App } from './app.ts';
import type { Fleet } from './aws/fleet.ts';
import { createTask } from './backlog.ts';
import { createTokenAuth } from './cloud/auth.ts';
import { createDdmClient } from './cloud/ddm.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Report, Trigger } from './report.ts';
import { type StopReason, syncFleet } from './sync.ts';

export interface RunRequest {
  readonly runId: string;
  readonly trigger: Trigger;
  /** Checks configuration, parameters and ids, and calls nothing. */
  readonly dryRun: boolean;
  /** ms until Lambda ends the invocation. */
  readonly remainingMs: number;
}

export interface RunResult {
  readonly report: Report;
  /** Why the run was stopped before its end. */
  readonly stoppedBy?: StopReason;
}

/** One run over the configured fleet. @throws {ParameterError} when the list or token is unusable */
export const runSync = async (app: App, request: RunRequest): Promise<RunResult> => {
  const deadlineAt = app.clock.monotonic() + request.remainingMs;
  const [fleet] = await Promise.all([app.parameters.fleet(), app.parameters.token()]);
  const { instanceIds, malformed } = fleet;
  warnAbout(app, fleet, request.runId);
  const total = instanceIds.length + malformed.length;
  const deps = { clock: app.clock, log: app.log, settings: app.config };
  const ledger = createLedger(deps, { ...request, total });
  for (const entry of malformed) {
    ledger.failed(createTask(entry), { errCode: 'INVALID_INSTANCE_ID', retryClass: 'permanent' });
  }
  if (request.dryRun) for (const id of instanceIds) ledger.skipped(createTask(id));
  const stoppedBy = request.dryRun
    ? undefined
    : await sync(app, request, fleet, ledger, deadlineAt);
  return { report: ledger.finish(), ...(stoppedBy && { stoppedBy }) };
};

const sync = async (
  { clock, config, connect, parameters, queue, random }: App,
  { runId, trigger }: RunRequest,
  { instanceIds }: Fleet,
  ledger: Ledger,
  deadlineAt: number,
): Promise<StopReason | undefined> => {
  const http = connect();
  try {
    const auth = await createTokenAuth(parameters);
    const ddm = createDdmClient({ http, auth, clock, config });
    const deps = { auth, clock, ddm, queue, random, settings: config };
    return await syncFleet(deps, { runId, trigger, instanceIds, deadlineAt, ledger });
  } finally {
    http.close();
  }
};

const warnAbout = (
  { config, log }: App,
  { duplicates, instanceIds, malformed }: Fleet,
  runId: string,
): void => {
  const parameterName = `${config.parameterPrefix}/instances`;
  if (duplicates > 0)
    log.warning('duplicate instance ids ignored', { parameterName, duplicates, runId });
  if (instanceIds.length + malformed.length === 0) {
    log.warning('no instances to sync: the list is empty', { parameterName, runId });
  }
};
