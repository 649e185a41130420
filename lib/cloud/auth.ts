import { UnauthorizedError } from '../errors.ts';

/** Credentials of one run. */
export interface Auth {
  /** Grows when the credentials are renewed; an attempt remembers the one it was made with. */
  readonly generation: number;
  /** Headers that authorise a request. */
  headers(): Readonly<Record<string, string>>;
  /** What must never be seen in a log, should the service echo it. */
  secrets(): readonly string[];
  /**
   * Reads the credentials anew, once for all callers of the run.
   * @throws {UnauthorizedError} when the store has no newer ones
   * @throws {ParameterError} when the store cannot be read
   */
  renew(): Promise<void>;
}

export interface TokenSource {
  token(): Promise<string>;
  refreshToken(): Promise<string>;
}

/** Authorises with the X-Auth-Token of the parameter store. */
export const createTokenAuth = async (source: TokenSource): Promise<Auth> => {
  let token = await source.token();
  let generation = 0;
  let renewal: Promise<void> | undefined;

  const readAnew = async (): Promise<void> => {
    const fresh = await source.refreshToken();
    if (fresh === token) {
      throw new UnauthorizedError(
        'The token was refused, and the parameter store has no newer one: rotate the token parameter',
      );
    }
    token = fresh;
    generation += 1;
  };

  return {
    get generation() {
      return generation;
    },
    headers: () => ({ 'X-Auth-Token': token }),
    secrets: () => [token],
    renew: () => {
      renewal ??= readAnew();
      return renewal;
    },
  };
};
