import type { Clock } from '../clock.ts';
import { ReadError } from '../errors.ts';

/** Which instances have which data nodes: Huawei's APIs tell it only the other way round. */
export interface Topology {
  /**
   * The instances that have a data node, of those given. Looks at an instance's schemas where it did not
   * yet, and at all of them again where nobody has the node and the last look was 10 minutes ago.
   * @throws {TopologyError} where not all could be looked at in time; what was seen is kept
   * @throws {ReadError} with refused credentials
   */
  instancesOf(
    dataNodeId: string,
    instanceIds: readonly string[],
    look: LookUp,
  ): Promise<readonly string[]>;
}

interface LookUp {
  /** The data nodes of an instance. @throws {ReadError} */
  dataNodes(instanceId: string): Promise<ReadonlySet<string>>;
  /** Monotonic ms after which no look begins. */
  readonly deadlineAt: number;
}

/** Some instances could not be looked at: who has the data node is not known for sure. */
export class TopologyError extends Error {
  override readonly name = 'TopologyError';
  /** There was no time for all of them: the next look goes on where this one ended. */
  readonly isLate: boolean;

  constructor(message: string, isLate: boolean) {
    super(message);
    this.isLate = isLate;
  }
}

interface Seen {
  readonly dataNodes: ReadonlySet<string>;
  readonly at: number;
}

const maxAgeMs = 3_600_000; // after that a node that moved away is forgotten
const lookAgainMs = 10 * 60_000; // unknown nodes belong to no DDM instance, mostly
const looksInFlight = 10;

/** The topology of one execution environment; what it saw is kept from one invocation to the next. */
export function createTopology(clock: Pick<Clock, 'monotonic'>): Topology {
  const seen = new Map<string, Seen>();

  const isOlderThan = (instanceId: string, ms: number): boolean => {
    const at = seen.get(instanceId)?.at;
    return at === undefined || clock.monotonic() - at >= ms;
  };

  const having = (dataNodeId: string, instanceIds: readonly string[]): readonly string[] =>
    instanceIds.filter((instanceId) => seen.get(instanceId)?.dataNodes.has(dataNodeId));

  /** Resolves with the count of those that could not be looked at. */
  const lookAt = async (instanceIds: readonly string[], look: LookUp): Promise<number> => {
    let position = 0;
    let missed = 0;
    const work = async (): Promise<void> => {
      while (position < instanceIds.length && clock.monotonic() < look.deadlineAt) {
        const instanceId = instanceIds[position] ?? '';
        position += 1;
        const dataNodes = await look.dataNodes(instanceId).catch(nothingOrThrow);
        if (dataNodes) seen.set(instanceId, { dataNodes, at: clock.monotonic() });
        else missed += 1;
      }
    };
    await Promise.all(Array.from({ length: looksInFlight }, work));
    return missed + instanceIds.length - position;
  };

  return {
    instancesOf: async (dataNodeId, instanceIds, look) => {
      const missed = await lookAt(
        instanceIds.filter((instanceId) => isOlderThan(instanceId, maxAgeMs)),
        look,
      );
      const known = having(dataNodeId, instanceIds);
      if (known.length > 0) return known;
      const again = instanceIds.filter((instanceId) => isOlderThan(instanceId, lookAgainMs));
      const missedAgain = missed > 0 ? missed : await lookAt(again, look);
      const found = having(dataNodeId, instanceIds);
      if (found.length === 0 && missedAgain > 0) {
        throw new TopologyError(
          `The schemas of ${missedAgain} instances could not be listed: which of them have data node ${dataNodeId} is not known yet`,
          clock.monotonic() >= look.deadlineAt,
        );
      }
      return found;
    },
  };
}

/** An instance that is not there any more has no data nodes; one that did not answer may have any. */
function nothingOrThrow(error: unknown): ReadonlySet<string> | undefined {
  if (!(error instanceof ReadError) || error.failure.retryClass === 'auth') throw error;
  return error.failure.retryClass === 'permanent' ? new Set() : undefined;
}
