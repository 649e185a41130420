import type { App } from '../app.ts';
import type { Queue, Redelivery } from '../aws/queue.ts';
import type { Deadline } from '../deadline.ts';
import type { HandOver } from '../sync/engine.ts';
import { noTurnSeconds, policyFor, unfinished } from '../sync/failure-policy.ts';
import type { Task } from '../sync/tasks.ts';
import type { SyncRequests } from './requests.ts';
import { delay } from './sender.ts';

const maxDelaySeconds = 900;

export interface RedeliveryHandOver extends HandOver {
  /** The messages to be delivered again. */
  readonly messageIds: ReadonlySet<string>;
}

/** Gives messages back to the queue they came from; their delay doubles with each delivery, with jitter. */
export function createRedeliveryHandOver(
  app: App,
  queue: Queue,
  requests: SyncRequests,
  deadline: Deadline,
): RedeliveryHandOver {
  const messageIds = new Set<string>();
  const recordsOf = ({ instanceId }: Task) =>
    (requests.get(instanceId) ?? []).flatMap(({ records }) => records);

  return {
    messageIds,
    delaySeconds: (failure) => policyFor(failure).redeliverySeconds,
    take: async (tasks) => {
      // A message about a data node may stand for several instances, but comes back once.
      const redeliveries = new Map<string, Redelivery>();
      for (const task of tasks) {
        for (const { messageId, receiptHandle, receiveCount } of recordsOf(task)) {
          const baseSeconds = task.delaySeconds || noTurnSeconds;
          const delaySeconds = backoffSeconds(baseSeconds, receiveCount, app.random);
          messageIds.add(messageId);
          redeliveries.set(receiptHandle, { receiptHandle, delaySeconds });
        }
      }
      const signal = deadline.signal('handOver');
      const unset = await delay(app, queue, [...redeliveries.values()], signal);
      if (unset > 0) app.log.warning('redelivery delay not set', { messages: unset });
      return { refused: new Set(), failure: unfinished.deadline };
    },
  };
}

/** Doubles with each delivery (`receiveCount` from 1), with jitter. */
export function backoffSeconds(
  baseSeconds: number,
  receiveCount: number,
  random: () => number,
): number {
  const full = Math.min(maxDelaySeconds, baseSeconds * 2 ** (receiveCount - 1));
  return Math.ceil(full * (0.5 + random() / 2));
}
