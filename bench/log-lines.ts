import { followQueue, syncQueue } from '../emulator/cloud.ts';
import { toBatch } from './events.ts';
import { startPackaged } from './packaged.ts';

/** Average bytes of a log line, line feed included, by its message; `metrics` for those of EMF. */
export type LineBytes = ReadonlyMap<string, number>;

/** What the packaged functions write to their logs: real lines, measured. */
export async function measureLogLines(): Promise<LineBytes> {
  const lines: string[] = [];
  await using packaged = await startPackaged({
    instances: 400,
    latencyMs: 20,
    failShare: 0.1,
    // The name is as long as one that a deployment gives.
    env: {
      POWERTOOLS_SERVICE_NAME: 'ddm-sync-prod',
      SYNC_RATE_PER_SECOND: '500',
      SYNC_INLINE_MAX: '200',
    },
    onLine: (line) => void lines.push(line),
  });
  const batchOf = (queue: string) =>
    toBatch(
      packaged.cloud.sqs
        .messages(queue)
        .map(({ body }) => body)
        .slice(0, 100),
    );
  await packaged.invoke('rotate-token');
  await packaged.invoke('scheduled');
  await packaged.invoke('worker', batchOf(syncQueue));
  await packaged.invoke('follow', batchOf(followQueue));
  const byMessage = Map.groupBy(lines, (line): string => JSON.parse(line).message ?? 'metrics');
  return new Map([...byMessage].map(([message, found]) => [message, averageBytes(found)]));
}

function averageBytes(lines: readonly string[]): number {
  return Buffer.byteLength(`${lines.join('\n')}\n`) / lines.length;
}
