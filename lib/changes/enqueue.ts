import { hash } from 'node:crypto';
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

// A FIFO queue delivers the messages of one group one batch at a time: so there is one search through the fleet at a
// time, and the other workers are free for changes whose instances are known.
const searchGroup = 'search';

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
  const windowMs = app.config.changeWindowSeconds * 1_000;
  const window = Math.floor(app.clock.now() / windowMs);
  const entries = new Map<string, QueueEntry<QueueMessage>>();
  for (const change of changes) {
    const id = idOf(change);
    const isAgain = 'dataNodeId' in change && change.changedAt !== undefined;
    // A change that is sent again leaves out instances: it must not stand for a new one of the same window.
    const suffix = isAgain ? `-${hash('sha256', runId, 'hex').slice(0, 16)}` : '';
    const groupId = 'search' in change && change.search ? searchGroup : id;
    const fifo = { groupId, deduplicationId: `${id}-${window}${suffix}` };
    const message = {
      ...messageOf(change, (window + 1) * windowMs),
      trigger: 'change',
      runId,
    } as const;
    entries.set(id, { message, delaySeconds: 0, fifo });
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

/** @param windowEndsAt the last event that the message stands for comes before it */
function messageOf(change: Change, windowEndsAt: number): Change {
  if ('instanceId' in change) {
    const { changedAt, instanceId } = change;
    return { instanceId, ...(changedAt !== undefined && { changedAt }) };
  }
  const { changedAt = windowEndsAt, dataNodeId, except, search } = change;
  return { dataNodeId, changedAt, ...(except?.length && { except }), ...(search && { search }) };
}

function idsOf(message: QueueMessage): readonly string[] {
  if ('instanceId' in message) return [message.instanceId];
  return 'dataNodeId' in message ? [message.dataNodeId] : [];
}
