import type { Clock } from '../clock.ts';
import { ReadError } from '../errors.ts';
import { policyFor } from '../sync/failure-policy.ts';

/** Which instances have which data nodes: Huawei's APIs list data nodes by instance, not instances by data node. */
export interface DataNodeOwners {
  /**
   * Which of the given instances have a data node. Lists the schemas of instances that were not listed yet.
   * If no instance has the node, lists all of those again whose last listing is at least 10 minutes old.
   * @throws {OwnersUnknownError} if not all could be listed; what was seen is kept
   * @throws {ReadError} with refused credentials
   */
  find(
    dataNodeId: string,
    instanceIds: readonly string[],
    lister: DataNodeLister,
  ): Promise<readonly string[]>;
}

interface DataNodeLister {
  /** The data nodes of an instance. @throws {ReadError} */
  list(instanceId: string): Promise<ReadonlySet<string>>;
  /** Whether there is no time left to list another one. */
  isOver(): boolean;
}

/** Some instances could not be listed: which of them have the data node is not certain. */
export class OwnersUnknownError extends Error {
  override readonly name = 'OwnersUnknownError';
  /** There was no time for all of them: the next attempt continues where this one ended. */
  readonly isLate: boolean;

  constructor(message: string, isLate: boolean) {
    super(message);
    this.isLate = isLate;
  }
}

interface Listed {
  readonly dataNodes: ReadonlySet<string>;
  readonly at: number;
}

const maxAgeMs = 3_600_000; // after that a node that moved away is forgotten
const relistAfterMs = 10 * 60_000; // most unknown nodes do not belong to any DDM instance
const listingsInFlight = 10;

/** The owners that one execution environment knows, kept from one invocation to the next. */
export function createDataNodeOwners(clock: Pick<Clock, 'monotonic'>): DataNodeOwners {
  const listed = new Map<string, Listed>();

  const isOlderThan = (instanceId: string, ms: number): boolean => {
    const at = listed.get(instanceId)?.at;
    return at === undefined || clock.monotonic() - at >= ms;
  };

  const ownersAmong = (instanceIds: readonly string[], dataNodeId: string): readonly string[] =>
    instanceIds.filter((instanceId) => listed.get(instanceId)?.dataNodes.has(dataNodeId));

  /** Resolves with the count of those that could not be listed. */
  const list = async (instanceIds: readonly string[], lister: DataNodeLister): Promise<number> => {
    let position = 0;
    let missed = 0;
    const work = async (): Promise<void> => {
      while (position < instanceIds.length && !lister.isOver()) {
        const instanceId = instanceIds[position] ?? '';
        position += 1;
        const dataNodes = await lister.list(instanceId).catch(noneOrThrow);
        if (dataNodes) listed.set(instanceId, { dataNodes, at: clock.monotonic() });
        else missed += 1;
      }
    };
    await Promise.all(Array.from({ length: listingsInFlight }, work));
    return missed + instanceIds.length - position;
  };

  return {
    find: async (dataNodeId, instanceIds, lister) => {
      const outdated = instanceIds.filter((instanceId) => isOlderThan(instanceId, maxAgeMs));
      const missed = await list(outdated, lister);
      const known = ownersAmong(instanceIds, dataNodeId);
      if (known.length > 0) return known;
      const again = instanceIds.filter((instanceId) => isOlderThan(instanceId, relistAfterMs));
      const missedAgain = missed > 0 ? missed : await list(again, lister);
      const found = ownersAmong(instanceIds, dataNodeId);
      if (found.length === 0 && missedAgain > 0) {
        throw new OwnersUnknownError(
          `The schemas of ${missedAgain} instances could not be listed: it is not known yet which of them have data node ${dataNodeId}`,
          lister.isOver(),
        );
      }
      return found;
    },
  };
}

/** An instance that no longer exists has no data nodes; one that did not answer may have any. */
function noneOrThrow(error: unknown): ReadonlySet<string> | undefined {
  if (!(error instanceof ReadError)) throw error;
  const { means } = policyFor(error.failure);
  if (means === 'stop') throw error;
  return means === 'absent' ? new Set() : undefined;
}
