import type { SQSBatchResponse } from 'aws-lambda';
import * as v from 'valibot';
import type { Delivery } from '../lib/asks.ts';
import { syncBatch } from '../lib/batch.ts';
import { InvalidEventError } from '../lib/errors.ts';
import { lambda } from '../lib/lambda.ts';

/** SQS: syncs the instances of one batch, and answers with the messages to deliver again. */
export const handler = lambda(async (app, event, context): Promise<SQSBatchResponse> => {
  const messageIds = await syncBatch(app, parseRecords(event), context.getRemainingTimeInMillis());
  return { batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })) };
});

const text = v.pipe(v.string(), v.nonEmpty());
const schema = v.object({
  Records: v.array(
    v.object({
      messageId: text,
      receiptHandle: text,
      body: v.string(),
      attributes: v.object({ ApproximateReceiveCount: v.pipe(v.string(), v.regex(/^\d{1,9}$/)) }),
    }),
  ),
});

const parseRecords = (event: unknown): readonly Delivery[] => {
  const parsed = v.safeParse(schema, event);
  if (!parsed.success) throw new InvalidEventError('The event is not one of an SQS queue');
  return parsed.output.Records.map(({ attributes, ...record }) => ({
    ...record,
    receiveCount: Number(attributes.ApproximateReceiveCount),
  }));
};
