import type { App } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import { addRequest, type ChangeRequest, type MutableSyncRequests } from '../queue/requests.ts';
import { idOf } from './change.ts';
import type { Owners } from './data-node-owners.ts';
import { isOutage, listOwners, maxUnlistable, type Pass } from './list-owners.ts';
import { createWaiting, type Waiting } from './waiting.ts';

/** Changes that could not be resolved to instances yet. */
export interface Unresolved {
  /** An instance's schemas could not be listed, or it does not run. */
  readonly failed: readonly ChangeRequest[];
  /** There was no time to list the schemas of all instances, or an outage or a state lasts. */
  readonly late: readonly ChangeRequest[];
}

/**
 * Turns the changes of a batch into requests for instances of the fleet: first those whose instances are known,
 * then the others, which share one pass over the instances that may have their data nodes. Instances that are
 * known are synced even if others could not be listed; the change is kept for those. Never rejects.
 */
export async function resolveChanges(
  app: App,
  requests: MutableSyncRequests,
  changes: readonly ChangeRequest[],
  deadline: Deadline,
): Promise<Unresolved> {
  if (changes.length === 0) return { failed: [], late: [] };
  let open = changes;
  let waiting = createWaiting(app, []);
  try {
    const fleet = await app.fleet(deadline);
    waiting = createWaiting(app, fleet.notRunning);
    const instanceIds = [...fleet.instanceIds, ...waiting.instanceIds];
    const batch = createBatch(app, requests, fleet.instanceIds, waiting);
    open = changes.filter((request) => !batch.settle(request));
    if (open.length > 0) {
      await share(app, () => app.dataNodeOwners.load(deadline.signal('resolve')));
      open = open.filter((request) => !batch.settle(request));
    }
    const openIds = () => open.flatMap(batch.openOf);
    const pass = mayList(app, changes, new Set(openIds()))
      ? await listOwners(app, instanceIds, openIds, deadline)
      : noPass;
    if (pass.tried.size > 0) {
      await share(app, () => app.dataNodeOwners.save(instanceIds, deadline.signal('calls')));
    }
    open = open.filter(
      (request) => !batch.settle(request) && !batch.settleUnlistable(request, pass),
    );
    for (const request of open) tell(app, request, batch.openOf(request), pass);
    const isLate = (request: ChangeRequest): boolean =>
      batch.openOf(request).some((id) => !pass.tried.has(id)) ||
      (pass.isOutage && isLastTry(app, request));
    return {
      failed: [...open.filter((request) => !isLate(request)), ...waiting.returned],
      late: [...open.filter(isLate).map(batch.rest), ...batch.apart, ...waiting.sentAgain],
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    app.log.problem('instance changes not resolved', { messages: open.length, reason });
    const isLate = (request: ChangeRequest): boolean => isOutage(error) && isLastTry(app, request);
    return {
      failed: [...open.filter((request) => !isLate(request)), ...waiting.returned],
      late: [...open.filter(isLate).map((request) => dated(app, request)), ...waiting.sentAgain],
    };
  }
}

/** Without it, this environment has only what it lists itself. */
async function share({ log }: App, call: () => Promise<void>): Promise<void> {
  await call().catch((error: unknown) => {
    const reason = error instanceof Error ? error.name : 'unknown error';
    log.warning('data nodes not shared with the other workers', { reason });
  });
}

const noPass: Pass = { tried: new Set(), problem: '', isOutage: false };
const quickSeconds = 10;

/**
 * A long pass is for the messages that were sent for it, and for a batch that has no others: whatever waits with them
 * would wait for the pass.
 */
function mayList(
  { config }: App,
  changes: readonly ChangeRequest[],
  openIds: ReadonlySet<string>,
): boolean {
  if (openIds.size <= quickSeconds * config.syncRatePerSecond) return true;
  return changes.every(({ change }) => 'search' in change && change.search);
}

const maxKeptMs = 24 * 3_600_000;

/** Whether another delivery may be one too many: an outage must not take a change to the dead-letter queue, for a day. */
function isLastTry({ clock }: App, { change, record }: ChangeRequest): boolean {
  const { changedAt = clock.now() } = change;
  return record.receiveCount >= maxDeliveries && clock.now() - changedAt < maxKeptMs;
}

function dated({ clock }: App, request: ChangeRequest): ChangeRequest {
  const { change } = request;
  return { ...request, change: { ...change, changedAt: change.changedAt ?? clock.now() } };
}

const maxDeliveries = 3; // of the five that SQS makes

interface Batch {
  /** Requests the instances that are known. Resolves with whether there cannot be others. */
  settle(request: ChangeRequest): boolean;
  /** Settles a change of which only a few instances are open that could not be listed, often enough. */
  settleUnlistable(request: ChangeRequest, pass: Pass): boolean;
  /** Those instances, to be synced with messages of their own: if they fail again, nothing else comes back. */
  readonly apart: readonly ChangeRequest[];
  /** The instances that may have the data node. */
  openOf(request: ChangeRequest): readonly string[];
  /** The change for the instances that are still open. */
  rest(request: ChangeRequest): ChangeRequest;
}

function createBatch(
  { clock, dataNodeOwners, log }: App,
  requests: MutableSyncRequests,
  running: readonly string[],
  waiting: Waiting,
): Batch {
  const instanceIds = [...running, ...waiting.instanceIds];
  const fleet = new Set(instanceIds);
  const doesRun = new Set(running);
  const requested = new Set<string>();
  const apart: ChangeRequest[] = [];

  const ownersOf = ({ change }: ChangeRequest): Owners => {
    if ('dataNodeId' in change) return dataNodeOwners.find(change, instanceIds);
    return { known: fleet.has(change.instanceId) ? [change.instanceId] : [], open: [] };
  };
  const exceptOf = ({ change }: ChangeRequest): readonly string[] =>
    ('dataNodeId' in change && change.except) || [];
  const openOf = (request: ChangeRequest): readonly string[] => {
    const except = exceptOf(request);
    return ownersOf(request).open.filter((instanceId) => !except.includes(instanceId));
  };
  const requestSync = (request: ChangeRequest, instanceId: string): void => {
    const { origin, record } = request;
    const key = `${record.messageId} ${instanceId}`;
    if (requested.has(key)) return;
    requested.add(key);
    const { changedAt = clock.now() } = request.change;
    if (doesRun.has(instanceId)) {
      addRequest(requests, instanceId, { ...origin, askedAt: changedAt }, record);
    } else waiting.add(request, instanceId);
  };

  return {
    apart,
    openOf,
    settle: (request) => {
      const except = exceptOf(request);
      const { known } = ownersOf(request);
      for (const id of known) if (!except.includes(id)) requestSync(request, id);
      if (openOf(request).length > 0) return false;
      if (known.length === 0 && except.length === 0) {
        const fields = { ...nameOf(request), runId: request.origin.runId };
        log.ignored('instance change ignored: not of this fleet', fields);
      }
      return true;
    },
    settleUnlistable: (request, { tried }) => {
      const isLast = request.record.receiveCount >= maxDeliveries;
      const open = openOf(request);
      if (open.length > maxUnlistable(instanceIds)) return false;
      const isDue = (instanceId: string): boolean =>
        dataNodeOwners.isUnlistable(instanceId) || (isLast && tried.has(instanceId));
      if (!open.every(isDue)) return false;
      const { changedAt = Math.floor(clock.now()) } = request.change;
      for (const instanceId of open) {
        apart.push({ ...request, change: { instanceId, changedAt } });
      }
      log.warning('instances synced because their schemas cannot be listed', {
        ...nameOf(request),
        instances: open.length,
      });
      return true;
    },
    rest: (request) => {
      const { change } = request;
      if ('instanceId' in change) return request;
      const except = [...new Set([...exceptOf(request), ...ownersOf(request).known])];
      return { ...request, change: { ...change, except, search: true } };
    },
  };
}

function nameOf({ change }: ChangeRequest) {
  return 'instanceId' in change ? { instanceId: idOf(change) } : { dataNodeId: idOf(change) };
}

/** Warns if listings failed; that a search goes on is no fault. */
function tell(
  { log }: App,
  request: ChangeRequest,
  open: readonly string[],
  { problem, tried }: Pass,
): void {
  const failed = open.filter((id) => tried.has(id)).length;
  if (failed === 0) {
    const fields = { ...nameOf(request), runId: request.origin.runId, instances: open.length };
    log.notice('instance change waits: looking for its instances', fields);
    return;
  }
  const reason = `The schemas of ${failed} instances could not be listed: it is not known yet which of them have the data node (${problem})`;
  log.warning('instance change not resolved yet', { ...nameOf(request), reason });
}
