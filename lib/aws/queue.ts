import {
  ChangeMessageVisibilityBatchCommand,
  SendMessageBatchCommand,
  SQSClient,
  type SQSClientConfig,
  SQSServiceException,
} from '@aws-sdk/client-sqs';
import type { Clock } from '../clock.ts';
import type { QueueMessage } from '../queue/message.ts';

export interface QueueEntry<Message extends QueueMessage = QueueMessage> {
  readonly message: Message;
  /** How long the queue keeps the message back. */
  readonly delaySeconds: number;
  /** For a FIFO queue, which has one delay for all its messages. */
  readonly fifo?: {
    readonly groupId: string;
    /** A second message with the same id within 5 minutes is taken, and not kept. */
    readonly deduplicationId: string;
  };
}

export interface SendResult<Message extends QueueMessage = QueueMessage> {
  /** Entries that the queue is not known to have taken. */
  readonly refused: readonly QueueEntry<Message>[];
  /** Why, for a person; without secrets. */
  readonly reason?: string;
}

export interface Queue {
  /** Sends what it can until `deadlineAt` (monotonic ms). Resolves with the rest, and may reject. */
  send<Message extends QueueMessage>(
    entries: readonly QueueEntry<Message>[],
    deadlineAt: number,
  ): Promise<SendResult<Message>>;
  /**
   * Has received messages delivered again after so long. Resolves with the count of those for which it
   * could not be set: they come back when the queue's own visibility timeout is over.
   */
  delay(deliveries: readonly VisibilityChange[], deadlineAt: number): Promise<number>;
}

export interface VisibilityChange {
  readonly receiptHandle: string;
  readonly delaySeconds: number;
}

export interface QueueDeps {
  readonly sqs: SQSClient;
  readonly url: string;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
}

const maxBatchEntries = 10; // SendMessageBatch, ChangeMessageVisibilityBatch
const batchesInFlight = 20;
const maxAttempts = 5; // of one entry, beside the SDK's own of a whole call
const baseDelayMs = 100;
const maxDelayMs = 2_000;

// Retry behaviour is stated, so that an SDK update does not change it.
const clientDefaults = {
  retryMode: 'standard',
  maxAttempts: 5,
  // TLS guards the body already; and what digest a deduplicated message is answered with is not documented.
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

/** The sync queue on SQS: batches of ten, twenty batches in flight. */
export function createQueue(deps: QueueDeps): Queue {
  return {
    send: async <Message extends QueueMessage>(
      entries: readonly QueueEntry<Message>[],
      deadlineAt: number,
    ) => {
      const sending = startSending(deps, deadlineAt);
      const refused: QueueEntry<Message>[] = [];
      await forEachBatch(entries, async (batch) => {
        refused.push(...(await sendBatch(sending, batch)));
      });
      sending.end();
      return { refused, ...(refused.length > 0 && { reason: sending.reason ?? 'deadline' }) };
    },
    delay: async (deliveries, deadlineAt) => {
      const sending = startSending(deps, deadlineAt);
      let unchanged = 0;
      await forEachBatch(deliveries, async (batch) => {
        unchanged += await changeVisibility(sending, batch);
      });
      sending.end();
      return unchanged;
    },
  };
}

/** What the batches of one hand-over share. */
interface Sending extends QueueDeps {
  /** Aborts at the deadline, or when nothing can succeed any more. */
  readonly signal: AbortSignal;
  /** Why entries were refused: the last cause. */
  reason: string | undefined;
  stop(): void;
  end(): void;
}

function startSending(deps: QueueDeps, deadlineAt: number): Sending {
  const over = new AbortController();
  const ended = new AbortController();
  void deps.clock
    .sleep(Math.max(0, deadlineAt - deps.clock.monotonic()), ended.signal)
    .then(() => over.abort());
  return {
    ...deps,
    signal: over.signal,
    reason: undefined,
    stop: () => over.abort(),
    end: () => ended.abort(),
  };
}

async function forEachBatch<Entry>(
  entries: readonly Entry[],
  work: (batch: readonly Entry[]) => Promise<void>,
): Promise<void> {
  let position = 0;
  const workThrough = async (): Promise<void> => {
    while (position < entries.length) {
      const batch = entries.slice(position, position + maxBatchEntries);
      position += maxBatchEntries;
      await work(batch);
    }
  };
  await Promise.all(Array.from({ length: batchesInFlight }, workThrough));
}

/** Sends one batch, and its failed entries again alone. Resolves with what the queue did not take. */
async function sendBatch<Message extends QueueMessage>(
  sending: Sending,
  batch: readonly QueueEntry<Message>[],
): Promise<readonly QueueEntry<Message>[]> {
  const refused: QueueEntry<Message>[] = [];
  let rest = batch;
  for (let attempt = 1; rest.length > 0 && !sending.signal.aborted; attempt += 1) {
    const failed = await sendOnce(sending, rest);
    if (failed === undefined) break;
    refused.push(...failed.filter(({ final }) => final).map(({ entry }) => entry));
    rest = failed.filter(({ final }) => !final).map(({ entry }) => entry);
    if (rest.length === 0 || attempt === maxAttempts) break;
    const delayMs = sending.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
    await sending.clock.sleep(delayMs, sending.signal);
  }
  return [...refused, ...rest];
}

interface FailedEntry<Message extends QueueMessage> {
  readonly entry: QueueEntry<Message>;
  /** The entry itself is at fault: the same again would fail again. */
  readonly final: boolean;
}

/** The entries that failed; undefined when the call as a whole did. */
async function sendOnce<Message extends QueueMessage>(
  sending: Sending,
  entries: readonly QueueEntry<Message>[],
): Promise<readonly FailedEntry<Message>[] | undefined> {
  const command = new SendMessageBatchCommand({
    QueueUrl: sending.url,
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
  try {
    const { Failed = [], Successful = [] } = await sending.sqs.send(command, {
      abortSignal: sending.signal,
    });
    const taken = new Set(Successful.map(({ Id }) => Id));
    const faults = new Map(Failed.map((failure) => [failure.Id, failure]));
    // Only what the answer lists as successful is taken: an entry in neither list is sent again.
    return entries.flatMap((entry, index) => {
      if (taken.has(String(index))) return [];
      const fault = faults.get(String(index));
      sending.reason = `the queue refused messages: ${fault?.Code ?? 'no answer for them'}`;
      return [{ entry, final: fault?.SenderFault === true }];
    });
  } catch (error) {
    note(sending, error);
    return undefined;
  }
}

async function changeVisibility(
  sending: Sending,
  batch: readonly VisibilityChange[],
): Promise<number> {
  const command = new ChangeMessageVisibilityBatchCommand({
    QueueUrl: sending.url,
    Entries: batch.map(({ receiptHandle, delaySeconds }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: delaySeconds,
    })),
  });
  try {
    const { Successful = [] } = await sending.sqs.send(command, { abortSignal: sending.signal });
    return batch.length - Successful.length;
  } catch (error) {
    note(sending, error);
    return batch.length;
  }
}

const isThrottling = /Throttl|TooManyRequests|RequestLimit/i;

/** Remembers why; a call that is not allowed, or to a queue that is not there, ends the whole hand-over. */
function note(sending: Sending, error: unknown): void {
  const name = error instanceof Error ? error.name : 'unknown error';
  if (name === 'AbortError') {
    sending.reason ??= 'the queue did not take them in time';
    return;
  }
  sending.reason = `the queue failed: ${name}`;
  const isOurFault = error instanceof SQSServiceException && error.$fault === 'client';
  if (isOurFault && !isThrottling.test(name)) sending.stop();
}
