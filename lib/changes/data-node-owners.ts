import type { OwnerStore } from '../aws/owner-store.ts';
import type { Clock } from '../clock.ts';
import { ReadError } from '../errors.ts';
import { isDataNodeId, isInstanceId } from '../ids.ts';
import { policyFor } from '../sync/failure-policy.ts';

/** Which instances have which data nodes: Huawei's APIs list data nodes by instance, not instances by data node. */
export interface DataNodeOwners {
  /** What is known without a call. */
  find(node: SoughtNode, instanceIds: readonly string[]): Owners;
  /**
   * Lists the schemas of instances until there is no time left.
   * @throws {ReadError} with refused credentials
   */
  list(instanceIds: readonly string[], lister: DataNodeLister): Promise<void>;
  /** Whether listing an instance failed three times in a row. After 10 minutes it can be tried again. */
  isUnlistable(instanceId: string): boolean;
  /** Takes over what other environments have listed. @throws what the store throws */
  load(signal: AbortSignal): Promise<void>;
  /** Tells them what is known of these instances. @throws what the store throws */
  save(instanceIds: readonly string[], signal: AbortSignal): Promise<void>;
}

interface SoughtNode {
  readonly dataNodeId: string;
  /** When it changed at the latest, in ms since the epoch: a later listing has it. */
  readonly changedAt?: number | undefined;
}

export interface Owners {
  /** Instances that have the data node, or had it when they were last listed. */
  readonly known: readonly string[];
  /** Instances that may have it: they were not listed, or too long ago. */
  readonly open: readonly string[];
}

interface DataNodeLister {
  /** The data nodes of an instance. @throws {ReadError} */
  list(instanceId: string): Promise<ReadonlySet<string>>;
  /** Whether there is no time left to list another one. */
  isOver(): boolean;
}

interface Listed {
  readonly dataNodes: ReadonlySet<string>;
  readonly monotonic: number;
  /** When the listing began, in ms since the epoch. */
  readonly at: number;
}

interface Failures {
  readonly inARow: number;
  readonly monotonic: number;
}

const maxAgeMs = 3_600_000; // after that other instances may have a known node too
const relistAfterMs = 10 * 60_000; // most unknown nodes do not belong to any DDM instance
const listingsInFlight = 10;
const maxFailures = 3;
const slowMs = 10_000; // one attempt: a listing that the deadline ended after it has failed

/**
 * The owners that one execution environment knows, kept from one invocation to the next.
 * @param store what the environments share; absent: each has to list the instances for itself
 */
export function createDataNodeOwners(
  clock: Pick<Clock, 'monotonic' | 'now'>,
  store?: OwnerStore,
): DataNodeOwners {
  const listed = new Map<string, Listed>();
  const failures = new Map<string, Failures>();

  const isCurrent = (instanceId: string, ms: number, { changedAt }: SoughtNode): boolean => {
    const last = listed.get(instanceId);
    if (last === undefined) return false;
    return (
      clock.monotonic() - last.monotonic < ms || (changedAt !== undefined && last.at > changedAt)
    );
  };

  const listOne = async (instanceId: string, lister: DataNodeLister): Promise<void> => {
    const start = { monotonic: clock.monotonic(), at: clock.now() };
    const dataNodes = await lister.list(instanceId).catch(noneOrThrow);
    if (dataNodes) {
      listed.set(instanceId, { ...start, dataNodes });
      failures.delete(instanceId);
    } else if (!lister.isOver() || clock.monotonic() - start.monotonic >= slowMs) {
      const inARow = (failures.get(instanceId)?.inARow ?? 0) + 1;
      failures.set(instanceId, { inARow, monotonic: clock.monotonic() });
    }
  };

  const load = async (signal: AbortSignal): Promise<void> => {
    const text = (await store?.read(signal)) ?? '';
    for (const line of text.split('\n')) {
      const [instanceId = '', time = '', ...nodes] = line.split(' ');
      const at = Number(time);
      if (!isInstanceId(instanceId) || !(at <= clock.now())) continue;
      if (at <= (listed.get(instanceId)?.at ?? 0)) continue;
      const monotonic = clock.monotonic() - (clock.now() - at);
      listed.set(instanceId, { at, monotonic, dataNodes: new Set(nodes.filter(isDataNodeId)) });
    }
  };

  return {
    load,
    save: async (instanceIds, signal) => {
      if (store === undefined) return;
      await load(signal); // what others have written meanwhile stays
      const lines = instanceIds.flatMap((id) => {
        const known = listed.get(id);
        return known ? [[id, known.at, ...known.dataNodes].join(' ')] : [];
      });
      await store.write(lines.join('\n'), signal);
    },
    find: (node, instanceIds) => {
      const known = instanceIds.filter((id) => listed.get(id)?.dataNodes.has(node.dataNodeId));
      const ms = known.length > 0 ? maxAgeMs : relistAfterMs;
      return { known, open: instanceIds.filter((id) => !isCurrent(id, ms, node)) };
    },
    list: async (instanceIds, lister) => {
      let position = 0;
      const work = async (): Promise<void> => {
        while (position < instanceIds.length && !lister.isOver()) {
          const instanceId = instanceIds[position] ?? '';
          position += 1;
          await listOne(instanceId, lister);
        }
      };
      await Promise.all(Array.from({ length: listingsInFlight }, work));
    },
    isUnlistable: (instanceId) => {
      const { inARow, monotonic } = failures.get(instanceId) ?? { inARow: 0, monotonic: 0 };
      return inARow >= maxFailures && clock.monotonic() - monotonic < relistAfterMs;
    },
  };
}

/** An instance that no longer exists has no data nodes; one that did not answer may have any. */
function noneOrThrow(error: unknown): ReadonlySet<string> | undefined {
  if (!(error instanceof ReadError)) throw error;
  if (isGone(error)) return new Set();
  if (policyFor(error.failure).means === 'stop') throw error;
  return undefined;
}

/** Whether DDM said that the instance does not exist. The gateway's 404, a proxy's, or a redirect says nothing of it. */
function isGone({ failure: { errCode, externalMessage, httpStatus } }: ReadError): boolean {
  if (errCode === 'DBS.280001') return true;
  if (httpStatus !== 404 || /^APIGW?\./.test(errCode)) return false;
  return errCode !== 'BAD_RESPONSE' || externalMessage !== undefined;
}
