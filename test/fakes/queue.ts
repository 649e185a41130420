import type { BatchResult, Queue, QueueEntry, Redelivery } from '../../lib/aws/queue.ts';
import type { QueueMessage } from '../../lib/queue/message.ts';

export interface FakeQueue extends Queue {
  readonly sent: readonly QueueEntry<QueueMessage>[];
  readonly delayed: readonly Redelivery[];
}

/** Takes every message but those for the refused ids ("fleet", "follow" for messages without one); keeps what it was given. */
export function createFakeQueue(refuse: (id: string) => boolean = () => false): FakeQueue {
  const sent: QueueEntry<QueueMessage>[] = [];
  const delayed: Redelivery[] = [];
  return {
    sent,
    delayed,
    sendBatch: async (batch) => {
      const entries = batch as readonly QueueEntry<QueueMessage>[];
      const isRefused = ({ message }: QueueEntry<QueueMessage>): boolean =>
        refuse(subjectOf(message));
      sent.push(...entries.filter((entry) => !isRefused(entry)));
      return refuseSome(entries, isRefused);
    },
    size: async () => sent.length,
    delayBatch: async (redeliveries) => {
      delayed.push(...redeliveries);
      return { failed: [] };
    },
  };
}

/** The answer of a queue that takes every entry but these, and would refuse them again. */
export function refuseSome<Entry>(
  entries: readonly Entry[],
  isRefused: (entry: Entry) => boolean,
): BatchResult {
  const failed = entries.flatMap((entry, index) =>
    isRefused(entry) ? [{ index, isFinal: true }] : [],
  );
  return { failed, ...(failed.length > 0 && { reason: 'refused by the fake' }) };
}

function subjectOf(message: QueueMessage): string {
  if ('fleet' in message) return 'fleet';
  if ('round' in message) return 'follow';
  return 'dataNodeId' in message ? message.dataNodeId : message.instanceId;
}
