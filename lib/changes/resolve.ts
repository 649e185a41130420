import type { App } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import { openConnection } from '../huawei/connection.ts';
import { listDataNodes } from '../huawei/lists.ts';
import { addRequest, type ChangeRequest, type MutableSyncRequests } from '../queue/requests.ts';
import type { Change } from './change.ts';
import { OwnersUnknownError } from './data-node-owners.ts';

/** Changes that could not be resolved to instances yet. */
export interface Unresolved {
  /** An instance's schemas could not be listed. */
  readonly failed: readonly ChangeRequest[];
  /** There was no time to list the schemas of all instances. */
  readonly late: readonly ChangeRequest[];
}

/** Turns the changes of a batch into requests for instances of the fleet. Never rejects. */
export async function resolveChanges(
  app: App,
  requests: MutableSyncRequests,
  changes: readonly ChangeRequest[],
  deadline: Deadline,
): Promise<Unresolved> {
  if (changes.length === 0) return { failed: [], late: [] };
  const failed = new Set(changes);
  const late = new Set<ChangeRequest>();
  try {
    using find = await createFinder(app, deadline);
    for (const request of changes) {
      const found = await find.instancesOf(request.change);
      if (found !== 'failed') failed.delete(request);
      if (found === 'late') late.add(request);
      if (typeof found === 'object') requestSync(app, requests, request, found);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    app.log.problem('instance changes not resolved', { messages: failed.size, reason });
  }
  return { failed: [...failed], late: [...late] };
}

function requestSync(
  { log }: App,
  requests: MutableSyncRequests,
  { change, origin, record }: ChangeRequest,
  instanceIds: readonly string[],
): void {
  for (const instanceId of instanceIds) addRequest(requests, instanceId, origin, record);
  if (instanceIds.length > 0) return;
  log.ignored('instance change ignored: not of this fleet', { ...change, runId: origin.runId });
}

interface Finder extends Disposable {
  /** @throws {ReadError} with refused credentials */
  instancesOf(change: Change): Promise<readonly string[] | 'failed' | 'late'>;
}

/** @throws {ParameterError | ReadError} when list or credentials are unusable */
async function createFinder(app: App, deadline: Deadline): Promise<Finder> {
  const { instanceIds } = await app.fleet(deadline);
  const connection = await openConnection(app, deadline, 'resolve');
  const configured = new Set(instanceIds);
  const signal = deadline.signal('resolve');
  const lister = {
    list: (instanceId: string) => listDataNodes({ ...app, ...connection }, instanceId, signal),
    isOver: () => deadline.isOver('resolve'),
  };
  return {
    instancesOf: async (change) => {
      if ('instanceId' in change) {
        return configured.has(change.instanceId) ? [change.instanceId] : [];
      }
      return app.dataNodeOwners.find(change.dataNodeId, instanceIds, lister).catch((error) => {
        if (!(error instanceof OwnersUnknownError)) throw error;
        app.log.warning('instance change not resolved yet', { ...change, reason: error.message });
        return error.isLate ? 'late' : 'failed';
      });
    },
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}
