import type { Clock } from '../../lib/clock.ts';
import { IamError, ReadError } from '../../lib/errors.ts';
import { createAuth } from '../../lib/huawei/auth.ts';
import type { HttpClient } from '../../lib/huawei/http.ts';
import { createToken } from '../../lib/huawei/iam.ts';
import { type ListedInstance, listInstances } from '../../lib/huawei/instances.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Credentials, Place } from './draft.ts';
import { explainList, explainSignIn, type Refusal } from './explain.ts';

/** What the service said to the answers. */
export type Proof =
  | { readonly status: 'proven'; readonly instances: readonly ListedInstance[] }
  | ({ readonly status: 'refused' } & Refusal);

interface ProofDeps {
  readonly http: HttpClient;
  readonly clock: Clock;
}

const timeoutMs = 15_000;

/** Signs in once, never a second time, and lists the instances of the project. */
export async function prove(
  { clock, http }: ProofDeps,
  place: Place,
  credentials: Credentials,
): Promise<Proof> {
  try {
    const secret = await signIn({ clock, http }, place, credentials);
    const parameters = { secret: async () => secret, refreshSecret: async () => secret };
    const auth = await createAuth({ clock, config: place, parameters });
    const deps = { http, auth, clock, random: Math.random, config: place };
    const instances = await listInstances(deps, clock.monotonic() + timeoutMs);
    if (instances.length > 0) return { status: 'proven', instances };
    const { host } = new URL(place.ddmEndpoint);
    const message = `Project ${place.projectId} has no DDM instances at ${host}: check project and region, or create one first.`;
    return { status: 'refused', topic: 'project', message };
  } catch (error) {
    if (error instanceof IamError) {
      return { status: 'refused', ...explainSignIn(error.failure, place) };
    }
    if (!(error instanceof ReadError)) throw error;
    return { status: 'refused', ...explainList(error.failure, place, credentials) };
  }
}

async function signIn(
  { clock, http }: ProofDeps,
  { iamEndpoint, projectId }: Place,
  credentials: Credentials,
): Promise<Secret> {
  return 'password' in credentials
    ? createToken({ http, clock, iamEndpoint, projectId }, credentials, timeoutMs)
    : credentials;
}
