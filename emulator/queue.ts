import { randomUUID } from 'node:crypto';

export interface QueueOptions {
  readonly name: string;
  readonly visibilityTimeoutSeconds: number;
  /** Deliveries after which a message goes to the dead-letter queue, and that queue's name. */
  readonly redrive?: { readonly maxReceiveCount: number; readonly deadLetterQueue: string };
  /** FIFO: deduplication for 5 minutes, one message of a group in flight, one delay for all. */
  readonly fifo?: { readonly delaySeconds: number };
}

export interface StoredMessage {
  readonly messageId: string;
  readonly body: string;
  readonly sentAt: number;
  readonly groupId?: string | undefined;
  receiveCount: number;
  /** ms since the epoch; no receive returns the message before. */
  visibleAt: number;
  /** Of the last delivery. */
  receiptHandle?: string;
}

export interface Queue extends QueueOptions {
  /** How long a second of the queue takes. */
  readonly secondMs: number;
  readonly messages: Map<string, StoredMessage>;
  /** Messages by their deduplication ids. */
  readonly deduplicated: Map<string, StoredMessage>;
}

const deduplicationSeconds = 300;

export function storeMessage(
  queue: Queue,
  body: string,
  delaySeconds: number,
  groupId?: string,
): StoredMessage {
  const now = Date.now();
  const visibleAt = now + delaySeconds * queue.secondMs;
  const messageId = randomUUID();
  const message = { messageId, body, sentAt: now, receiveCount: 0, visibleAt, groupId };
  queue.messages.set(messageId, message);
  return message;
}

/** Stores a message of a FIFO queue, unless one with its deduplication id came within 5 minutes. */
export function storeOnce(
  queue: Queue,
  body: string,
  groupId: string,
  deduplicationId: string,
): StoredMessage {
  const before = queue.deduplicated.get(deduplicationId);
  if (before && Date.now() - before.sentAt < deduplicationSeconds * queue.secondMs) return before;
  const message = storeMessage(queue, body, queue.fifo?.delaySeconds ?? 0, groupId);
  queue.deduplicated.set(deduplicationId, message);
  return message;
}

/** Receives up to `limit` messages, and moves those that were received too often to their dead-letter queue. */
export function takeVisible(
  queues: ReadonlyMap<string, Queue>,
  queue: Queue,
  limit: number,
): readonly StoredMessage[] {
  const now = Date.now();
  const taken: StoredMessage[] = [];
  const busy = new Set(groupsInFlight(queue, now));
  for (const message of queue.messages.values()) {
    if (taken.length === limit) break;
    if (message.visibleAt > now || (message.groupId && busy.has(message.groupId))) continue;
    if (moveToDeadLetterQueue(queues, queue, message)) continue;
    message.receiveCount += 1;
    message.visibleAt = now + queue.visibilityTimeoutSeconds * queue.secondMs;
    message.receiptHandle = `${message.messageId}#${message.receiveCount}`;
    // Messages that were not received yet come first at the next receive.
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

/** As attributes of the queue; SQS itself counts only roughly. */
export function countMessages({ messages }: Queue): Readonly<Record<string, string>> {
  const now = Date.now();
  const all = [...messages.values()];
  const hidden = all.filter(({ visibleAt }) => visibleAt > now);
  const inFlight = hidden.filter(({ receiveCount }) => receiveCount > 0).length;
  return {
    ApproximateNumberOfMessages: String(all.length - hidden.length),
    ApproximateNumberOfMessagesDelayed: String(hidden.length - inFlight),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
  };
}

/** A message by the handle of its last delivery; an older handle finds nothing. */
export function findMessage({ messages }: Queue, receiptHandle = ''): StoredMessage | undefined {
  const message = messages.get(receiptHandle.slice(0, receiptHandle.indexOf('#')));
  return message?.receiptHandle === receiptHandle ? message : undefined;
}
