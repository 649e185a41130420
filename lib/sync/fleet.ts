import { cleanName, type Fleet } from '../aws/instance-list.ts';
import type { Parameters } from '../aws/parameters.ts';
import { createCache } from '../cache.ts';
import type { Deadline, Phase } from '../deadline.ts';
import { type ConnectionDeps, openConnection } from '../huawei/connection.ts';
import {
  countInstances,
  createInstanceListing,
  type InstanceListing,
  type ListDeps,
} from '../huawei/lists.ts';
import { isInstanceId } from '../ids.ts';

/**
 * The instances that the service is for.
 * @param phase by the end of which they must be known. @default 'setUp', and 'resolve' with discovery
 * @throws {ParameterError} when list or credentials are unusable
 * @throws {ReadError} when discovery is on and the instances cannot be listed
 */
type FleetSource = (deadline: Deadline, phase?: Phase) => Promise<Fleet>;

export interface Fleets {
  readonly fleet: FleetSource;
  /**
   * How many instances there are, without listing them all for it: with discovery, those in `exclude` may be among
   * them. @throws what FleetSource throws
   */
  fleetSize(deadline: Deadline): Promise<number>;
}

/** The instances in the parameter store. */
export function createListedFleet(parameters: Parameters): Fleets {
  const fleet: FleetSource = (deadline, phase = 'setUp') =>
    parameters.fleet(deadline.signal(phase));
  return { fleet, fleetSize: async (deadline) => sizeOf(await fleet(deadline)) };
}

function sizeOf({ instanceIds, malformed, notRunning }: Fleet): number {
  return instanceIds.length + malformed.length + notRunning.length;
}

export interface DiscoveryDeps extends Omit<ListDeps, 'auth' | 'http'>, ConnectionDeps {
  readonly config: ListDeps['config'] & ConnectionDeps['config'];
  readonly clock: ListDeps['clock'];
  readonly parameters: Parameters;
}

const keptMs = 15 * 60_000; // longer than a message takes to come back

/**
 * The instances that the list API shows, without those in the parameter `exclude`; cached as parameters are. If there
 * was not enough time for all pages, the next invocation continues.
 */
export function createDiscoveredFleet(deps: DiscoveryDeps): Fleets {
  const cache = createCache<Fleet>(deps.clock);
  let listing = createInstanceListing();
  let usedAt = Number.NEGATIVE_INFINITY;

  const discover = async (deadline: Deadline, phase: Phase): Promise<Fleet> => {
    const now = deps.clock.monotonic();
    if (now - usedAt > keptMs) listing = createInstanceListing();
    usedAt = now;
    const found = await readFleet(deps, listing, deadline, phase);
    listing = createInstanceListing();
    return found;
  };
  const fleet: FleetSource = (deadline, phase = 'resolve') =>
    cache.get() ?? cache.keep(discover(deadline, phase));
  return {
    fleet,
    fleetSize: async (deadline) => {
      const isKnown = cache.get() !== undefined;
      const counted = isKnown ? Number.POSITIVE_INFINITY : await count(deps, deadline);
      return Number.isFinite(counted) ? counted : sizeOf(await fleet(deadline));
    },
  };
}

async function count(deps: DiscoveryDeps, deadline: Deadline): Promise<number> {
  using connection = await openConnection(deps, deadline, 'resolve');
  return countInstances({ ...deps, ...connection }, deadline.signal('resolve'));
}

async function readFleet(
  deps: DiscoveryDeps,
  listing: InstanceListing,
  deadline: Deadline,
  phase: Phase,
): Promise<Fleet> {
  const signal = deadline.signal(phase);
  const excluded = new Set(await deps.parameters.excluded(signal));
  using connection = await openConnection(deps, deadline, phase);
  const listed = await listing.read({ ...deps, ...connection }, signal);
  const offered = listed.filter(({ id }) => !excluded.has(id));
  const wellFormed = offered.filter(({ id }) => isInstanceId(id));
  return {
    instanceIds: wellFormed.filter(isRunning).map(({ id }) => id),
    notRunning: wellFormed
      .filter((instance) => !isRunning(instance))
      .map(({ id, status }) => ({ instanceId: id, state: stateOf(status) })),
    malformed: offered.filter(({ id }) => !isInstanceId(id)).map(({ id }) => id.slice(0, 64)),
    duplicates: 0,
    names: new Map(wellFormed.map(({ id, name }) => [id, cleanName(name)])),
  };
}

function isRunning({ status }: { readonly status: string }): boolean {
  return status === 'RUNNING';
}

// Text from outside goes into the log here: only a plausible state is shown.
function stateOf(status: string): string {
  return /^\w{1,32}$/.test(status) ? status : 'unknown';
}
