import type { Queue, QueueEntry, VisibilityChange } from '../../lib/aws/queue.ts';

export interface FakeQueue extends Queue {
  readonly sent: readonly QueueEntry[];
  readonly delayed: readonly VisibilityChange[];
}

/** Takes every message but those for the refused instances ("fleet" for all); keeps what it was given. */
export const createFakeQueue = (
  refuse: (instanceId: string) => boolean = () => false,
): FakeQueue => {
  const sent: QueueEntry[] = [];
  const delayed: VisibilityChange[] = [];
  return {
    sent,
    delayed,
    send: async (entries) => {
      const isRefused = ({ message }: QueueEntry): boolean =>
        refuse('instanceId' in message ? message.instanceId : 'fleet');
      const refused = entries.filter(isRefused);
      sent.push(...entries.filter((entry) => !isRefused(entry)));
      return { refused, ...(refused.length > 0 && { reason: 'refused by the fake' }) };
    },
    delay: async (redeliveries) => {
      delayed.push(...redeliveries);
      return 0;
    },
  };
};
