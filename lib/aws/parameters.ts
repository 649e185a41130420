import {
  GetParametersByPathCommand,
  GetParametersCommand,
  type Parameter,
  SSMClient,
  type SSMClientConfig,
} from '@aws-sdk/client-ssm';
import type { Clock } from '../clock.ts';
import { ParameterError } from '../errors.ts';
import { type Fleet, parseFleet } from './fleet.ts';
import { type Part, partNumber } from './part.ts';
import { parseToken } from './token.ts';

/** What the service reads from SSM Parameter Store; kept for 5 minutes at most. */
export interface Parameters {
  /** The instance list. @throws {ParameterError} */
  fleet(): Promise<Fleet>;
  /** The X-Auth-Token. @throws {ParameterError} */
  token(): Promise<string>;
  /** The token, read anew whatever is kept. @throws {ParameterError} */
  refreshToken(): Promise<string>;
}

export interface ParametersDeps {
  readonly ssm: SSMClient;
  /** Path of the parameters, without a slash at its end. */
  readonly prefix: string;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const maxAgeMs = 5 * 60_000;

// Retry behaviour is stated, so that an SDK update does not change it. Parameter Store allows 40 calls a
// second per account and region: many environments that start at once need more than the default 3.
const clientDefaults = {
  retryMode: 'standard',
  maxAttempts: 10,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
} as const satisfies SSMClientConfig;

export const createSsmClient = (config: SSMClientConfig = {}): SSMClient =>
  new SSMClient({ ...clientDefaults, ...config });

interface Kept {
  readonly parts: Promise<readonly Part[]>;
  readonly readAt: number;
}

/** Reads list and token with one call where both are single parameters; parts are read by path. */
export const createParameters = ({ ssm, prefix, clock }: ParametersDeps): Parameters => {
  const names = { instances: `${prefix}/instances`, token: `${prefix}/token` } as const;
  const kept = new Map<string, Kept>();
  let refreshing: Promise<string> | undefined;

  const isFresh = (name: string): boolean => {
    const entry = kept.get(name);
    return entry !== undefined && clock.monotonic() - entry.readAt < maxAgeMs;
  };

  const keep = (name: string, parts: Promise<readonly Part[]>): void => {
    const entry = { parts, readAt: clock.monotonic() };
    kept.set(name, entry);
    parts.catch(() => {
      if (kept.get(name) === entry) kept.delete(name); // a failed read is not kept
    });
  };

  /** The first name's parts; the other names are read along with it where they are not kept. */
  const read = (...wanted: [string, ...string[]]): Promise<readonly Part[]> => {
    const absent = wanted.filter((name) => !isFresh(name));
    if (absent.length > 0) {
      const reading = readParameters(ssm, absent);
      for (const [index, name] of absent.entries()) {
        keep(
          name,
          reading.then((found) => found[index] ?? []),
        );
      }
    }
    return kept.get(wanted[0])?.parts ?? Promise.resolve([]);
  };

  const readToken = async (): Promise<string> => {
    const [parts = []] = await readParameters(ssm, [names.token]);
    const token = parseToken(names.token, parts);
    keep(names.token, Promise.resolve(parts));
    return token;
  };

  return {
    // Who needs the list needs the token as well; a worker needs the token alone.
    fleet: async () => parseFleet(await read(names.instances, names.token)),
    token: async () => parseToken(names.token, await read(names.token)),
    refreshToken: () => {
      refreshing ??= readToken().finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
  };
};

/** Each parameter's value, in one part where it is single and in several where it is split. */
const readParameters = async (
  ssm: SSMClient,
  names: readonly string[],
): Promise<(readonly Part[])[]> => {
  const found = await readSingle(ssm, names);
  return Promise.all(names.map(async (name) => found.get(name) ?? readParts(ssm, name)));
};

const readSingle = async (
  ssm: SSMClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly Part[]>> => {
  const command = new GetParametersCommand({ Names: [...names], WithDecryption: true });
  const { Parameters = [] } = await ssm.send(command).catch((error: unknown) => {
    throw toParameterError(names.join(', '), error);
  });
  return new Map(Parameters.map(toPart).map((part) => [part.name, [part]]));
};

/** The parts `<name>/1`, `<name>/2`, ... in numeric order. */
const readParts = async (ssm: SSMClient, name: string): Promise<readonly Part[]> => {
  const parts: Part[] = [];
  let nextToken: string | undefined;
  do {
    const command = new GetParametersByPathCommand({
      Path: name,
      WithDecryption: true,
      MaxResults: 10, // the API's limit
      ...(nextToken && { NextToken: nextToken }),
    });
    const page = await ssm.send(command).catch((error: unknown) => {
      throw toParameterError(name, error);
    });
    parts.push(...(page.Parameters ?? []).map(toPart));
    nextToken = page.NextToken;
  } while (nextToken);
  if (parts.length === 0) throw missing(name);
  for (const part of parts) checkPartName(name, part.name);
  return parts.sort((a, b) => partNumber(a) - partNumber(b));
};

const toPart = ({ Name = '', Value = '' }: Parameter): Part => ({ name: Name, value: Value });

const checkPartName = (name: string, partName: string): void => {
  if (/^[1-9]\d{0,5}$/.test(partName.slice(name.length + 1))) return;
  throw new ParameterError(
    'PARAMETER_INVALID',
    partName,
    `Parameter ${partName} is in the way: below ${name} every name must be a number (${name}/1, ${name}/2, ...); delete or rename it`,
  );
};

const missing = (name: string): ParameterError =>
  new ParameterError(
    'PARAMETER_MISSING',
    name,
    `Parameter ${name} does not exist, nor any part ${name}/1, ${name}/2, ...; create it: aws ssm put-parameter --name ${name} --type ${name.endsWith('/token') ? 'SecureString' : 'StringList'} --value ...`,
  );

// The AWS error itself is not kept as the cause: only its name says something, and nothing else is safe.
const toParameterError = (names: string, error: unknown): ParameterError => {
  const reason = error instanceof Error ? error.name : 'unknown error';
  const remedy = /AccessDenied/.test(reason)
    ? "allow the function's role ssm:GetParameters and ssm:GetParametersByPath on it, and kms:Decrypt on its key"
    : 'Parameter Store did not answer as it should; the next run tries again';
  return new ParameterError(
    'SSM_UNAVAILABLE',
    names,
    `Reading ${names} failed: ${reason}; ${remedy}`,
  );
};
