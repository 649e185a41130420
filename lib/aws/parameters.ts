import { createCache } from '../cache.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Password, Secret, Token } from '../secret.ts';
import { parseAccessKeys, parsePassword } from './credentials.ts';
import { type Cursor, readCursor, writeCursor } from './cursor.ts';
import { type Fleet, parseFleet } from './instance-list.ts';
import type { Store } from './parameter-store.ts';
import { inNumericOrder, missing, type Part } from './parts.ts';
import { readToken, tokenNames, writeToken } from './stored-token.ts';

/** What the service keeps in SSM Parameter Store; what was read is kept for 5 minutes at most. */
export interface Parameters {
  /** The instance list. @throws {ParameterError} */
  fleet(): Promise<Fleet>;
  /** What discovery leaves out; empty where there is no such list. @throws {ParameterError} */
  excluded(): Promise<readonly string[]>;
  /** What authorises the calls: the token, or the access key. @throws {ParameterError} */
  secret(): Promise<Secret>;
  /** The same, read anew whatever is kept. @throws {ParameterError} */
  refreshSecret(): Promise<Secret>;
  /** What IAM gives a token for; never kept. @throws {ParameterError} */
  password(): Promise<Password>;
  /** How far watch has come; undefined before its first run. @throws {ParameterError} */
  cursor(): Promise<Cursor | undefined>;
  /** @throws {ParameterError} */
  moveCursor(cursor: Cursor): Promise<void>;
  /** Replaces the token. @throws {ParameterError} the old one is still in place */
  writeToken(token: Required<Token>): ReturnType<typeof writeToken>;
}

export interface ParametersDeps {
  readonly store: Store;
  /** Path of the parameters, without a slash at its end. */
  readonly prefix: string;
  readonly authMode: Config['authMode'];
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
}

type Found = ReadonlyMap<string, Part>;

/** Reads list and secret with one call where the list is a single parameter; its parts are read by path. */
export function createParameters({ authMode, clock, prefix, store }: ParametersDeps): Parameters {
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

  const readSecret = async (reading: Promise<Found>): Promise<Secret> =>
    authMode === 'token'
      ? readToken(store, clock, prefix, reading)
      : parseAccessKeys(names.credentials, (await reading).get(names.credentials));

  const readFleet = async (reading: Promise<Found>): Promise<Fleet> => {
    const parts = await readList(names.instances, await reading);
    if (parts.length === 0) throw missing(names.instances, createList(names.instances));
    return parseFleet(parts);
  };

  const readList = async (name: string, found: Found): Promise<readonly Part[]> => {
    const single = found.get(name);
    return single ? [single] : inNumericOrder(name, await store.below(name));
  };

  return {
    // Who needs the list needs the secret as well; a worker needs the secret alone.
    fleet: () => {
      const kept = fleet.get();
      if (kept !== undefined) return kept;
      const isKept = secret.get() !== undefined;
      const reading = store.get([names.instances, ...(isKept ? [] : secretNames)]);
      if (!isKept) void secret.keep(readSecret(reading));
      return fleet.keep(readFleet(reading));
    },
    excluded: async () => {
      const parts = await readList(names.exclude, await store.get([names.exclude]));
      return parseFleet(parts).instanceIds;
    },
    secret: () => secret.get() ?? secret.keep(readSecret(store.get(secretNames))),
    refreshSecret: () => {
      refreshing ??= readSecret(store.get(secretNames))
        .then((fresh) => secret.keep(Promise.resolve(fresh)))
        .finally(() => {
          refreshing = undefined;
        });
      return refreshing;
    },
    password: async () =>
      parsePassword(
        names.credentials,
        (await store.get([names.credentials])).get(names.credentials),
      ),
    cursor: () => readCursor(store, names.cursor),
    moveCursor: (cursor) => writeCursor(store, names.cursor, cursor),
    writeToken: (token) => writeToken(store, clock, prefix, token),
  };
}

function createList(name: string): string {
  return `create it: npm run setup, or aws ssm put-parameter --name ${name} --type StringList --value <id>,<id>`;
}
