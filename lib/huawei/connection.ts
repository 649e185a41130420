import { type Auth, type AuthDeps, createAuth } from './auth.ts';
import type { HttpClient } from './http.ts';

export interface Connection {
  readonly http: HttpClient;
  readonly auth: Auth;
}

interface ConnectionDeps extends AuthDeps {
  connect(): HttpClient;
}

/** Does work at Huawei's side, over connections that end with it. @throws {ParameterError} and what the work throws */
export async function withConnection<Result>(
  deps: ConnectionDeps,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const http = deps.connect();
  try {
    return await work({ http, auth: await createAuth(deps) });
  } finally {
    http.close();
  }
}
