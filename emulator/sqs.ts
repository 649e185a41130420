import { createHash, randomUUID } from 'node:crypto';
import { type CloudServer, readBody, sendJson, startCloudServer } from './server.ts';

export interface SqsOptions {
  readonly queues: readonly QueueOptions[];
  /** How many times faster than a clock the queues' delays and timeouts pass. @default 1 */
  readonly speed?: number | undefined;
}

interface QueueOptions {
  readonly name: string;
  readonly visibilityTimeoutSeconds: number;
  /** Deliveries after which a message goes to the dead-letter queue, and that queue's name. */
  readonly redrive?: { readonly maxReceiveCount: number; readonly deadLetterQueue: string };
  /** FIFO: deduplication for 5 minutes, one message of a group in flight, one delay for all. */
  readonly fifo?: { readonly delaySeconds: number };
}

interface StoredMessage {
  readonly messageId: string;
  readonly body: string;
  readonly sentAt: number;
  readonly groupId?: string | undefined;
  receiveCount: number;
  /** ms since the epoch before which nobody receives it. */
  visibleAt: number;
  /** Of the last delivery. */
  receiptHandle?: string;
}

export interface SqsServer extends CloudServer {
  queueUrl(name: string): string;
  /** What is in a queue, in flight and delayed messages included. */
  messages(name: string): readonly StoredMessage[];
  /** Calls so far by operation. */
  readonly calls: ReadonlyMap<string, number>;
  /** Faults: an error type to answer a whole call with. */
  fault: (operation: string) => { readonly status: number; readonly type: string } | undefined;
  /** Faults: whether one entry of a batch fails, and whose fault that is; or is left out of the answer. */
  entryFault: (body: string) => { readonly senderFault: boolean } | 'unanswered' | undefined;
}

interface Queue extends QueueOptions {
  readonly secondMs: number;
  readonly messages: Map<string, StoredMessage>;
  /** Messages by their deduplication ids. */
  readonly deduplicated: Map<string, StoredMessage>;
}

const account = '000000000000';
const maxBatchEntries = 10;

/**
 * SQS' JSON protocol, as far as ddm-sync and its tools speak it: standard queues with delay, visibility
 * and a dead-letter queue. A stub of the wire format: it checks no signature and no permission.
 */
export async function startSqs({ queues: options, speed = 1 }: SqsOptions): Promise<SqsServer> {
  const secondMs = 1_000 / speed;
  const queues = new Map<string, Queue>(
    options.map((queue) => [
      queue.name,
      { ...queue, secondMs, messages: new Map(), deduplicated: new Map() },
    ]),
  );
  const calls = new Map<string, number>();

  const server = await startCloudServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
    const input: Input = JSON.parse(await readBody(request));
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    const fault = sqs.fault(operation);
    if (fault) return sendError(fault.status, fault.type);
    const queue = queues.get(queueName(input));
    if (!queue) return sendError(400, 'QueueDoesNotExist');
    const entries = input.Entries ?? [];
    if (entries.length > maxBatchEntries) return sendError(400, 'TooManyEntriesInBatchRequest');
    const answer = operations[operation];
    if (!answer) return sendError(400, 'UnsupportedOperation');
    const body = await answer(queue, input, sqs);
    sendJson(response, 200, body, { 'Content-Type': 'application/x-amz-json-1.0' });

    function sendError(status: number, type: string): void {
      const body = {
        __type: `com.amazonaws.sqs#${type}`,
        message: `${type} of the embedded cloud`,
      };
      sendJson(response, status, body);
    }
  });

  const operations: Readonly<Record<string, Operation>> = {
    GetQueueUrl: ({ name }) => ({ QueueUrl: sqs.queueUrl(name) }),
    GetQueueAttributes: (queue) => ({ Attributes: attributesOf(queue) }),
    SendMessage: (queue, entry) => send(queue, entry),
    SendMessageBatch: (queue, { Entries = [] }, { entryFault }) =>
      forEach(Entries, (entry) => {
        const fault = entryFault(entry.MessageBody ?? '');
        if (fault === 'unanswered') return { SenderFault: undefined };
        if (!fault) return send(queue, entry);
        return { Code: 'InternalError', SenderFault: fault.senderFault };
      }),
    ReceiveMessage: (queue, input) => receive(queues, queue, input),
    DeleteMessage: (queue, { ReceiptHandle }) => void remove(queue, ReceiptHandle),
    DeleteMessageBatch: (queue, { Entries = [] }) =>
      forEach(Entries, ({ ReceiptHandle }) => remove(queue, ReceiptHandle)),
    ChangeMessageVisibility: (queue, entry) => void changeVisibility(queue, entry),
    ChangeMessageVisibilityBatch: (queue, { Entries = [] }) =>
      forEach(Entries, (entry) => changeVisibility(queue, entry)),
    PurgeQueue: ({ messages }) => messages.clear(),
  };

  const sqs: SqsServer = {
    ...server,
    calls,
    fault: () => undefined,
    entryFault: () => undefined,
    queueUrl: (name) => `${server.endpoint}/${account}/${name}`,
    messages: (name) => [...(queues.get(name)?.messages.values() ?? [])],
  };
  return sqs;
}

type Operation = (queue: Queue, input: Input, sqs: SqsServer) => unknown;

interface Input extends Entry {
  readonly QueueUrl?: string;
  readonly QueueName?: string;
  readonly Entries?: readonly Entry[];
  readonly MaxNumberOfMessages?: number;
  readonly WaitTimeSeconds?: number;
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

function queueName({ QueueName, QueueUrl = '' }: Input): string {
  return QueueName ?? QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1);
}

