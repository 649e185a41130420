import type { App } from './app.ts';
import type { Change } from './changes.ts';
import type { DataNodeMessage, SyncMessage } from './queue-message.ts';

export interface EnqueueResult {
  readonly enqueued: number;
  /** Messages that the queue is not known to have taken. */
  readonly refused: number;
  /** Why, for a person; without secrets. */
  readonly reason?: string;
}

/** Sends one message for each id that changed, until `deadlineAt` (monotonic ms). Never rejects. */
export const enqueueChanges = async (
  { queue }: Pick<App, 'queue'>,
  changes: readonly Change[],
  runId: string,
  deadlineAt: number,
): Promise<EnqueueResult> => {
  const entries = toMessages(changes, runId).map((message) => ({ message, delaySeconds: 0 }));
  const refuseAll = (reason: string): EnqueueResult => ({
    enqueued: 0,
    refused: entries.length,
    reason,
  });
  if (!queue) return refuseAll('SYNC_QUEUE_URL is not set');
  try {
    const { refused, reason } = await queue.send<SyncMessage | DataNodeMessage>(
      entries,
      deadlineAt,
    );
    const counts = { enqueued: entries.length - refused.length, refused: refused.length };
    return { ...counts, ...(reason !== undefined && { reason }) };
  } catch (error) {
    return refuseAll(`the queue failed: ${error instanceof Error ? error.name : 'unknown error'}`);
  }
};

const toMessages = (
  changes: readonly Change[],
  runId: string,
): readonly (SyncMessage | DataNodeMessage)[] => {
  const origin = { trigger: 'change', runId } as const;
  const messages = new Map<string, SyncMessage | DataNodeMessage>();
  for (const { dataNodeId, instanceId } of changes) {
    if (instanceId !== undefined) messages.set(instanceId, { instanceId, ...origin });
    if (dataNodeId !== undefined) messages.set(dataNodeId, { dataNodeId, ...origin });
  }
  return [...messages.values()];
};
