import { maxPartCharacters, splitValue } from '../lib/aws/parts.ts';
import { type CloudServer, readBody, sendJson, startCloudServer } from './server.ts';

export interface StoredParameter {
  readonly name: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
  /** The KMS key that encrypts it; absent: the account's own. */
  readonly keyId?: string | undefined;
}

export interface SsmServer extends CloudServer {
  put(parameter: StoredParameter): void;
  delete(name: string): void;
  value(name: string): string | undefined;
  /** Everything stored, by name. */
  readonly parameters: ReadonlyMap<string, StoredParameter>;
  /** Calls so far by operation. */
  readonly calls: ReadonlyMap<string, number>;
  /** Faults: an error type to answer with, or undefined; asked for every call. */
  fault: (operation: string) => SsmFault | undefined | Promise<SsmFault | undefined>;
}

interface SsmFault {
  readonly status: number;
  readonly type: string;
}

const pageSize = 10;

/**
 * SSM Parameter Store's JSON protocol, as far as ddm-sync speaks it: GetParameters,
 * GetParametersByPath, PutParameter and DeleteParameters. A stub of the wire format: it checks no signature and no permission.
 */
export async function startSsm(): Promise<SsmServer> {
  const store = new Map<string, StoredParameter>();
  const calls = new Map<string, number>();

  const operations: Readonly<Record<string, (input: Input) => unknown>> = {
    GetParameters: ({ Names = [] }) => {
      if (Names.length === 0 || Names.length > pageSize) return refuse('ValidationException');
      return {
        Parameters: Names.flatMap((name) => toWire(store.get(name))),
        InvalidParameters: Names.filter((name) => !store.has(name)),
      };
    },
    GetParametersByPath: ({ Path = '', NextToken = '0', MaxResults = pageSize }) => {
      const start = Number(NextToken);
      // The service answers in no order that means anything: by name, so that 10 comes before 2.
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
      if (Value === '' || Tier !== 'Standard') return refuse('ValidationException');
      if (Value.length > maxPartCharacters) return refuse('ValidationException');
      const before = store.get(Name);
      if (before && !Overwrite) return refuse('ParameterAlreadyExists');
      if (before && before.type !== Type) return refuse('ValidationException');
      store.set(Name, { name: Name, type: Type, value: Value, keyId: KeyId });
      return { Version: 1, Tier };
    },
    DeleteParameters: ({ Names = [] }) => {
      if (Names.length > pageSize) return refuse('ValidationException');
      const DeletedParameters = Names.filter((name) => store.delete(name));
      return { DeletedParameters };
    },
  };

  const server = await startCloudServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).replace('AmazonSSM.', '');
    const input: Input = JSON.parse(await readBody(request));
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    const fault = await ssm.fault(operation);
    if (fault) return sendError(fault.status, fault.type);
    const answer = operations[operation];
    if (!answer) return sendError(400, 'UnknownOperationException');
    const body = answer(input);
    if (body instanceof Refusal) return sendError(400, body.type);
    sendJson(response, 200, body, { 'Content-Type': 'application/x-amz-json-1.1' });

    function sendError(status: number, type: string): void {
      sendJson(response, status, { __type: type, message: `${type} of the embedded cloud` });
    }
  });

  const ssm: SsmServer = {
    ...server,
    calls,
    fault: () => undefined,
    put: (parameter) => {
      if (parameter.value.length > maxPartCharacters) {
        throw new RangeError(`${parameter.name}: a standard parameter holds 4096 characters`);
      }
      store.set(parameter.name, parameter);
    },
    delete: (name) => {
      store.delete(name);
    },
    value: (name) => store.get(name)?.value,
    parameters: store,
  };
  return ssm;
}

class Refusal {
  readonly type: string;

  constructor(type: string) {
    this.type = type;
  }
}

function refuse(type: string): Refusal {
  return new Refusal(type);
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

/** Cuts a long value into parameters `<name>/1`, `<name>/2`, ..., or keeps it whole where it fits. */
export function splitParameter(
  { name, type, value }: StoredParameter,
  separator = '',
): StoredParameter[] {
  const parts = splitValue(value, separator);
  if (parts.length === 1) return [{ name, type, value }];
  return parts.map((part, index) => ({ name: `${name}/${index + 1}`, type, value: part }));
}
