import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type CloudOptions, startCloud } from '../emulator/cloud.ts';
import { environmentOf } from '../emulator/environment.ts';
import { type EventSourceOptions, startEventSource } from '../emulator/event-source.ts';
import { startLambda } from '../emulator/lambda.ts';

interface PackagedOptions extends CloudOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

/** An embedded cloud, and packaged functions against it: `await using` ends them all. */
export async function startPackaged({ env, onLine = () => {}, ...options }: PackagedOptions) {
  const running = new AsyncDisposableStack();
  const cloud = await startCloud(options);
  running.defer(cloud.close);
  const common = {
    taskRoot: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...environmentOf(cloud), ...env },
    onLine,
  };
  const start = async (functionName: string) => {
    const lambda = await startLambda({ ...common, functionName });
    running.defer(lambda.stop);
    return lambda;
  };
  return {
    cloud,
    start,
    /** One invocation in a process that ends with it. */
    invoke: async (functionName: string, event: unknown = {}) => {
      const lambda = await start(functionName);
      const result = await lambda.invoke(event);
      await lambda.stop();
      return result;
    },
    /** Has a function work on a queue. */
    work: (queueUrl: string, source: Partial<EventSourceOptions> = {}) => {
      const worker = { ...common, timeoutMs: 60_000 };
      const defaults = { maximumConcurrency: 1, batchSize: 100, batchWindowMs: 100 };
      const started = startEventSource({ queueUrl, worker, ...defaults, ...source });
      running.defer(started.stop);
      return started;
    },
    emptied: async (queue: string, onBody: (body: string) => void = () => {}) => {
      for (;;) {
        const messages = cloud.sqs.messages(queue);
        if (messages.length === 0) return;
        for (const { body } of messages) onBody(body);
        await sleep(20);
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
