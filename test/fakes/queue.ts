import type { Queue, QueueEntry, VisibilityChange } from '../../lib/aws/queue.ts';
import type { QueueMessage } from '../../lib/queue/message.ts';

export interface FakeQueue extends Queue {
  readonly sent: readonly QueueEntry[];
  readonly delayed: readonly VisibilityChange[];
}

/** Takes every message but those for the refused ids ("fleet", "follow" for messages without one); keeps what it was given. */
export function createFakeQueue(refuse: (id: string) => boolean = () => false): FakeQueue {
  const sent: QueueEntry[] = [];
  const delayed: VisibilityChange[] = [];
  return {
    sent,
    delayed,
    send: async (entries) => {
      const isRefused = ({ message }: QueueEntry): boolean => refuse(subjectOf(message));
      const refused = entries.filter(isRefused);
      sent.push(...entries.filter((entry) => !isRefused(entry)));
      return { refused, ...(refused.length > 0 && { reason: 'refused by the fake' }) };
    },
    delay: async (redeliveries) => {
      delayed.push(...redeliveries);
      return 0;
    },
  };
}

function subjectOf(message: QueueMessage): string {
  if ('fleet' in message) return 'fleet';
  if ('round' in message) return 'follow';
  return 'dataNodeId' in message ? message.dataNodeId : message.instanceId;
}
