import type { Random } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';

/** A message as the queue keeps it. */
export interface StoredMessage {
  readonly id: string;
  readonly order: number;
  readonly body: string;
  readonly groupId: string | undefined;
  receiveCount: number;
  /** Receives whose invocation crashed, or could not reach SQS: the only ones that should count. */
  crashes: number;
  /** Receives in which the instance was called. */
  calls: number;
  /** It was deleted, and comes all the same. */
  isDone: boolean;
  state: 'waiting' | 'ready' | 'in flight' | 'gone';
  /** Grows with every change of its visibility: an older timer does nothing. */
  turn: number;
}

export interface SqsOptions {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly isFifo?: boolean;
  /** Of every message, for a FIFO queue. */
  readonly delaySeconds?: number;
  readonly maxReceives: number;
  /** Share of the deletions after which the message comes once more. */
  readonly duplicates?: number;
  onDead(message: StoredMessage): void;
  onSize(size: number): void;
}

export interface Sqs {
  readonly name: string;
  send(
    body: string,
    delaySeconds: number,
    fifo?: { groupId: string; deduplicationId: string },
  ): void;
  /** At most so many; each is invisible for the visibility timeout. */
  receive(max: number): readonly StoredMessage[];
  remove(message: StoredMessage): void;
  /** `ChangeMessageVisibility`; a receipt of an earlier receive is ignored. */
  delay(receiptHandle: string, seconds: number): void;
  ready(): number;
  /** Whatever their state. */
  messages(): Iterable<StoredMessage>;
  size(): number;
  readonly dead: StoredMessage[];
  /** The most messages that waited in it: one in flight may already have its successor. */
  peak: number;
  /** Messages that came twice, or were taken though the call failed: a worker sends each of them anew. */
  copies: number;
  /** Is called when a message became ready. */
  onReady: () => void;
}

const visibilitySeconds = 360;
const deduplicationMs = 5 * 60_000;

export function receiptOf({ id, receiveCount }: StoredMessage): string {
  return `${id}#${receiveCount}`;
}

export function createSqs(options: SqsOptions): Sqs {
  const { isFifo = false, maxReceives, name, random, scheduler } = options;
  const all = new Map<string, StoredMessage>();
  const busyGroups = new Map<string, number>();
  const deduplication = new Map<string, number>();
  let ready: StoredMessage[] = [];
  let head = 0;
  let sent = 0;
  let inFlight = 0;

  const toReady = (message: StoredMessage): void => {
    leaveFlight(message);
    message.state = 'ready';
    if (isFifo) insertInOrder(ready, head, message);
    else ready.push(message);
    queue.onReady();
  };

  const leaveFlight = ({ groupId, state }: StoredMessage): void => {
    if (state !== 'in flight') return;
    inFlight -= 1;
    if (groupId === undefined) return;
    const left = (busyGroups.get(groupId) ?? 1) - 1;
    if (left > 0) busyGroups.set(groupId, left);
    else busyGroups.delete(groupId);
  };

  const showAfter = (message: StoredMessage, seconds: number): void => {
    message.turn += 1;
    const { turn } = message;
    scheduler.after(seconds * 1_000, () => {
      if (message.turn === turn && message.state !== 'gone') toReady(message);
    });
  };

  const forget = (message: StoredMessage): void => {
    leaveFlight(message);
    message.state = 'gone';
    message.turn += 1;
    all.delete(message.id);
  };

  /** The next one that may be delivered. A standard queue keeps its order only roughly. */
  const takeNext = (blocked: ReadonlySet<string>): StoredMessage | undefined => {
    if (!isFifo) {
      const other = Math.min(ready.length - 1, head + random.between(0, 3));
      const message = ready[other];
      const first = ready[head];
      if (message === undefined || first === undefined) return undefined;
      ready[other] = first;
      head += 1;
      if (head > 1_024 && head * 2 > ready.length) {
        ready = ready.slice(head);
        head = 0;
      }
      return message;
    }
    const at = ready.findIndex(({ groupId = '' }) => !blocked.has(groupId));
    return at === -1 ? undefined : ready.splice(at, 1)[0];
  };

  const queue: Sqs = {
    name,
    dead: [],
    peak: 0,
    copies: 0,
    onReady: () => {},
    send: (body, delaySeconds, fifo) => {
      if (delaySeconds < 0 || delaySeconds > 900) throw new RangeError('DelaySeconds');
      if (fifo && isDuplicate(deduplication, fifo, scheduler.now())) return;
      const id = `${name}-${sent}`;
      const order = sent++;
      const message: StoredMessage = {
        ...{ id, order, body, groupId: fifo?.groupId },
        ...{ receiveCount: 0, crashes: 0, calls: 0, isDone: false, state: 'waiting', turn: 0 },
      };
      all.set(id, message);
      const waits = all.size - inFlight;
      queue.peak = Math.max(queue.peak, waits);
      options.onSize(waits);
      const seconds = isFifo ? (options.delaySeconds ?? 0) : delaySeconds;
      if (seconds > 0) showAfter(message, seconds);
      else toReady(message);
    },
    receive: (max) => {
      const batch: StoredMessage[] = [];
      const blocked = new Set(busyGroups.keys());
      while (batch.length < max) {
        const message = takeNext(blocked);
        if (message === undefined) break;
        if (message.receiveCount >= maxReceives) {
          forget(message);
          queue.dead.push(message);
          options.onDead(message);
          continue;
        }
        message.receiveCount += 1;
        message.state = 'in flight';
        inFlight += 1;
        const { groupId } = message;
        if (groupId !== undefined) busyGroups.set(groupId, (busyGroups.get(groupId) ?? 0) + 1);
        showAfter(message, visibilitySeconds);
        batch.push(message);
      }
      return batch;
    },
    remove: (message) => {
      if (message.state === 'gone') return;
      if (!isFifo && random.chance(options.duplicates ?? 0)) {
        queue.copies += 1;
        message.isDone = true;
        showAfter(message, random.between(1, 60));
      } else forget(message);
      queue.onReady();
    },
    delay: (receiptHandle, seconds) => {
      if (seconds < 0 || seconds > 43_200) throw new RangeError('VisibilityTimeout');
      const [id = '', receive] = receiptHandle.split('#');
      const message = all.get(id);
      if (message?.state !== 'in flight' || message.receiveCount !== Number(receive)) return;
      showAfter(message, seconds);
    },
    ready: () => ready.length - head,
    messages: () => all.values(),
    size: () => all.size,
  };
  return queue;
}

function isDuplicate(
  known: Map<string, number>,
  { deduplicationId, groupId }: { readonly groupId: string; readonly deduplicationId: string },
  now: number,
): boolean {
  const key = `${groupId} ${deduplicationId}`;
  if ((known.get(key) ?? Number.NEGATIVE_INFINITY) > now) return true;
  known.set(key, now + deduplicationMs);
  return false;
}

function insertInOrder(ready: StoredMessage[], from: number, message: StoredMessage): void {
  let at = ready.length;
  while (at > from && (ready[at - 1]?.order ?? -1) > message.order) at -= 1;
  ready.splice(at, 0, message);
}
