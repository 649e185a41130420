import type { App } from '../app.ts';
import type { Queue, VisibilityChange } from '../aws/queue.ts';
import type { RetryClass } from '../huawei/error-codes.ts';
import { outOfTime } from '../sync/engine.ts';
import type { Asks } from './requests.ts';
import type { HandedOver, HandOver } from './sender.ts';

const baseDelaySeconds: Readonly<Record<RetryClass, number | undefined>> = {
  permanent: undefined,
  retry: 15,
  throttled: 15,
  later: 60, // a busy instance: long enough for most operations, FAULTS.md section 3
  auth: 300, // until somebody, or the next rotation, has put a valid token there
};
const noTurnDelaySeconds = 2;
const maxDelaySeconds = 900;

export interface Redelivery extends HandOver {
  readonly messageIds: readonly string[];
}

/** Hands messages back to the queue they came from; their delay doubles with every delivery. */
export function createRedelivery(
  { clock, log, random }: App,
  queue: Queue,
  asks: Asks,
): Redelivery {
  const messageIds: string[] = [];
  const backoff = (baseSeconds: number, receiveCount: number): number => {
    const full = Math.min(maxDelaySeconds, baseSeconds * 2 ** (receiveCount - 1));
    return Math.ceil(full * (0.5 + random() / 2));
  };

  const toMessages = ({ delaySeconds, instanceId }: HandedOver) =>
    (asks.get(instanceId) ?? [])
      .flatMap(({ deliveries }) => deliveries)
      .map((delivery) => ({ ...delivery, base: delaySeconds || noTurnDelaySeconds }));

  return {
    messageIds,
    delaySeconds: ({ retryClass }) => baseDelaySeconds[retryClass],
    take: async (instances, deadlineAt) => {
      // A message about a data node asks for several instances, and comes back once.
      const byHandle = new Map<string, VisibilityChange>();
      for (const { base, messageId, receiptHandle, receiveCount } of instances.flatMap(
        toMessages,
      )) {
        messageIds.push(messageId);
        byHandle.set(receiptHandle, { receiptHandle, delaySeconds: backoff(base, receiveCount) });
      }
      const redeliveries = [...byHandle.values()];
      const remainingMs = Math.max(0, deadlineAt - clock.monotonic());
      const cancel = new AbortController();
      const unset = await Promise.race([
        queue.delay(redeliveries, deadlineAt).catch(() => redeliveries.length),
        clock.sleep(remainingMs, cancel.signal).then(() => redeliveries.length),
      ]);
      cancel.abort();
      if (unset > 0) log.warning('redelivery delay not set', { messages: unset });
      return { refused: new Set(), failure: outOfTime };
    },
  };
}
