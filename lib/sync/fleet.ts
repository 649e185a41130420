import type { Fleet } from '../aws/instance-list.ts';
import type { Parameters } from '../aws/parameters.ts';
import { createCache } from '../cache.ts';
import { withConnection } from '../huawei/connection.ts';
import { type ListDeps, listInstances } from '../huawei/instances.ts';
import { isInstanceId } from '../ids.ts';

/**
 * Where the fleet comes from.
 * @param deadlineAt monotonic ms
 * @throws {ParameterError} when list or credentials are unusable
 * @throws {ReadError} when discovery is on and the instances cannot be listed
 */
export type FleetSource = (deadlineAt: number) => Promise<Fleet>;

export interface DiscoveryDeps extends Omit<ListDeps, 'auth' | 'http'> {
  readonly parameters: Parameters;
  connect(): ListDeps['http'];
}

/** The instances that the list API shows, without those that the parameter `exclude` names; kept as parameters are. */
export function createDiscovery(deps: DiscoveryDeps): FleetSource {
  const fleet = createCache<Fleet>(deps.clock);
  return (deadlineAt) => fleet.get() ?? fleet.keep(discover(deps, deadlineAt));
}

async function discover(deps: DiscoveryDeps, deadlineAt: number): Promise<Fleet> {
  const excluded = await deps.parameters.excluded();
  return withConnection(deps, async (connection) => {
    const listed = await listInstances({ ...deps, ...connection }, deadlineAt);
    const leftOut = new Set(excluded);
    const offered = listed.filter(({ id }) => !leftOut.has(id));
    const wellFormed = offered.filter(({ id }) => isInstanceId(id));
    return {
      instanceIds: wellFormed.filter(isRunning).map(({ id }) => id),
      notRunning: wellFormed
        .filter((instance) => !isRunning(instance))
        .map(({ id, status }) => ({ instanceId: id, state: stateOf(status) })),
      malformed: offered.filter(({ id }) => !isInstanceId(id)).map(({ id }) => id.slice(0, 64)),
      duplicates: 0,
    };
  });
}

function isRunning({ status }: { readonly status: string }): boolean {
  return status === 'RUNNING';
}

// Foreign text that goes into a log: only what looks like a state is shown.
function stateOf(status: string): string {
  return /^\w{1,32}$/.test(status) ? status : 'unknown';
}
