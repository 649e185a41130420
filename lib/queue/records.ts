import * as v from 'valibot';
import { InvalidEventError } from '../errors.ts';

/** One delivery of a queue message. */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** From 1. */
  readonly receiveCount: number;
}

export interface SqsBatch {
  /** From the change queue, the only one that is FIFO. */
  readonly isChange: boolean;
  readonly records: readonly SqsRecord[];
}

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

/** Reads a batch of an SQS queue. @throws {InvalidEventError} */
export function parseSqsEvent(event: unknown): SqsBatch {
  const parsed = v.safeParse(schema, event);
  if (!parsed.success) throw new InvalidEventError('The event does not come from an SQS queue');
  const { Records } = parsed.output;
  return {
    isChange: Records.some(({ eventSourceARN }) => eventSourceARN.endsWith('.fifo')),
    records: Records.map(({ attributes, body, messageId, receiptHandle }) => ({
      body,
      messageId,
      receiptHandle,
      receiveCount: Number(attributes.ApproximateReceiveCount),
    })),
  };
}

/** The answer that has exactly these messages delivered again. */
export function toBatchResponse(messageIds: readonly string[]) {
  return { batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })) };
}
