import type { SQSBatchResponse } from 'aws-lambda';
import { ConfigError } from '../lib/errors.ts';
import { followBatch } from '../lib/jobs/follow.ts';
import { lambda } from '../lib/lambda.ts';
import { parseSqsEvent } from '../lib/queue/records.ts';

/** SQS, follow queue: looks what became of accepted syncs, and answers with the messages to deliver again. */
export const handler = lambda(async (app, event, context): Promise<SQSBatchResponse> => {
  const { deliveries } = parseSqsEvent(event);
  const queue = app.followQueue;
  if (!queue) throw new ConfigError(['FOLLOW_QUEUE_URL is not set: follow needs its queue']);
  const remainingMs = context.getRemainingTimeInMillis();
  const messageIds = await followBatch(app, queue, deliveries, remainingMs);
  return { batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })) };
});
