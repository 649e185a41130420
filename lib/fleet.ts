import type { Fleet } from './aws/fleet.ts';
import type { Parameters } from './aws/parameters.ts';
import { createAuth } from './cloud/auth.ts';
import type { ListDeps } from './cloud/instances.ts';
import { listInstances } from './cloud/instances.ts';
import { isInstanceId } from './instance-id.ts';

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

const maxAgeMs = 5 * 60_000; // as the parameters

/** The instances that the list API shows, without those that the parameter `exclude` names. */
export const createDiscovery = (deps: DiscoveryDeps): FleetSource => {
  let kept: { readonly fleet: Fleet; readonly readAt: number } | undefined;

  return async (deadlineAt) => {
    if (kept && deps.clock.monotonic() - kept.readAt < maxAgeMs) return kept.fleet;
    const fleet = await discover(deps, deadlineAt);
    kept = { fleet, readAt: deps.clock.monotonic() };
    return fleet;
  };
};

const discover = async (deps: DiscoveryDeps, deadlineAt: number): Promise<Fleet> => {
  const http = deps.connect();
  try {
    const [excluded, auth] = await Promise.all([deps.parameters.excluded(), createAuth(deps)]);
    const listed = await listInstances({ ...deps, http, auth }, deadlineAt);
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
  } finally {
    http.close();
  }
};

const isRunning = ({ status }: { readonly status: string }): boolean => status === 'RUNNING';

// Foreign text that goes into a log: only what looks like a state is shown.
const stateOf = (status: string): string => (/^\w{1,32}$/.test(status) ? status : 'unknown');
