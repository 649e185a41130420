import { OptionError } from '../options.ts';
import { isLoopbackEndpoint } from './checks.ts';
import type { Loopback } from './draft.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Endpoints of the environment, on loopback only: a real one follows from cloud and region.
 * @throws {OptionError} when only one of the two is there
 */
export function readLoopback(env: Environment): Loopback | undefined {
  const { DDM_ENDPOINT: ddmEndpoint = '', IAM_ENDPOINT: iamEndpoint = '' } = env;
  const [hasDdm, hasIam] = [ddmEndpoint, iamEndpoint].map(isLoopbackEndpoint);
  if (!hasDdm && !hasIam) return undefined;
  if (hasDdm && hasIam) return { ddmEndpoint, iamEndpoint };
  const [given, absent] = hasDdm
    ? ['DDM_ENDPOINT', 'IAM_ENDPOINT']
    : ['IAM_ENDPOINT', 'DDM_ENDPOINT'];
  throw new OptionError(
    `${given} is on loopback and ${absent} is not: set both, or unset ${given}`,
  );
}
