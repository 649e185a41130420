import { cleanName, type Fleet } from '../aws/instance-list.ts';
import type { Parameters } from '../aws/parameters.ts';
import { createCache } from '../cache.ts';
import type { Deadline, Phase } from '../deadline.ts';
import { type ConnectionDeps, openConnection } from '../huawei/connection.ts';
import { type ListDeps, listInstances } from '../huawei/lists.ts';
import { isInstanceId } from '../ids.ts';

/**
 * The instances that the service is for.
 * @param phase by the end of which they must be known. @default 'setUp', and 'resolve' with discovery
 * @throws {ParameterError} when list or credentials are unusable
 * @throws {ReadError} when discovery is on and the instances cannot be listed
 */
export type FleetSource = (deadline: Deadline, phase?: Phase) => Promise<Fleet>;

/** The instances in the parameter store. */
export function createListedFleet(parameters: Parameters): FleetSource {
  return (deadline, phase = 'setUp') => parameters.fleet(deadline.signal(phase));
}

export interface DiscoveryDeps extends Omit<ListDeps, 'auth' | 'http'>, ConnectionDeps {
  readonly config: ListDeps['config'] & ConnectionDeps['config'];
  readonly clock: ListDeps['clock'];
  readonly parameters: Parameters;
}

/** The instances that the list API shows, without those in the parameter `exclude`; cached as parameters are. */
export function createDiscoveredFleet(deps: DiscoveryDeps): FleetSource {
  const fleet = createCache<Fleet>(deps.clock);
  return (deadline, phase = 'resolve') =>
    fleet.get() ?? fleet.keep(discover(deps, deadline, phase));
}

async function discover(deps: DiscoveryDeps, deadline: Deadline, phase: Phase): Promise<Fleet> {
  const signal = deadline.signal(phase);
  const excluded = new Set(await deps.parameters.excluded(signal));
  using connection = await openConnection(deps, deadline, phase);
  const listed = await listInstances({ ...deps, ...connection }, signal);
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
