import { createCache } from '../cache.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Password, Secret, Token } from '../secret.ts';
import { parseAccessKeys, parsePassword } from './credentials.ts';
import { type Cursor, readCursor, writeCursor } from './cursor.ts';
import { type Fleet, parseFleet } from './instance-list.ts';
import { maxNames, type ParameterStore } from './parameter-store.ts';
import { missing, type Part } from './parts.ts';
import { listNames, readList } from './stored-list.ts';
import { readToken, tokenNames, writeToken } from './stored-token.ts';

/**
 * What the service keeps in SSM Parameter Store. List and secret are cached for 5 minutes at most. Every call
 * ends when its signal aborts.
 */
export interface Parameters {
  /** The instance list. @throws {ParameterError} */
  fleet(signal: AbortSignal): Promise<Fleet>;
  /** The instances that discovery leaves out; empty if there is no such list. @throws {ParameterError} */
  excluded(signal: AbortSignal): Promise<readonly string[]>;
  /** What authorises the calls: the token, or the access key. @throws {ParameterError} */
  secret(signal: AbortSignal): Promise<Secret>;
  /** The same, but always re-read. @throws {ParameterError} */
  refreshSecret(signal: AbortSignal): Promise<Secret>;
  /** What IAM issues a token for; never cached. @throws {ParameterError} */
  password(signal: AbortSignal): Promise<Password>;
  /** How far watch has read; undefined before its first run. @throws {ParameterError} */
  cursor(signal: AbortSignal): Promise<Cursor | undefined>;
  /** @throws {ParameterError} */
  moveCursor(cursor: Cursor, signal: AbortSignal): Promise<void>;
  /** Replaces the token. @throws {ParameterError} the old one is still in place */
  writeToken(token: Required<Token>, signal: AbortSignal): ReturnType<typeof writeToken>;
}

export interface ParametersDeps {
  /** The store, for calls that end when the signal aborts. */
  openStore(signal: AbortSignal): ParameterStore;
  /** Path of the parameters, without a slash at its end. */
  readonly prefix: string;
  readonly authMode: Config['authMode'];
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
}

type Found = ReadonlyMap<string, Part>;

/** Reads list and secret with one call if the list is a single parameter. A split list is read by path. */
export function createParameters({
  authMode,
  clock,
  openStore,
  prefix,
}: ParametersDeps): Parameters {
  const names = {
    instances: `${prefix}/instances`,
    exclude: `${prefix}/exclude`,
    credentials: `${prefix}/credentials`,
    cursor: `${prefix}/cursor`,
  } as const;
  const secretNames = authMode === 'token' ? tokenNames(prefix) : [names.credentials];
  const fleet = createCache<Fleet>(clock);
  const secret = createCache<Secret>(clock);
  let refreshing: Promise<Secret> | undefined;

  const readSecret = async (store: ParameterStore, reading: Promise<Found>): Promise<Secret> =>
    authMode === 'token'
      ? readToken(store, clock, prefix, reading)
      : parseAccessKeys(names.credentials, (await reading).get(names.credentials));

  const readFleet = async (store: ParameterStore, reading: Promise<Found>): Promise<Fleet> => {
    const parts = await readList(store, clock, names.instances, reading);
    if (parts.length === 0) throw missing(names.instances, createList(names.instances));
    return parseFleet(parts);
  };

  return {
    // A caller that needs the list needs the secret as well; a worker needs the secret alone.
    fleet: (signal) => {
      const cached = fleet.get();
      if (cached !== undefined) return cached;
      const store = openStore(signal);
      const isCached = secret.get() !== undefined;
      const wanted = [...listNames(names.instances), ...(isCached ? [] : secretNames)];
      // The last name is the fourth part of a token, which few tokens have: it is read later if need be.
      const reading = store.get(wanted.slice(0, maxNames));
      if (!isCached) void secret.keep(readSecret(store, reading));
      return fleet.keep(readFleet(store, reading));
    },
    excluded: async (signal) => {
      return parseFleet(await readList(openStore(signal), clock, names.exclude)).instanceIds;
    },
    secret: (signal) => {
      const store = openStore(signal);
      return secret.get() ?? secret.keep(readSecret(store, store.get(secretNames)));
    },
    refreshSecret: (signal) => {
      const store = openStore(signal);
      refreshing ??= readSecret(store, store.get(secretNames))
        .then((fresh) => secret.keep(Promise.resolve(fresh)))
        .finally(() => {
          refreshing = undefined;
        });
      return refreshing;
    },
    password: async (signal) => {
      const found = await openStore(signal).get([names.credentials]);
      return parsePassword(names.credentials, found.get(names.credentials));
    },
    cursor: (signal) => readCursor(openStore(signal), names.cursor),
    moveCursor: (cursor, signal) => writeCursor(openStore(signal), names.cursor, cursor),
    writeToken: (token, signal) => writeToken(openStore(signal), clock, prefix, token),
  };
}

function createList(name: string): string {
  return `create it: npm run setup, or aws ssm put-parameter --name ${name} --type StringList --value <id>,<id>`;
}
