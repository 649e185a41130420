import {
  DeleteParametersCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  type Parameter,
  PutParameterCommand,
  SSMClient,
  type SSMClientConfig,
} from '@aws-sdk/client-ssm';
import { untilAborted } from '../deadline.ts';
import { ParameterError } from '../errors.ts';
import type { ParameterType, Part } from './parts.ts';

/**
 * SSM Parameter Store, for as long as its signal has not aborted. Every method throws a ParameterError that
 * names the parameter and the remedy.
 */
export interface ParameterStore {
  /** The parameters that exist, decrypted; at most 10 names. */
  get(names: readonly string[]): Promise<ReadonlyMap<string, Part>>;
  /** All parameters directly below a path, decrypted, in any order. */
  below(path: string): Promise<readonly Part[]>;
  put(parameter: Part, type: ParameterType): Promise<void>;
  /** Names that do not exist are ignored. */
  remove(names: readonly string[]): Promise<void>;
}

/** Limit of GetParameters, GetParametersByPath and DeleteParameters. */
export const maxNames = 10;

// Retries are set explicitly, so that an SDK update cannot change them. Parameter Store allows 40 calls a
// second per account and region: many environments that start at once need more than the default 3.
const clientDefaults = {
  retryMode: 'standard',
  maxAttempts: 10,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
} as const satisfies SSMClientConfig;

export function createSsmClient(config: SSMClientConfig = {}): SSMClient {
  return new SSMClient({ ...clientDefaults, ...config });
}

/**
 * @param signal of the phase of the invocation in which the store is used
 * @param keyId of a customer managed KMS key; absent: the account's key aws/ssm
 */
export function createParameterStore(
  ssm: SSMClient,
  signal: AbortSignal,
  keyId?: string,
): ParameterStore {
  const options = { abortSignal: signal };
  return {
    get: async (names) => {
      const command = new GetParametersCommand({ Names: [...names], WithDecryption: true });
      const { Parameters = [] } = await untilAborted(ssm.send(command, options), signal).catch(
        failReading(names.join(', ')),
      );
      return new Map(Parameters.map(toPart).map((part) => [part.name, part]));
    },

    below: async (path) => {
      const parts: Part[] = [];
      let nextToken: string | undefined;
      do {
        const command = new GetParametersByPathCommand({
          Path: path,
          WithDecryption: true,
          MaxResults: maxNames,
          ...(nextToken && { NextToken: nextToken }),
        });
        const page = await untilAborted(ssm.send(command, options), signal).catch(
          failReading(path),
        );
        parts.push(...(page.Parameters ?? []).map(toPart));
        nextToken = page.NextToken;
      } while (nextToken);
      return parts;
    },

    put: async ({ name, value }, type) => {
      const command = new PutParameterCommand({
        Name: name,
        Value: value,
        Type: type,
        Overwrite: true,
        Tier: 'Standard', // whatever the account's default: the Advanced tier costs money
        ...(type === 'SecureString' && keyId && { KeyId: keyId }),
      });
      await untilAborted(ssm.send(command, options), signal).catch(failWriting(name));
    },

    remove: async (names) => {
      for (let at = 0; at < names.length; at += maxNames) {
        const some = names.slice(at, at + maxNames);
        const command = new DeleteParametersCommand({ Names: some });
        await untilAborted(ssm.send(command, options), signal).catch(failWriting(some.join(', ')));
      }
    },
  };
}

function toPart({ Name = '', Type, Value = '' }: Parameter): Part {
  return {
    name: Name,
    value: Value,
    type: Type,
  };
}

// The AWS error itself is not kept as the cause: only its name is useful, and the rest may contain secrets.
function failReading(names: string) {
  return (error: unknown) => {
    const reason = reasonOf(error);
    const remedy = /AccessDenied/.test(reason)
      ? "allow the function's role ssm:GetParameters and ssm:GetParametersByPath on it, and kms:Decrypt on its key"
      : 'Parameter Store returned an error or no answer; the next run tries again';
    throw unavailable(names, `Reading ${names} failed: ${reason}; ${remedy}`);
  };
}

function failWriting(names: string) {
  return (error: unknown) => {
    const reason = reasonOf(error);
    const remedy = /AccessDenied/.test(reason)
      ? 'allow ssm:PutParameter and ssm:DeleteParameters on it, and kms:Encrypt on its key'
      : 'Parameter Store did not accept it; run it again';
    throw unavailable(names, `Writing ${names} failed: ${reason}; ${remedy}`);
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return error.name === 'AbortError' ? 'no answer in time' : error.name;
}

function unavailable(names: string, message: string): ParameterError {
  return new ParameterError('SSM_UNAVAILABLE', names, message);
}
