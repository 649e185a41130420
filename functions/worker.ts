import type { SQSBatchResponse } from 'aws-lambda';
import * as v from 'valibot';
import type { Delivery } from '../lib/asks.ts';
import { syncBatch } from '../lib/batch.ts';
import { ConfigError, InvalidEventError } from '../lib/errors.ts';
import { lambda } from '../lib/lambda.ts';

/** SQS, sync queue or change queue: syncs the instances of one batch, and answers with the messages to deliver again. */
export const handler = lambda(async (app, event, context): Promise<SQSBatchResponse> => {
  const { isChange, deliveries } = parseRecords(event);
  const queue = isChange ? app.changeQueue : app.queue;
  if (!queue) {
    const name = isChange ? 'CHANGE_QUEUE_URL' : 'SYNC_QUEUE_URL';
    throw new ConfigError([`${name} is not set: the worker needs its queue`]);
  }
  const remainingMs = context.getRemainingTimeInMillis();
  const messageIds = await syncBatch(app, queue, deliveries, remainingMs);
  return { batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })) };
});

const text = v.pipe(v.string(), v.nonEmpty());
const schema = v.object({
  Records: v.array(
    v.object({
      messageId: text,
      receiptHandle: text,
      body: v.string(),
      eventSourceARN: text,
      attributes: v.object({ ApproximateReceiveCount: v.pipe(v.string(), v.regex(/^\d{1,9}$/)) }),
    }),
  ),
});

interface Batch {
  /** From the change queue, the only one that is FIFO. */
  readonly isChange: boolean;
  readonly deliveries: readonly Delivery[];
}

const parseRecords = (event: unknown): Batch => {
  const parsed = v.safeParse(schema, event);
  if (!parsed.success) throw new InvalidEventError('The event is not one of an SQS queue');
  const { Records } = parsed.output;
  return {
    isChange: Records.some(({ eventSourceARN }) => eventSourceARN.endsWith('.fifo')),
    deliveries: Records.map(({ attributes, body, messageId, receiptHandle }) => ({
      body,
      messageId,
      receiptHandle,
      receiveCount: Number(attributes.ApproximateReceiveCount),
    })),
  };
};
