import type { App } from '../app.ts';
import type { Fleet } from '../aws/instance-list.ts';
import type { Deadline } from '../deadline.ts';
import { NotAllowedError } from '../errors.ts';
import { type Connection, openConnection } from '../huawei/connection.ts';
import { createDdmClient } from '../huawei/ddm.ts';
import type { Report, RunOrigin } from '../log.ts';
import { createQueueHandOver } from '../queue/hand-over.ts';
import { warnOfExpiry } from '../token/expiry.ts';
import { syncFleet } from './engine.ts';
import { createRecorder, type OutcomeSink, type Outcomes, type Recorder } from './outcomes.ts';
import type { StopReason, SyncBatch } from './run-state.ts';
import { createTask } from './tasks.ts';
import type { HandOver } from './unfinished.ts';

export interface RunRequest extends RunOrigin {
  /** Checks configuration, parameters and ids, and calls nothing. */
  readonly dryRun: boolean;
  /** Some of the configured instances; absent: all of them. */
  readonly instanceIds?: readonly string[] | undefined;
}

export interface RunResult {
  readonly report: Report;
  /** Why the run was stopped before its end. */
  readonly stoppedBy?: StopReason | undefined;
}

/**
 * One run over the configured fleet, or over some of it.
 * @param sinks receive every outcome, besides the log
 * @throws {ParameterError} when the list or the credentials are unusable
 * @throws {ReadError} if discovery is on and fails
 * @throws {NotAllowedError} when instances were asked for that are not in the list; nothing was called
 */
export async function runSync(
  app: App,
  request: RunRequest,
  deadline: Deadline,
  sinks: readonly OutcomeSink[],
): Promise<RunResult> {
  const configured = await app.fleet(deadline);
  using connection = await openConnection(app, deadline);
  const fleet = select(configured, request.instanceIds);
  warnOfList(app, fleet, request.runId);
  await warnOfExpiry(app, request.runId, deadline);
  const recorder = openRecorder(app, request, fleet, sinks);
  let stoppedBy: StopReason | undefined;
  if (request.dryRun) {
    for (const instanceId of fleet.instanceIds) recorder.skipped(createTask(instanceId));
  } else {
    const handOver =
      app.syncQueue &&
      createQueueHandOver(app, app.syncQueue, request, {
        fleet: fleet.instanceIds.length,
        deadline,
      });
    stoppedBy = await callInstances(app, connection, {
      instanceIds: fleet.instanceIds,
      outcomes: recorder,
      inlineMax: app.config.syncInlineMax,
      handOver,
      deadline,
    });
  }
  const report = recorder.report();
  app.log.report(report);
  return { report, stoppedBy };
}

/** A recorder for a fleet, in which the entries that are not instance ids have failed already. */
export function openRecorder(
  { clock, config, log }: App,
  { caller, runId, trigger }: RunOrigin,
  { instanceIds, malformed, names, notRunning }: Fleet,
  sinks: readonly OutcomeSink[] = [],
): Recorder {
  const total = instanceIds.length + malformed.length + notRunning.length;
  const run = { runId, trigger, ...(caller && { caller }), total, names };
  const recorder = createRecorder({ clock, log, maxErrors: config.syncMaxErrors }, run, sinks);
  for (const entry of malformed) {
    recorder.failed(createTask(entry), { errCode: 'INVALID_INSTANCE_ID', retryClass: 'permanent' });
  }
  for (const { instanceId, state } of notRunning) {
    recorder.skipped(createTask(instanceId), `the instance is in state ${state}`);
  }
  return recorder;
}

interface Calls {
  /** Well-formed and unique. */
  readonly instanceIds: readonly string[];
  readonly outcomes: Outcomes;
  /** How many are called here at most. */
  readonly inlineMax: number;
  readonly batch?: SyncBatch;
  readonly handOver: HandOver | undefined;
  readonly deadline: Deadline;
}

/** Calls DDM for instances with the engine. */
export function callInstances(
  { clock, config, pace, random }: App,
  { auth, http }: Connection,
  { handOver, ...run }: Calls,
): Promise<StopReason | undefined> {
  const ddm = createDdmClient({ http, auth, clock, config });
  return syncFleet({ auth, clock, config, ddm, handOver, pace, random }, run);
}

function select(configured: Fleet, wanted: readonly string[] | undefined): Fleet {
  if (wanted === undefined) return configured;
  const instanceIds = new Set(wanted);
  const notRunning = configured.notRunning.filter(({ instanceId }) => instanceIds.has(instanceId));
  for (const { instanceId } of notRunning) instanceIds.delete(instanceId);
  const allowed = new Set(configured.instanceIds);
  const unknown = [...instanceIds].filter((instanceId) => !allowed.has(instanceId));
  if (unknown.length > 0) throw new NotAllowedError(unknown);
  const { names } = configured;
  return { instanceIds: [...instanceIds], malformed: [], duplicates: 0, notRunning, names };
}

function warnOfList(
  { config, log }: App,
  { duplicates, instanceIds, malformed, notRunning }: Fleet,
  runId: string,
): void {
  const parameterName = `${config.parameterPrefix}/instances`;
  if (duplicates > 0) {
    log.warning('duplicate instance ids ignored', { parameterName, duplicates, runId });
  }
  if (instanceIds.length + malformed.length + notRunning.length === 0) {
    log.warning('no instances to sync: the list is empty', { parameterName, runId });
  }
}
