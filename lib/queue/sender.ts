import {
  type BatchResult,
  batchesInFlight,
  maxBatchEntries,
  type Queue,
  type QueueEntry,
  type Redelivery,
} from '../aws/queue.ts';
import type { Clock } from '../clock.ts';
import { untilAborted } from '../deadline.ts';
import type { SyncFailure } from '../errors.ts';
import type { QueueMessage } from './message.ts';

export interface SenderDeps {
  readonly clock: Pick<Clock, 'sleep'>;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
}

export interface Sent<Message> {
  /** What the queue is not known to have taken; everything else it has. */
  readonly refused: readonly Message[];
  /** Why, for the log; empty if nothing was refused. */
  readonly reason: string;
}

/**
 * Sends messages in batches of ten, twenty batches at once. Never rejects, and ends when the signal aborts: what
 * has no answer by then counts as refused.
 */
export async function send<Message extends QueueMessage>(
  deps: SenderDeps,
  queue: Queue,
  entries: readonly QueueEntry<Message>[],
  signal: AbortSignal,
): Promise<Sent<Message>> {
  const { refused, reason } = await inBatches(deps, entries, signal, (batch, untilSignal) =>
    queue.sendBatch(batch, untilSignal),
  );
  return { refused: refused.map(({ message }) => message), reason };
}

/**
 * Has received messages delivered again after a while; as well-behaved as `send`. Resolves with the count of
 * those for which that failed: they come back when the queue's own visibility timeout is over.
 */
export async function delay(
  deps: SenderDeps,
  queue: Queue,
  redeliveries: readonly Redelivery[],
  signal: AbortSignal,
): Promise<number> {
  const { refused } = await inBatches(deps, redeliveries, signal, (batch, untilSignal) =>
    queue.delayBatch(batch, untilSignal),
  );
  return refused.length;
}

type Call<Entry> = (batch: readonly Entry[], signal: AbortSignal) => Promise<BatchResult>;

async function inBatches<Entry>(
  deps: SenderDeps,
  entries: readonly Entry[],
  signal: AbortSignal,
  call: Call<Entry>,
): Promise<{ readonly refused: readonly Entry[]; readonly reason: string }> {
  const sending: Sending<Entry> = { ...deps, call, signal, refused: [], reason: lateReason };
  let position = 0;
  const work = async (): Promise<void> => {
    while (position < entries.length) {
      const batch = entries.slice(position, position + maxBatchEntries);
      position += maxBatchEntries;
      await sendBatch(sending, batch);
    }
  };
  await Promise.all(Array.from({ length: batchesInFlight }, work));
  return { refused: sending.refused, reason: sending.refused.length === 0 ? '' : sending.reason };
}

/** What the batches of one call of the sender share. */
interface Sending<Entry> extends SenderDeps {
  readonly call: Call<Entry>;
  readonly signal: AbortSignal;
  readonly refused: Entry[];
  reason: string;
  isHopeless?: boolean | undefined;
}

const lateReason = 'the queue did not answer in time';
const maxAttempts = 5; // of one entry, besides the SDK's own attempts at a whole call
const baseDelayMs = 100;
const maxDelayMs = 2_000;

/** Sends one batch, and again those of its entries that failed. */
async function sendBatch<Entry>(sending: Sending<Entry>, batch: readonly Entry[]): Promise<void> {
  const { clock, random, refused, signal } = sending;
  let rest = batch;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    if (signal.aborted || sending.isHopeless) break;
    const { failed, isHopeless, reason = sending.reason } = await callOnce(sending, rest);
    sending.reason = reason;
    sending.isHopeless ||= isHopeless;
    const entriesAt = (isFinal: boolean): readonly Entry[] =>
      rest.filter((_, index) =>
        failed.some((one) => one.index === index && one.isFinal === isFinal),
      );
    refused.push(...entriesAt(true));
    rest = entriesAt(false);
    if (rest.length === 0) return;
    await clock.sleep(random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1)), signal);
  }
  refused.push(...rest);
}

async function callOnce<Entry>(
  { call, signal }: Sending<Entry>,
  batch: readonly Entry[],
): Promise<BatchResult> {
  try {
    return await untilAborted(call(batch, signal), signal);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown error';
    return {
      failed: batch.map((_, index) => ({ index, isFinal: true })),
      reason: signal.aborted ? lateReason : `the queue failed: ${name}`,
    };
  }
}

/** The failure of an instance whose message the queue did not take. */
export function queueRefused(reason: string): SyncFailure {
  return { errCode: 'QUEUE_REFUSED', retryClass: 'permanent', externalMessage: reason };
}
