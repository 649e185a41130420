import type { SQSBatchResponse } from 'aws-lambda';
import { ConfigError } from '../lib/errors.ts';
import { lambda } from '../lib/lambda.ts';
import { parseSqsEvent } from '../lib/queue/records.ts';
import { syncBatch } from '../lib/queue/worker.ts';

/** SQS, sync queue or change queue: syncs the instances of one batch, and answers with the messages to deliver again. */
export const handler = lambda(async (app, event, context): Promise<SQSBatchResponse> => {
  const { isChange, deliveries } = parseSqsEvent(event);
  const queue = isChange ? app.changeQueue : app.queue;
  if (!queue) {
    const name = isChange ? 'CHANGE_QUEUE_URL' : 'SYNC_QUEUE_URL';
    throw new ConfigError([`${name} is not set: the worker needs its queue`]);
  }
  const remainingMs = context.getRemainingTimeInMillis();
  const messageIds = await syncBatch(app, queue, deliveries, remainingMs);
  return { batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })) };
});