type EntryResult = Readonly<Record<string, unknown>>;

function forEach(entries: readonly Entry[], work: (entry: Entry) => EntryResult) {
  const results = entries.map((entry) => ({ Id: entry.Id, ...work(entry) }));
  return {
    Successful: results.filter((result) => !('SenderFault' in result)),
    Failed: results.filter((result) => 'SenderFault' in result && result.SenderFault !== undefined),
  };
}

const deduplicationSeconds = 300;

function send(queue: Queue, entry: Entry): EntryResult {
  const { DelaySeconds = 0, MessageBody = '', MessageDeduplicationId, MessageGroupId } = entry;
  const { fifo, secondMs } = queue;
  if (!fifo) return toSent(store(queue, MessageBody, DelaySeconds));
  if (!MessageGroupId || !MessageDeduplicationId || DelaySeconds > 0) {
    return { Code: 'InvalidParameterValue', SenderFault: true };
  }
  const before = queue.deduplicated.get(MessageDeduplicationId);
  if (before && Date.now() - before.sentAt < deduplicationSeconds * secondMs) {
    return { MessageId: before.messageId, MD5OfMessageBody: md5(MessageBody) };
  }
  const message = store(queue, MessageBody, fifo.delaySeconds, MessageGroupId);
  queue.deduplicated.set(MessageDeduplicationId, message);
  return toSent(message);
}

function store(queue: Queue, body: string, delaySeconds: number, groupId?: string): StoredMessage {
  const now = Date.now();
  const visibleAt = now + delaySeconds * queue.secondMs;
  const messageId = randomUUID();
  const message = { messageId, body, sentAt: now, receiveCount: 0, visibleAt, groupId };
  queue.messages.set(messageId, message);
  return message;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function toSent({ body, messageId }: StoredMessage) {
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5(body),
  };
}

async function receive(
  queues: ReadonlyMap<string, Queue>,
  queue: Queue,
  { MaxNumberOfMessages = 1, VisibilityTimeout, WaitTimeSeconds = 0 }: Input,
) {
  const until = Date.now() + WaitTimeSeconds * 1_000;
  for (;;) {
    const taken = takeVisible(queues, queue, MaxNumberOfMessages, VisibilityTimeout);
    if (taken.length > 0 || Date.now() >= until) return { Messages: taken.map(toReceived) };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function takeVisible(
  queues: ReadonlyMap<string, Queue>,
  queue: Queue,
  limit: number,
  visibilitySeconds = queue.visibilityTimeoutSeconds,
): StoredMessage[] {
  const now = Date.now();
  const taken: StoredMessage[] = [];
  const busy = new Set(groupsInFlight(queue, now));
  for (const message of queue.messages.values()) {
    if (taken.length === limit) break;
    if (message.visibleAt > now || (message.groupId && busy.has(message.groupId))) continue;
    if (moveToDeadLetterQueue(queues, queue, message)) continue;
    message.receiveCount += 1;
    message.visibleAt = now + visibilitySeconds * queue.secondMs;
    message.receiptHandle = `${message.messageId}#${message.receiveCount}`;
    // The next receive looks at what was not received yet first.
    queue.messages.delete(message.messageId);
    taken.push(message);
  }
  for (const message of taken) queue.messages.set(message.messageId, message);
  return taken;
}

function groupsInFlight({ fifo, messages }: Queue, now: number): readonly string[] {
  return fifo
    ? [...messages.values()]
        .filter(({ receiveCount, visibleAt }) => receiveCount > 0 && visibleAt > now)
        .flatMap(({ groupId = [] }) => groupId)
    : [];
}

function moveToDeadLetterQueue(
  queues: ReadonlyMap<string, Queue>,
  { messages, redrive }: Queue,
  message: StoredMessage,
): boolean {
  if (!redrive || message.receiveCount < redrive.maxReceiveCount) return false;
  messages.delete(message.messageId);
  queues.get(redrive.deadLetterQueue)?.messages.set(message.messageId, message);
  return true;
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

/** A message by the handle of its last delivery; an older handle means nothing any more. */
function find({ messages }: Queue, receiptHandle = ''): StoredMessage | undefined {
  const message = messages.get(receiptHandle.slice(0, receiptHandle.indexOf('#')));
  return message?.receiptHandle === receiptHandle ? message : undefined;
}

function remove(queue: Queue, receiptHandle: string | undefined): EntryResult {
  const message = find(queue, receiptHandle);
  if (message) queue.messages.delete(message.messageId);
  return {};
}

function changeVisibility(
  queue: Queue,
  { ReceiptHandle, VisibilityTimeout = 0 }: Entry,
): EntryResult {
  const message = find(queue, ReceiptHandle);
  if (!message) return { Code: 'ReceiptHandleIsInvalid', SenderFault: true };
  message.visibleAt = Date.now() + VisibilityTimeout * queue.secondMs;
  return {};
}

function attributesOf({ messages, redrive }: Queue): Readonly<Record<string, string>> {
  const now = Date.now();
  const all = [...messages.values()];
  const hidden = all.filter(({ visibleAt }) => visibleAt > now);
  const delayed = hidden.filter(({ receiveCount }) => receiveCount === 0);
  return {
    ApproximateNumberOfMessages: String(all.length - hidden.length),
    ApproximateNumberOfMessagesNotVisible: String(hidden.length - delayed.length),
    ApproximateNumberOfMessagesDelayed: String(delayed.length),
    ...(redrive && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: `arn:aws:sqs:eu-central-1:${account}:${redrive.deadLetterQueue}`,
        maxReceiveCount: redrive.maxReceiveCount,
      }),
    }),
  };
}
