import { maxPartCharacters, splitValue } from '../lib/aws/parts.ts';
import { type AwsJsonServer, Refusal, startAwsJson } from './aws-json.ts';

export interface StoredParameter {
  readonly name: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
  /** The KMS key that encrypts it. @default the account's own */
  readonly keyId?: string | undefined;
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
    GetParameters: ({ Names = [] }) => {
      if (Names.length === 0 || Names.length > pageSize) throw new Refusal('ValidationException');
      return {
        Parameters: Names.flatMap((name) => toWire(store.get(name))),
        InvalidParameters: Names.filter((name) => !store.has(name)),
      };
    },
    GetParametersByPath: ({ Path = '', NextToken = '0', MaxResults = pageSize }) => {
      const start = Number(NextToken);
      // The service promises no order; by name, 10 comes before 2.
      const below = [...store.values()]
        .filter(({ name }) => name.slice(0, name.lastIndexOf('/')) === Path)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const next = start + Math.min(MaxResults, pageSize);
      return {
        Parameters: below.slice(start, next).flatMap(toWire),
        ...(next < below.length && { NextToken: String(next) }),
      };
    },
    PutParameter: ({ KeyId, Name = '', Overwrite, Tier, Type = 'String', Value = '' }) => {
      if (Value === '' || Tier !== 'Standard') throw new Refusal('ValidationException');
      if (Value.length > maxPartCharacters) throw new Refusal('ValidationException');
      const before = store.get(Name);
      if (before && !Overwrite) throw new Refusal('ParameterAlreadyExists');
      if (before && before.type !== Type) throw new Refusal('ValidationException');
      store.set(Name, { name: Name, type: Type, value: Value, keyId: KeyId });
      return { Version: 1, Tier };
    },
    DeleteParameters: ({ Names = [] }) => {
      if (Names.length > pageSize) throw new Refusal('ValidationException');
      const DeletedParameters = Names.filter((name) => store.delete(name));
      return { DeletedParameters };
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
  readonly Names?: readonly string[];
  readonly Path?: string;
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

function toWire(parameter: StoredParameter | undefined) {
  return parameter === undefined
    ? []
    : [
        {
          Name: parameter.name,
          Type: parameter.type,
          Value: parameter.value,
          Version: 1,
          ARN: `arn:aws:ssm:eu-central-1:000000000000:parameter${parameter.name}`,
          LastModifiedDate: 1_795_402_800,
          DataType: 'text',
        },
      ];
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
