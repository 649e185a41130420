import { createHash } from 'node:crypto';
import { type AwsJsonServer, Refusal, startAwsJson } from './aws-json.ts';
import {
  countMessages,
  findMessage,
  isReceiptHandle,
  type Queue,
  type QueueOptions,
  type StoredMessage,
  storeMessage,
  storeOnce,
  takeVisible,
} from './queue.ts';
import {
  checkBatch,
  checkFifo,
  checkReceive,
  type Entry,
  findMessageFault,
  isVisibilityTimeout,
} from './sqs-rules.ts';

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
      const { Entries, QueueUrl = '' } = input;
      const queue = queues.get(QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1));
      if (!queue) throw new Refusal('QueueDoesNotExist');
      if (operation.endsWith('Batch')) checkBatch(Entries ?? []);
      const answer = operations[operation];
      if (!answer) throw new Refusal('UnsupportedOperation');
      return answer(queue, input);
    },
  });

  const operations: Readonly<Record<string, (queue: Queue, input: Input) => unknown>> = {
    SendMessage: (queue, input) => {
      const code = findMessageFault(input);
      if (code) throw new Refusal(code);
      if (queue.fifo) checkFifo(input);
      return send(queue, input);
    },
    SendMessageBatch: (queue, { Entries = [] }) => {
      if (queue.fifo) for (const entry of Entries) checkFifo(entry);
      return forEach(Entries, (entry) => {
        const fault = sqs.entryFault(entry.MessageBody ?? '');
        if (fault === 'unanswered') return { SenderFault: undefined };
        if (fault) return { Code: 'InternalError', SenderFault: fault.senderFault };
        const code = findMessageFault(entry);
        return code ? { Code: code, SenderFault: true } : send(queue, entry);
      });
    },
    ReceiveMessage: (queue, { MaxNumberOfMessages = 1, ...asked }) => {
      checkReceive(MaxNumberOfMessages);
      const names = [asked.AttributeNames, asked.MessageSystemAttributeNames].flat();
      const taken = takeVisible(queues, queue, MaxNumberOfMessages);
      return taken.length > 0 ? { Messages: taken.map((one) => toReceived(one, names)) } : {};
    },
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
  readonly AttributeNames?: readonly string[];
  readonly MessageSystemAttributeNames?: readonly string[];
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
  const { DelaySeconds = 0, MessageBody = '' } = entry;
  const { MessageDeduplicationId = '', MessageGroupId = '' } = entry;
  const { messageId, sequenceNumber } = queue.fifo
    ? storeOnce(queue, MessageBody, MessageGroupId, MessageDeduplicationId)
    : storeMessage(queue, MessageBody, DelaySeconds);
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5(MessageBody),
    ...(sequenceNumber && { SequenceNumber: sequenceNumber }),
  };
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function toReceived(message: StoredMessage, names: readonly (string | undefined)[]) {
  const { body, deduplicationId, groupId, messageId, receiptHandle, sequenceNumber } = message;
  const attributes = {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
    SenderId: account,
    ApproximateFirstReceiveTimestamp: String(message.sentAt),
    ...(groupId && {
      MessageGroupId: groupId,
      MessageDeduplicationId: deduplicationId,
      SequenceNumber: sequenceNumber,
    }),
  };
  const asked = Object.entries(attributes).filter(
    ([name]) => names.includes('All') || names.includes(name),
  );
  return {
    MessageId: messageId,
    ReceiptHandle: receiptHandle,
    Body: body,
    MD5OfBody: md5(body),
    ...(asked.length > 0 && { Attributes: Object.fromEntries(asked) }),
  };
}

/** An old handle is right and deletes nothing, as of a standard queue. */
function remove(queue: Queue, receiptHandle = ''): EntryResult {
  if (!isReceiptHandle(receiptHandle)) return { Code: 'ReceiptHandleIsInvalid', SenderFault: true };
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
  if (!isVisibilityTimeout(VisibilityTimeout)) {
    return { Code: 'InvalidParameterValue', SenderFault: true };
  }
  message.visibleAt = Date.now() + VisibilityTimeout * queue.secondMs;
  return {};
}
