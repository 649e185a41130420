import { createHash } from 'node:crypto';
import { maxPartCharacters, splitValue } from '../lib/aws/parts.ts';
import { type AwsJsonServer, Refusal, startAwsJson } from './aws-json.ts';

export interface StoredParameter {
  readonly name: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
  /** The KMS key that encrypts it. @default the account's own */
  readonly keyId?: string | undefined;
  /** @default 1 */
  readonly version?: number;
}

export interface SsmServer extends AwsJsonServer {
  put(parameter: StoredParameter): void;
  delete(name: string): void;
  value(name: string): string | undefined;
  /** Everything stored, by name. */
  readonly parameters: ReadonlyMap<string, StoredParameter>;
}

const pageSize = 10;

/** SSM Parameter Store, as far as ddm-sync uses it. */
export async function startSsm(): Promise<SsmServer> {
  const store = new Map<string, StoredParameter>();

  const operations: Readonly<Record<string, (input: Input) => unknown>> = {
    GetParameters: ({ Names = [], WithDecryption }) => {
      checkNames(Names);
      const found = [...new Set(Names)].flatMap((name) => store.get(name) ?? []);
      return {
        Parameters: found.map((parameter) => toWire(parameter, WithDecryption)),
        InvalidParameters: Names.filter((name) => !store.has(name)),
      };
    },
    GetParametersByPath: ({
      MaxResults = pageSize,
      NextToken = '0',
      Path = '',
      WithDecryption,
    }) => {
      if (!Path.startsWith('/')) throw new Refusal('ValidationException');
      if (MaxResults < 1 || MaxResults > pageSize) throw new Refusal('ValidationException');
      const start = Number(NextToken);
      if (Number.isNaN(start)) throw new Refusal('InvalidNextToken');
      const path = Path.replace(/\/$/, '');
      // The service promises no order; by name, 10 comes before 2.
      const below = [...store.values()]
        .filter(({ name }) => name.slice(0, name.lastIndexOf('/')) === path)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const next = start + MaxResults;
      return {
        Parameters: below.slice(start, next).map((one) => toWire(one, WithDecryption)),
        ...(next < below.length && { NextToken: String(next) }),
      };
    },
    PutParameter: ({ KeyId, Name = '', Overwrite, Tier = 'Standard', Type, Value = '' }) => {
      checkName(Name);
      // The Advanced tier is never used: this cloud has none.
      if (Tier !== 'Standard' || Value === '' || Value.length > maxPartCharacters) {
        throw new Refusal('ValidationException');
      }
      const before = store.get(Name);
      const type = Type ?? before?.type;
      if (!type) throw new Refusal('ValidationException');
      if (before && !Overwrite) throw new Refusal('ParameterAlreadyExists');
      if (before && before.type !== type) throw new Refusal('HierarchyTypeMismatchException');
      const version = (before?.version ?? 0) + 1;
      store.set(Name, { name: Name, type, value: Value, keyId: KeyId, version });
      return { Version: version, Tier };
    },
    DeleteParameters: ({ Names = [] }) => {
      checkNames(Names);
      const InvalidParameters = Names.filter((name) => !store.has(name));
      return { DeletedParameters: Names.filter((name) => store.delete(name)), InvalidParameters };
    },
  };

  const server = await startAwsJson<Input>({
    target: 'AmazonSSM',
    answer: (operation, input) => {
      const answer = operations[operation];
      if (!answer) throw new Refusal('UnknownOperationException');
      return answer(input);
    },
  });

  return Object.assign(server, {
    put: (parameter: StoredParameter) => {
      if (parameter.value.length > maxPartCharacters) {
        throw new RangeError(`${parameter.name}: a standard parameter holds 4096 characters`);
      }
      store.set(parameter.name, parameter);
    },
    delete: (name: string) => {
      store.delete(name);
    },
    value: (name: string) => store.get(name)?.value,
    parameters: store,
  });
}

interface Input {
  readonly Name?: string;
  readonly Value?: string;
  readonly Type?: StoredParameter['type'];
  readonly Tier?: string;
  readonly KeyId?: string;
  readonly Overwrite?: boolean;
  readonly WithDecryption?: boolean;
  readonly Names?: readonly string[];
  readonly Path?: string;
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

/** @throws {Refusal} */
function checkNames(names: readonly string[]): void {
  if (names.length === 0 || names.length > pageSize) throw new Refusal('ValidationException');
}

/** @throws {Refusal} */
function checkName(name: string): void {
  if (/^\/aws(\/|$)/i.test(name)) throw new Refusal('AccessDeniedException');
  const isUsable = /^(?!\/?(aws|ssm))(\/[\w.-]+|[\w.-]+$)+$/i.test(name);
  if (!isUsable) throw new Refusal('ValidationException');
}

function toWire({ name, type, value, version = 1 }: StoredParameter, withDecryption = false) {
  const isEncrypted = type === 'SecureString' && !withDecryption;
  return {
    Name: name,
    Type: type,
    Value: isEncrypted ? createHash('sha256').update(value).digest('base64') : value,
    Version: version,
    ARN: `arn:aws:ssm:eu-central-1:000000000000:parameter${name}`,
    LastModifiedDate: 1_795_402_800,
    DataType: 'text',
  };
}

/** Splits a long value into parameters `<name>/1`, `<name>/2`, ...; a short one stays whole. */
export function splitParameter(
  { name, type, value }: StoredParameter,
  separator = '',
): StoredParameter[] {
  const parts = splitValue(value, separator);
  if (parts.length === 1) return [{ name, type, value }];
  return parts.map((part, index) => ({ name: `${name}/${index + 1}`, type, value: part }));
}
