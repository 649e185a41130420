import { fileURLToPath } from 'node:url';
import { environmentOf } from '../cli/target.ts';
import { type Cloud, followQueue, startCloud, syncQueue } from '../emulator/cloud.ts';
import { startLambda } from '../emulator/lambda.ts';

/** Average bytes of a log line, line feed included, by its message; `metrics` for those of EMF. */
export type LineBytes = ReadonlyMap<string, number>;

const taskRoot = fileURLToPath(new URL('..', import.meta.url));
// As long as the names that a deployment gives.
const names = { POWERTOOLS_SERVICE_NAME: 'ddm-sync-prod' };

/** What the packaged functions write to their logs: real lines, measured. */
export async function measureLogLines(): Promise<LineBytes> {
  const cloud = await startCloud({ instances: 400, latencyMs: 20, failShare: 0.1 });
  const lines: string[] = [];
  const invoke = async (
    functionName: string,
    event: unknown,
    env: Readonly<Record<string, string>> = {},
  ) => {
    const lambda = await startLambda({
      functionName,
      taskRoot,
      env: { ...environmentOf(cloud), ...names, SYNC_RATE_PER_SECOND: '500', ...env },
      onLine: (line) => void lines.push(line),
    });
    await lambda.invoke(event);
    await lambda.stop();
  };
  await invoke('rotate-token', {});
  await invoke('scheduled', {}, { SYNC_INLINE_MAX: '200' });
  await invoke('worker', batchOf(cloud, syncQueue));
  await invoke('follow', batchOf(cloud, followQueue));
  await cloud.close();
  return average(lines);
}

function batchOf(cloud: Cloud, queue: string): unknown {
  return {
    Records: cloud.sqs
      .messages(queue)
      .slice(0, 100)
      .map(({ body }, index) => ({
        messageId: `message-${index}`,
        receiptHandle: `handle-${index}`,
        body,
        attributes: { ApproximateReceiveCount: '1' },
        eventSourceARN: `arn:aws:sqs:eu-central-1:000000000000:${queue}`,
      })),
  };
}

function average(lines: readonly string[]): LineBytes {
  const byMessage = Map.groupBy(lines, (line) => {
    const { message = 'metrics' } = JSON.parse(line) as { readonly message?: string };
    return message;
  });
  const bytes = (line: string): number => Buffer.byteLength(line) + 1;
  return new Map(
    [...byMessage].map(([message, found]) => [
      message,
      found.map(bytes).reduce((sum, size) => sum + size, 0) / found.length,
    ]),
  );
}
