import type { Queue, QueueEntry, SendResult } from '../aws/queue.ts';
import type { Clock } from '../clock.ts';
import type { SyncFailure } from '../errors.ts';
import type { RunOrigin } from '../sync/outcomes.ts';
import type { QueueMessage } from './message.ts';

/** Where a run's instances go that it cannot finish itself. */
export interface HandOver {
  /** Seconds after which an instance that failed so is tried again there; undefined: it has failed. */
  delaySeconds(failure: SyncFailure): number | undefined;
  /** Never rejects and never outlasts `deadlineAt` (monotonic ms). */
  take(instances: readonly HandedOver[], deadlineAt: number): Promise<HandOverResult>;
}

export interface HandedOver {
  readonly instanceId: string;
  readonly delaySeconds: number;
}

interface HandOverResult {
  readonly refused: ReadonlySet<string>;
  /** Of the refused ones that did not fail before. */
  readonly failure: SyncFailure;
}

const laterDelaySeconds = 60; // a busy instance: long enough for most operations, FAULTS.md section 3
const answerMarginMs = 100; // the queue gives up so long before the caller stops waiting for it

/**
 * Hands over to the queue, one message per instance. What the queue is not known to have taken counts as
 * refused, so that the report cannot claim it.
 */
export function createQueueHandOver(queue: Queue, clock: Clock, run: RunOrigin): HandOver {
  return {
    delaySeconds: ({ retryClass }) => (retryClass === 'later' ? laterDelaySeconds : undefined),
    take: async (instances, deadlineAt) => {
      const entries = instances.map(({ instanceId, delaySeconds }) => ({
        message: { instanceId, trigger: run.trigger, runId: run.runId },
        delaySeconds,
      }));
      const { refused, reason } = await sendInTime(queue, clock, entries, deadlineAt);
      return {
        refused: new Set(refused.map(({ message }) => message.instanceId)),
        failure: queueRefused(reason),
      };
    },
  };
}

/** Sends what the queue takes until `deadlineAt` (monotonic ms); never rejects and never outlasts it. */
export async function sendInTime<Message extends QueueMessage>(
  queue: Queue,
  clock: Clock,
  entries: readonly QueueEntry<Message>[],
  deadlineAt: number,
): Promise<SendResult<Message>> {
  const cancel = new AbortController();
  const late = clock
    .sleep(Math.max(0, deadlineAt - clock.monotonic()), cancel.signal)
    .then(() => ({ refused: entries, reason: 'the queue did not answer in time' }));
  const sent = queue.send(entries, deadlineAt - answerMarginMs).catch((error: unknown) => ({
    refused: entries,
    reason: `the queue failed: ${error instanceof Error ? error.name : 'unknown error'}`,
  }));
  const result = await Promise.race([sent, late]);
  cancel.abort();
  return result;
}

/** The outcome of an instance whose message the queue did not take. */
export function queueRefused(reason: string | undefined): SyncFailure {
  return {
    errCode: 'QUEUE_REFUSED',
    retryClass: 'permanent',
    ...(reason !== undefined && { externalMessage: reason }),
  };
}
