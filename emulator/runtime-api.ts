import type { ServerResponse } from 'node:http';
import { type CloudServer, readBody, startCloudServer } from './server.ts';

interface InvocationError {
  readonly errorType: string;
  readonly errorMessage: string;
}

export type InvocationResult =
  | { readonly ok: true; readonly response: unknown }
  | { readonly ok: false; readonly error: InvocationError };

export interface RuntimeApi extends CloudServer {
  /** Gives one event to the runtime and waits for its answer. */
  invoke(event: unknown, timeoutMs: number): Promise<InvocationResult>;
  /** Ends the running invocation with an error of the platform, such as a timeout. */
  abort(error: InvocationError): void;
}

interface Invocation {
  readonly requestId: string;
  readonly event: string;
  readonly deadlineMs: number;
  readonly resolve: (result: InvocationResult) => void;
}

const base = '/2018-06-01/runtime';

/** The server side of the Lambda Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). */
export async function startRuntimeApi(functionName: string): Promise<RuntimeApi> {
  let waiting: Invocation | undefined;
  let running: Invocation | undefined;
  let poll: ServerResponse | undefined;

  const deliver = (): void => {
    if (!waiting || !poll) return;
    running = waiting;
    waiting = undefined;
    poll.writeHead(200, {
      'Content-Type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': running.requestId,
      'Lambda-Runtime-Deadline-Ms': String(running.deadlineMs),
      'Lambda-Runtime-Invoked-Function-Arn': `arn:aws:lambda:eu-central-1:000000000000:function:${functionName}`,
      'Lambda-Runtime-Trace-Id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
    });
    poll.end(running.event);
    poll = undefined;
  };

  const finish = (result: InvocationResult): void => {
    const invocation = running ?? waiting;
    running = undefined;
    waiting = undefined;
    invocation?.resolve(result);
  };

  const server = await startCloudServer(async (request, response) => {
    const body = await readBody(request);
    const [action, requestId, kind] = (request.url ?? '')
      .slice(`${base}/`.length)
      .split('/')
      .slice(0, 3);
    if (action === 'invocation' && requestId === 'next') {
      poll = response;
      return deliver();
    }
    const isCurrent = running !== undefined && requestId === running.requestId;
    if (action === 'invocation' && isCurrent && kind === 'response') {
      finish({ ok: true, response: JSON.parse(body || 'null') });
    } else if (action === 'init' || (isCurrent && kind === 'error')) {
      finish({ ok: false, error: JSON.parse(body) });
    } else {
      response.writeHead(400);
    }
    response.end();
  });

  return {
    ...server,
    abort: (error) => finish({ ok: false, error }),
    invoke: (event, timeoutMs) =>
      new Promise((resolve) => {
        const requestId = crypto.randomUUID();
        const deadlineMs = Date.now() + timeoutMs;
        waiting = { requestId, event: JSON.stringify(event), deadlineMs, resolve };
        deliver();
      }),
    close: async () => {
      poll?.destroy();
      await server.close();
    },
  };
}
