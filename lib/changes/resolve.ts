import type { App } from '../app.ts';
import { withConnection } from '../huawei/connection.ts';
import { listDataNodes } from '../huawei/databases.ts';
import { addAsk, type ChangeRequest, type MutableAsks } from '../queue/requests.ts';
import type { Changed } from './change.ts';
import { TopologyError } from './data-node-owners.ts';

/** Finds the instances of the fleet that a change concerns. */
export interface Affected {
  /** @throws {TopologyError | ReadError} when that cannot be told now */
  instancesOf(change: Changed): Promise<readonly string[]>;
}

/**
 * Runs work that asks which instances are affected, over connections that end with it.
 * @param deadlineAt monotonic ms after which nothing is asked
 * @throws {ParameterError} when list or credentials are unusable
 */
export async function withAffected<Result>(
  app: App,
  deadlineAt: number,
  work: (affected: Affected) => Promise<Result>,
): Promise<Result> {
  const { instanceIds } = await app.fleet(deadlineAt); // reads the secret along with the list
  const configured = new Set(instanceIds);
  return withConnection(app, (connection) => {
    const dataNodes = (instanceId: string) =>
      listDataNodes({ ...app, ...connection }, instanceId, deadlineAt);
    return work({
      instancesOf: async (change) => {
        if ('dataNodeId' in change) {
          return app.topology.instancesOf(change.dataNodeId, instanceIds, {
            dataNodes,
            deadlineAt,
          });
        }
        return configured.has(change.instanceId) ? [change.instanceId] : [];
      },
    });
  });
}

/** Says quietly that a change concerns none of our instances. */
export function ignoreChange({ log }: App, change: Changed, runId: string, name = 'unknown'): void {
  log.ignored('instance change ignored: not of this fleet', { ...change, runId, name });
}

/**
 * Turns the changes of a batch into asks for instances. Resolves with the messages to deliver again, of
 * which it could not be told yet whom they concern.
 */
export async function askForAffected(
  app: App,
  asks: MutableAsks,
  changes: readonly ChangeRequest[],
  deadlineAt: number,
): Promise<readonly string[]> {
  if (changes.length === 0) return [];
  const unresolved = new Set(changes.map(({ delivery }) => delivery.messageId));
  try {
    await withAffected(app, deadlineAt, async (affected) => {
      for (const request of changes) {
        if (await resolve(app, asks, affected, request)) {
          unresolved.delete(request.delivery.messageId);
        }
      }
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    app.log.problem('instance changes not resolved', { messages: unresolved.size, reason });
  }
  return [...unresolved];
}

/** False where it cannot be told now. @throws {ReadError} with refused credentials */
async function resolve(
  app: App,
  asks: MutableAsks,
  affected: Affected,
  { change, delivery, origin }: ChangeRequest,
): Promise<boolean> {
  try {
    const instanceIds = await affected.instancesOf(change);
    if (instanceIds.length === 0) ignoreChange(app, change, origin.runId);
    for (const instanceId of instanceIds) addAsk(asks, instanceId, origin, delivery);
    return true;
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error;
    app.log.warning('instance change not resolved yet', { ...change, reason: error.message });
    return false;
  }
}
