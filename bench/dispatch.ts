import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { createQueue, createSqsClient, type QueueEntry } from '../lib/aws/queue.ts';
import { systemClock } from '../lib/clock.ts';
import type { QueueMessage } from '../lib/queue/message.ts';
import { send } from '../lib/queue/sender.ts';
import { measureFunction, measureModule } from './measure.ts';
import { compare, seconds } from './numbers.ts';

const messages = 100_000;

/** Messages a second into the queue, by ours and by a bare loop over the SDK's client. */
export async function* dispatch() {
  yield 'dispatch of 100,000 messages, 20 batches of ten in flight; medians of 3';
  const measure = (name: 'sendOurs' | 'sendBare') => async () => {
    const { runs } = await measureModule(import.meta.url, name, { cloud: { instances: 1 } });
    return runs[0]?.durationMs ?? Number.NaN;
  };
  const [oursMs, bareMs] = await compare(3, measure('sendOurs'), measure('sendBare'));
  const rate = (ms: number): string => `${(messages / (ms / 1_000)).toFixed(0)} messages/s`;
  yield `ddm-sync                 ${rate(oursMs)}  ${(bareMs / oursMs).toFixed(2)} of the bare SDK loop  (aim 0.9)`;
  yield `bare SDK loop            ${rate(bareMs)}`;
  const env = { SYNC_INLINE_MAX: '0' };
  const { runs } = await measureFunction('scheduled', { cloud: { instances: messages }, env });
  for (const { durationMs, report } of runs) {
    yield `a whole scheduled run    ${report.queued} queued in ${seconds(durationMs)}, log lines and list included`;
  }
}

/** Runs in the measured process, as `sendBare` does. */
export function sendOurs() {
  return time(async (sqs, url, entries) => {
    const sender = { clock: systemClock, random: Math.random };
    const queue = createQueue(sqs, url);
    const { refused } = await send(sender, queue, entries, AbortSignal.timeout(600_000));
    return refused.length;
  });
}

export function sendBare() {
  return time(async (sqs, QueueUrl, entries) => {
    let position = 0;
    let failed = 0;
    const loop = async (): Promise<void> => {
      while (position < entries.length) {
        const batch = entries.slice(position, position + 10);
        position += 10;
        const Entries = batch.map(({ message }, index) => ({
          Id: String(index),
          MessageBody: JSON.stringify(message),
        }));
        const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
        failed += Failed.length;
      }
    };
    await Promise.all(Array.from({ length: 20 }, loop));
    return failed;
  });
}

async function time(
  send: (
    sqs: SQSClient,
    url: string,
    entries: readonly QueueEntry<QueueMessage>[],
  ) => Promise<number>,
) {
  const entries = Array.from({ length: messages }, (_, index) => ({
    message: {
      instanceId: `${index.toString(16).padStart(32, '0')}in09`,
      trigger: 'schedule',
      runId: '8f6a9a3e-0b5c-4b0e-9f1f-2a8a1d1f5b10',
    } as const,
    delaySeconds: 0,
  }));
  const sqs = createSqsClient();
  const startedAt = performance.now();
  const failed = await send(sqs, process.env.SYNC_QUEUE_URL ?? '', entries);
  if (failed > 0) throw new Error(`the queue refused ${failed} messages`);
  return { durationMs: performance.now() - startedAt };
}
