import type { App } from '../app.ts';
import type { Fleet } from '../aws/instance-list.ts';
import { NotAllowedError } from '../errors.ts';
import { withConnection } from '../huawei/connection.ts';
import { createDdmClient } from '../huawei/ddm.ts';
import { followAccepted } from '../jobs/hand-over.ts';
import { createQueueHandOver, type HandOver } from '../queue/sender.ts';
import { watchExpiry } from '../token/expiry.ts';
import { type StopReason, syncFleet } from './engine.ts';
import { createLedger, type Ledger, type Outcomes } from './ledger.ts';
import type { Report, RunOrigin } from './outcomes.ts';
import { createTask } from './tasks.ts';

export interface RunRequest extends RunOrigin {
  /** Checks configuration, parameters and ids, and calls nothing. */
  readonly dryRun: boolean;
  /** Some of the configured instances; absent: all of them. */
  readonly instanceIds?: readonly string[] | undefined;
  /** ms until Lambda ends the invocation. */
  readonly remainingMs: number;
}

export interface RunResult {
  readonly report: Report;
  /** Why the run was stopped before its end. */
  readonly stoppedBy?: StopReason;
}

/**
 * One run over the configured fleet, or over some of it. What DDM accepts is handed to the follow queue.
 * @throws {ParameterError} when the list or the credentials are unusable
 * @throws {ReadError} when the list is to be discovered, and cannot be
 * @throws {NotAllowedError} when instances were asked for that are not in the list; nothing was called
 */
export async function runSync(app: App, request: RunRequest): Promise<RunResult> {
  const deadlineAt = app.clock.monotonic() + request.remainingMs;
  return followAccepted(app, deadlineAt, (followed) =>
    syncConfigured(followed, request, deadlineAt),
  );
}

async function syncConfigured(
  app: App,
  request: RunRequest,
  deadlineAt: number,
): Promise<RunResult> {
  const [configured, secret] = await Promise.all([
    app.fleet(deadlineAt - app.config.deadlineReserveMs),
    app.parameters.secret(),
  ]);
  const fleet = select(configured, request.instanceIds);
  const { instanceIds } = fleet;
  warnAbout(app, fleet, request.runId);
  watchExpiry(app, secret, request.runId);
  const ledger = openLedger(app, request, fleet);
  if (request.dryRun) for (const id of instanceIds) ledger.skipped(createTask(id));
  const handOver = app.queue && createQueueHandOver(app.queue, app.clock, request);
  const stoppedBy = request.dryRun
    ? undefined
    : await callFleet(app, { instanceIds, ledger, deadlineAt, handOver });
  return { report: ledger.finish(), ...(stoppedBy && { stoppedBy }) };
}

/** A ledger for a fleet, in which the entries that are no instance ids have failed already. */
export function openLedger(
  { clock, config, log }: App,
  { caller, runId, trigger }: RunOrigin,
  { instanceIds, malformed, notRunning }: Fleet,
): Ledger {
  const total = instanceIds.length + malformed.length + notRunning.length;
  const origin = { runId, trigger, ...(caller && { caller }) };
  const ledger = createLedger({ clock, log, settings: config }, { ...origin, total });
  for (const entry of malformed) {
    ledger.failed(createTask(entry), { errCode: 'INVALID_INSTANCE_ID', retryClass: 'permanent' });
  }
  for (const { instanceId, state } of notRunning) {
    ledger.skipped(createTask(instanceId), `the instance is in state ${state}`);
  }
  return ledger;
}

interface Calls {
  /** Well-formed and unique. */
  readonly instanceIds: readonly string[];
  readonly ledger: Outcomes;
  /** Monotonic ms at which Lambda ends the invocation. */
  readonly deadlineAt: number;
  readonly handOver: HandOver | undefined;
  /** So many are called here at most. @default SYNC_INLINE_MAX */
  readonly inlineMax?: number;
}

/** Calls DDM for instances with the engine, over connections that end with the invocation. */
export function callFleet(
  app: App,
  { inlineMax = app.config.syncInlineMax, handOver, ...run }: Calls,
): Promise<StopReason | undefined> {
  return withConnection(app, ({ auth, http }) => {
    const { clock, config, limiter, random } = app;
    const ddm = createDdmClient({ http, auth, clock, config });
    const deps = { auth, clock, ddm, handOver, limiter, random, settings: config };
    return syncFleet(deps, { ...run, inlineMax });
  });
}

function select(configured: Fleet, wanted: readonly string[] | undefined): Fleet {
  if (wanted === undefined) return configured;
  const asked = new Set(wanted);
  const notRunning = configured.notRunning.filter(({ instanceId }) => asked.has(instanceId));
  for (const { instanceId } of notRunning) asked.delete(instanceId);
  const allowed = new Set(configured.instanceIds);
  const foreign = [...asked].filter((instanceId) => !allowed.has(instanceId));
  if (foreign.length > 0) throw new NotAllowedError(foreign);
  return { instanceIds: [...asked], malformed: [], duplicates: 0, notRunning };
}

function warnAbout(
  { config, log }: App,
  { duplicates, instanceIds, malformed, notRunning }: Fleet,
  runId: string,
): void {
  const parameterName = `${config.parameterPrefix}/instances`;
  if (duplicates > 0)
    log.warning('duplicate instance ids ignored', { parameterName, duplicates, runId });
  if (instanceIds.length + malformed.length + notRunning.length === 0) {
    log.warning('no instances to sync: the list is empty', { parameterName, runId });
  }
}
