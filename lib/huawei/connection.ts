import type { Deadline, Phase } from '../deadline.ts';
import { type Auth, type AuthDeps, createAuth } from './auth.ts';
import type { HttpClient } from './http.ts';

/** What one invocation needs at Huawei's side. */
export interface Connection extends Disposable {
  readonly http: HttpClient;
  readonly auth: Auth;
}

export interface ConnectionDeps extends AuthDeps {
  connect(): HttpClient;
}

/**
 * Reads the credentials and opens connections, which end with the scope: `using`.
 * @param phase by the end of which the credentials must have been read
 * @throws {ParameterError}
 */
export async function openConnection(
  deps: ConnectionDeps,
  deadline: Deadline,
  phase: Phase = 'setUp',
): Promise<Connection> {
  const auth = await createAuth(deps, deadline, phase);
  const http = deps.connect();
  return { auth, http, [Symbol.dispose]: () => http.close() };
}
