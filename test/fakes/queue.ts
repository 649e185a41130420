import type { Queue, SendOptions, SyncMessage } from '../../lib/dispatch.ts';

export interface FakeQueue extends Queue {
  readonly sent: readonly (SyncMessage & SendOptions)[];
}

/** Takes every message but those for the refused instances. */
export const createFakeQueue = (
  refuse: (instanceId: string) => boolean = () => false,
): FakeQueue => {
  const sent: (SyncMessage & SendOptions)[] = [];
  return {
    sent,
    send: async (messages, options) => {
      for (const message of messages) {
        if (!refuse(message.instanceId)) sent.push({ ...message, ...options });
      }
      return messages.map(({ instanceId }) => instanceId).filter(refuse);
    },
  };
};
