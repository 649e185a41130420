import type { App } from '../app.ts';
import type { QueueEntry } from '../aws/queue.ts';
import { ConfigError } from '../errors.ts';
import type { QueueMessage } from '../queue/message.ts';
import { sendInTime } from '../queue/sender.ts';
import { type Changed, idOf } from './change.ts';

export interface Enqueued {
  /** Distinct ids that the queue took; some may have stood in it already. */
  readonly enqueued: number;
  /** Those that it is not known to have taken. */
  readonly refused: number;
  readonly reason?: string;
}

/**
 * Sends a message for each distinct id to the change queue, which keeps it back until the current window
 * is over. All messages for one id within a window have the same deduplication id, so that a burst leads to
 * one sync, which begins after the last event of the window.
 * @param deadlineAt monotonic ms
 * @throws {ConfigError} without a change queue
 */
export async function enqueueChanges(
  { changeQueue, clock, config }: App,
  changes: readonly Changed[],
  runId: string,
  deadlineAt: number,
): Promise<Enqueued> {
  if (!changeQueue) throw new ConfigError(['CHANGE_QUEUE_URL is not set: changes go there']);
  const window = Math.floor(clock.now() / (config.changeWindowSeconds * 1_000));
  const entries = new Map<string, QueueEntry<QueueMessage>>();
  for (const change of changes) {
    const id = idOf(change);
    const fifo = { groupId: id, deduplicationId: `${id}-${window}` };
    const asked = 'instanceId' in change ? { instanceId: id } : { dataNodeId: id };
    entries.set(id, { message: { ...asked, trigger: 'change', runId }, delaySeconds: 0, fifo });
  }
  const all = [...entries.values()];
  const { reason = 'unknown', refused } = await sendInTime(changeQueue, clock, all, deadlineAt);
  const counts = { enqueued: entries.size - refused.length, refused: refused.length };
  return refused.length > 0 ? { ...counts, reason } : counts;
}
