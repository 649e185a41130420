import type { Clock } from '../clock.ts';
import type { Deadline, Phase } from '../deadline.ts';
import { type SyncFailure, UnauthorizedError } from '../errors.ts';
import type { AccessKeys, Secret } from '../secret.ts';
import { type SignableRequest, sign } from './signer.ts';

/** Credentials of one run. */
export interface Auth {
  /** Increases when the credentials are renewed. An attempt remembers the generation it used. */
  readonly generation: number;
  /** Headers that authorise this request, in addition to its own. */
  headers(request: SignableRequest): Readonly<Record<string, string>>;
  /** Values that must never reach a log, even if the service echoes them. */
  secrets(): readonly string[];
  /**
   * Re-reads the credentials, once for all callers of the run.
   * @param refusal why they were refused
   * @throws {UnauthorizedError} when the store has no newer ones
   * @throws {ParameterError} when the store cannot be read
   */
  renew(refusal: SyncFailure): Promise<void>;
}

export interface AuthDeps {
  readonly parameters: {
    secret(signal: AbortSignal): Promise<Secret>;
    refreshSecret(signal: AbortSignal): Promise<Secret>;
  };
  readonly clock: Pick<Clock, 'now'>;
  readonly config: { readonly projectId: string };
}

/**
 * Authorises with the secret in Parameter Store: the X-Auth-Token, or a signature with the access key.
 * @param phase by the end of which the credentials must have been read
 * @throws {ParameterError}
 */
export async function createAuth(
  { clock, config, parameters }: AuthDeps,
  deadline: Deadline,
  phase: Phase,
): Promise<Auth> {
  let secret = await parameters.secret(deadline.signal(phase));
  let generation = 0;
  let renewal: Promise<void> | undefined;

  const reread = async (refusal: SyncFailure): Promise<void> => {
    const fresh = await parameters.refreshSecret(deadline.signal('calls'));
    if (secretsOf(fresh).join() === secretsOf(secret).join()) {
      throw new UnauthorizedError(explain(secret, refusal));
    }
    secret = fresh;
    generation += 1;
  };

  return {
    get generation() {
      return generation;
    },
    headers: (request) =>
      'token' in secret
        ? { 'X-Auth-Token': secret.token }
        : signHeaders(request, secret, config.projectId, clock.now()),
    secrets: () => secretsOf(secret),
    renew: (refusal) => {
      renewal ??= reread(refusal);
      return renewal;
    },
  };
}

function signHeaders(
  request: SignableRequest,
  keys: AccessKeys,
  projectId: string,
  nowMs: number,
): Readonly<Record<string, string>> {
  const project = { 'X-Project-Id': projectId };
  const headers = { ...request.headers, ...project };
  return { ...project, ...sign({ ...request, headers }, keys, nowMs) };
}

function secretsOf(secret: Secret): readonly string[] {
  return 'token' in secret
    ? [secret.token]
    : [secret.secretAccessKey, secret.accessKeyId, secret.securityToken ?? ''];
}

function explain(secret: Secret, { clockSkewMs }: SyncFailure): string {
  if ('token' in secret) {
    return 'The token was refused, and the parameter store has no newer one: invoke rotate-token to replace it';
  }
  if (clockSkewMs !== undefined) {
    const minutes = Math.round(Math.abs(clockSkewMs) / 60_000);
    return `The signature was refused: the clock here is ${minutes} minutes ${clockSkewMs > 0 ? 'ahead of' : 'behind'} the service's, and a signature is valid for 15; set the clock`;
  }
  return 'The access key was refused, and the parameter store has no newer one: check in the console that it exists and is enabled, then write the credentials parameter again (npm run setup)';
}
