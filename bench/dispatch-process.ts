// Sends messages to the queue: with lib/aws/queue.ts, or with the loop that one writes by hand.
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { createQueue, createSqsClient } from '../lib/aws/queue.ts';
import { systemClock } from '../lib/clock.ts';
import { recordRuns } from './record-runs.ts';

const { env } = process;
const [kind] = process.argv.slice(2);
const url = env.QUEUE_URL ?? '';
const sqs = createSqsClient();
const total = Number(env.MESSAGES);
const entries = Array.from({ length: total }, (_, index) => ({
  message: {
    instanceId: `${index.toString(16).padStart(32, '0')}in09`,
    trigger: 'schedule',
    runId: '8f6a9a3e-0b5c-4b0e-9f1f-2a8a1d1f5b10',
  } as const,
  delaySeconds: 0,
}));

async function sendOurs(): Promise<number> {
  const queue = createQueue({ sqs, url, clock: systemClock, random: Math.random });
  const { refused } = await queue.send(entries, systemClock.monotonic() + 600_000);
  return refused.length;
}

async function sendBare(): Promise<number> {
  let position = 0;
  let failed = 0;
  const loop = async (): Promise<void> => {
    while (position < total) {
      const batch = entries.slice(position, position + 10);
      position += 10;
      const { Failed = [] } = await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: url,
          Entries: batch.map(({ message }, index) => ({
            Id: String(index),
            MessageBody: JSON.stringify(message),
          })),
        }),
      );
      failed += Failed.length;
    }
  };
  await Promise.all(Array.from({ length: 20 }, loop));
  return failed;
}

await recordRuns(1, async () => {
  const startedAt = performance.now();
  const failed = await (kind === 'ours' ? sendOurs() : sendBare());
  const durationMs = performance.now() - startedAt;
  return { total, accepted: total - failed, failed, durationMs };
});
sqs.destroy();
