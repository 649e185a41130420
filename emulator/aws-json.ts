import { type CloudServer, readBody, sendJson, startCloudServer } from './server.ts';

export interface AwsJsonServer extends CloudServer {
  /** Calls so far by operation. */
  readonly calls: ReadonlyMap<string, number>;
  /** Faults: an error to answer every call with; a promise delays the answer. */
  fault: (operation: string) => Fault | undefined | Promise<undefined>;
}

interface Fault {
  readonly status: number;
  readonly type: string;
}

interface AwsJsonOptions<Input> {
  /** What precedes the operation in X-Amz-Target. */
  readonly target: string;
  /** What precedes the type of an error. */
  readonly errorPrefix?: string;
  /** @throws {Refusal} */
  readonly answer: (operation: string, input: Input) => unknown;
}

/** What an operation throws to answer with an error. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly type: string;
  readonly status: number;

  constructor(type: string, status = 400) {
    super(`${type} of the embedded cloud`);
    this.type = type;
    this.status = status;
  }
}

/** A server that speaks AWS' JSON protocol. A stub of the wire format: it checks no signature and no permission. */
export async function startAwsJson<Input>({
  answer,
  errorPrefix = '',
  target,
}: AwsJsonOptions<Input>): Promise<AwsJsonServer> {
  const calls = new Map<string, number>();
  const server = await startCloudServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).replace(`${target}.`, '');
    const input: Input = JSON.parse(await readBody(request));
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    try {
      const fault = await aws.fault(operation);
      if (fault) throw new Refusal(fault.type, fault.status);
      sendJson(response, 200, await answer(operation, input));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { message, status, type } = error;
      sendJson(response, status, { __type: `${errorPrefix}${type}`, message });
    }
  });
  const aws: AwsJsonServer = { ...server, calls, fault: () => undefined };
  return aws;
}
