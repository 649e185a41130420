import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SQSClient,
  type SQSClientConfig,
  SQSServiceException,
} from '@aws-sdk/client-sqs';

export interface QueueEntry<Message = unknown> {
  readonly message: Message;
  /** How long the queue keeps the message back. */
  readonly delaySeconds: number;
  /** For a FIFO queue, which has one delay for all its messages. */
  readonly fifo?: {
    readonly groupId: string;
    /** A second message with the same id within 5 minutes is accepted and dropped. */
    readonly deduplicationId: string;
  };
}

/** A received message that is to be delivered again. */
export interface Redelivery {
  readonly receiptHandle: string;
  readonly delaySeconds: number;
}

/** The result of one batch. */
export interface BatchResult {
  /** Entries that the queue is not known to have taken, by their position in the batch. */
  readonly failed: readonly {
    readonly index: number;
    /** The entry itself is at fault: the same entry would fail again. */
    readonly isFinal: boolean;
  }[];
  /** Why, for the log; without secrets. */
  readonly reason?: string;
  /** The call is not allowed, or there is no such queue: the next batch would fail too. */
  readonly isHopeless?: boolean;
}

/** One SQS queue, one API call at a time. sender.ts builds on it what the rest of the service uses. */
export interface Queue {
  /** @param entries at most 10 */
  sendBatch(entries: readonly QueueEntry[], signal: AbortSignal): Promise<BatchResult>;
  /** Messages in it, also those delayed or in flight: about right, at most a minute old. Undefined if it did not answer. */
  size(signal: AbortSignal): Promise<number | undefined>;
  /** @param redeliveries at most 10 */
  delayBatch(redeliveries: readonly Redelivery[], signal: AbortSignal): Promise<BatchResult>;
}

/** Limit of SendMessageBatch and ChangeMessageVisibilityBatch. */
export const maxBatchEntries = 10;
export const batchesInFlight = 20;

// Retries are set explicitly, so that an SDK update cannot change them.
const clientDefaults = {
  retryMode: 'standard',
  maxAttempts: 5,
  // TLS guards the body already, and AWS does not document the digest of a deduplicated message.
  md5: false,
  requestHandler: {
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    throwOnRequestTimeout: true,
    httpsAgent: { maxSockets: batchesInFlight },
  },
} as const satisfies SQSClientConfig;

export function createSqsClient(config: SQSClientConfig = {}): SQSClient {
  return new SQSClient({ ...clientDefaults, ...config });
}

const counts = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
] as const;

export function createQueue(sqs: SQSClient, url: string): Queue {
  return {
    sendBatch: async (entries, signal) => {
      const command = new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: entries.map(({ delaySeconds, fifo, message }, index) => ({
          Id: String(index),
          MessageBody: JSON.stringify(message),
          ...(delaySeconds > 0 && { DelaySeconds: delaySeconds }),
          ...(fifo && {
            MessageGroupId: fifo.groupId,
            MessageDeduplicationId: fifo.deduplicationId,
          }),
        })),
      });
      return sqs
        .send(command, { abortSignal: signal })
        .then(toResult(entries), toFailedBatch(entries));
    },
    size: async (signal) => {
      const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...counts] });
      const answer = await sqs.send(command, { abortSignal: signal }).catch(() => undefined);
      const numbers = counts.map((name) => Number(answer?.Attributes?.[name]));
      const size = numbers.reduce((sum, number) => sum + number, 0);
      return Number.isNaN(size) ? undefined : size;
    },
    delayBatch: async (redeliveries, signal) => {
      const command = new ChangeMessageVisibilityBatchCommand({
        QueueUrl: url,
        Entries: redeliveries.map(({ receiptHandle, delaySeconds }, index) => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: delaySeconds,
        })),
      });
      return sqs
        .send(command, { abortSignal: signal })
        .then(toResult(redeliveries), toFailedBatch(redeliveries));
    },
  };
}

interface BatchAnswer {
  readonly Successful?: readonly { readonly Id: string | undefined }[] | undefined;
  readonly Failed?:
    | readonly {
        readonly Id: string | undefined;
        readonly Code: string | undefined;
        readonly SenderFault: boolean | undefined;
      }[]
    | undefined;
}

/** Only what the answer lists as successful is taken: an entry in neither list has failed. */
function toResult(entries: readonly unknown[]) {
  return ({ Failed = [], Successful = [] }: BatchAnswer): BatchResult => {
    const taken = new Set(Successful.map(({ Id }) => Id));
    const faults = new Map(Failed.map((fault) => [fault.Id, fault]));
    const failed = entries.flatMap((_, index) =>
      taken.has(String(index))
        ? []
        : [{ index, isFinal: faults.get(String(index))?.SenderFault === true }],
    );
    const [first] = failed;
    if (first === undefined) return { failed };
    const code = faults.get(String(first.index))?.Code;
    return { failed, reason: `the queue refused messages: ${code ?? 'no answer for them'}` };
  };
}

const isThrottling = /Throttl|TooManyRequests|RequestLimit/i;

function toFailedBatch(entries: readonly unknown[]) {
  return (error: unknown): BatchResult => {
    const name = error instanceof Error ? error.name : 'unknown error';
    return {
      failed: entries.map((_, index) => ({ index, isFinal: true })), // the SDK has tried 5 times
      reason: `the queue failed: ${name}`,
      isHopeless:
        error instanceof SQSServiceException &&
        error.$fault === 'client' &&
        !isThrottling.test(name),
    };
  };
}
