import type { AppWith } from '../app.ts';
import type { QueueEntry } from '../aws/queue.ts';
import type { Deadline } from '../deadline.ts';
import type { QueueMessage } from '../queue/message.ts';
import { send } from '../queue/sender.ts';
import { type Change, idOf } from './change.ts';

export interface Enqueued {
  /** Distinct ids that the queue took; some may have been in it already. */
  readonly enqueued: number;
  /** Those that it is not known to have taken. */
  readonly refused: readonly Change[];
  readonly reason: string;
}

/**
 * Sends a message for each distinct id to the change queue, which keeps it back until the current window
 * is over. All messages for one id within a window have the same deduplication id, so that a burst leads to
 * one sync, which begins after the last event of the window.
 */
export async function enqueueChanges(
  app: AppWith<'changeQueue'>,
  changes: readonly Change[],
  runId: string,
  deadline: Deadline,
): Promise<Enqueued> {
  const window = Math.floor(app.clock.now() / (app.config.changeWindowSeconds * 1_000));
  const entries = new Map<string, QueueEntry<QueueMessage>>();
  for (const change of changes) {
    const id = idOf(change);
    const fifo = { groupId: id, deduplicationId: `${id}-${window}` };
    const named = 'instanceId' in change ? { instanceId: id } : { dataNodeId: id };
    entries.set(id, { message: { ...named, trigger: 'change', runId }, delaySeconds: 0, fifo });
  }
  const signal = deadline.signal('handOver');
  const { reason, refused } = await send(app, app.changeQueue, [...entries.values()], signal);
  const refusedIds = new Set(refused.flatMap((message) => idsOf(message)));
  return {
    enqueued: entries.size - refused.length,
    refused: changes.filter((change) => refusedIds.has(idOf(change))),
    reason,
  };
}

function idsOf(message: QueueMessage): readonly string[] {
  if ('instanceId' in message) return [message.instanceId];
  return 'dataNodeId' in message ? [message.dataNodeId] : [];
}
