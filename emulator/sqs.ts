import { createHash } from 'node:crypto';
import { type AwsJsonServer, Refusal, startAwsJson } from './aws-json.ts';
import {
  countMessages,
  findMessage,
  type Queue,
  type QueueOptions,
  type StoredMessage,
  storeMessage,
  storeOnce,
  takeVisible,
} from './queue.ts';

export interface SqsOptions {
  readonly queues: readonly QueueOptions[];
  /** How many times faster than real time the queues' delays and timeouts pass. @default 1 */
  readonly speed?: number | undefined;
}

export interface SqsServer extends AwsJsonServer {
  queueUrl(name: string): string;
  /** The messages of a queue, including those in flight and delayed. */
  messages(name: string): readonly StoredMessage[];
  /** Faults: whether one entry of a batch fails, and whose fault that is; or is left out of the answer. */
  entryFault: (body: string) => { readonly senderFault: boolean } | 'unanswered' | undefined;
}

const account = '000000000000';
const maxBatchEntries = 10;

/** SQS, as far as ddm-sync and its tools use it: standard and FIFO queues with delays and dead-letter queues. */
export async function startSqs({ queues: options, speed = 1 }: SqsOptions): Promise<SqsServer> {
  const secondMs = 1_000 / speed;
  const queues = new Map<string, Queue>(
    options.map((queue) => [
      queue.name,
      { ...queue, secondMs, messages: new Map(), deduplicated: new Map() },
    ]),
  );
  const server = await startAwsJson<Input>({
    target: 'AmazonSQS',
    errorPrefix: 'com.amazonaws.sqs#',
    answer: (operation, input) => {
      const { Entries = [], QueueUrl = '' } = input;
      const queue = queues.get(QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1));
      if (!queue) throw new Refusal('QueueDoesNotExist');
      if (Entries.length > maxBatchEntries) throw new Refusal('TooManyEntriesInBatchRequest');
      const answer = operations[operation];
      if (!answer) throw new Refusal('UnsupportedOperation');
      return answer(queue, input);
    },
  });

  const operations: Readonly<Record<string, (queue: Queue, input: Input) => unknown>> = {
    SendMessage: send,
    SendMessageBatch: (queue, { Entries = [] }) =>
      forEach(Entries, (entry) => {
        const fault = sqs.entryFault(entry.MessageBody ?? '');
        if (fault === 'unanswered') return { SenderFault: undefined };
        if (!fault) return send(queue, entry);
        return { Code: 'InternalError', SenderFault: fault.senderFault };
      }),
    ReceiveMessage: (queue, { MaxNumberOfMessages = 1 }) => ({
      Messages: takeVisible(queues, queue, MaxNumberOfMessages).map(toReceived),
    }),
    DeleteMessageBatch: (queue, { Entries = [] }) =>
      forEach(Entries, ({ ReceiptHandle }) => remove(queue, ReceiptHandle)),
    ChangeMessageVisibilityBatch: (queue, { Entries = [] }) =>
      forEach(Entries, (entry) => changeVisibility(queue, entry)),
    GetQueueAttributes: (queue) => ({ Attributes: countMessages(queue) }),
    PurgeQueue: ({ messages }) => messages.clear(),
  };

  const sqs: SqsServer = Object.assign(server, {
    entryFault: () => undefined,
    queueUrl: (name: string) => `${server.endpoint}/${account}/${name}`,
    messages: (name: string) => [...(queues.get(name)?.messages.values() ?? [])],
  });
  return sqs;
}

interface Input extends Entry {
  readonly QueueUrl?: string;
  readonly Entries?: readonly Entry[];
  readonly MaxNumberOfMessages?: number;
}

interface Entry {
  readonly Id?: string;
  readonly MessageBody?: string;
  readonly DelaySeconds?: number;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly ReceiptHandle?: string;
  readonly VisibilityTimeout?: number;
}

type EntryResult = Readonly<Record<string, unknown>>;

function forEach(entries: readonly Entry[], work: (entry: Entry) => EntryResult) {
  const results = entries.map((entry) => ({ Id: entry.Id, ...work(entry) }));
  return {
    Successful: results.filter((result) => !('SenderFault' in result)),
    Failed: results.filter((result) => 'SenderFault' in result && result.SenderFault !== undefined),
  };
}

function send(queue: Queue, entry: Entry): EntryResult {
  const { DelaySeconds = 0, MessageBody = '', MessageDeduplicationId, MessageGroupId } = entry;
  if (!queue.fifo) return toSent(storeMessage(queue, MessageBody, DelaySeconds), MessageBody);
  if (!MessageGroupId || !MessageDeduplicationId || DelaySeconds > 0) {
    return { Code: 'InvalidParameterValue', SenderFault: true };
  }
  const message = storeOnce(queue, MessageBody, MessageGroupId, MessageDeduplicationId);
  return toSent(message, MessageBody);
}

function toSent({ messageId }: StoredMessage, body: string): EntryResult {
  return { MessageId: messageId, MD5OfMessageBody: md5(body) };
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function toReceived({ body, messageId, receiptHandle, receiveCount, sentAt }: StoredMessage) {
  return {
    MessageId: messageId,
    ReceiptHandle: receiptHandle,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(sentAt),
      SenderId: account,
      ApproximateFirstReceiveTimestamp: String(sentAt),
    },
  };
}

function remove(queue: Queue, receiptHandle: string | undefined): EntryResult {
  const message = findMessage(queue, receiptHandle);
  if (message) queue.messages.delete(message.messageId);
  return {};
}

function changeVisibility(
  queue: Queue,
  { ReceiptHandle, VisibilityTimeout = 0 }: Entry,
): EntryResult {
  const message = findMessage(queue, ReceiptHandle);
  if (!message) return { Code: 'ReceiptHandleIsInvalid', SenderFault: true };
  message.visibleAt = Date.now() + VisibilityTimeout * queue.secondMs;
  return {};
}
