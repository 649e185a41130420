import type { App } from '../app.ts';
import type { Queue } from '../aws/queue.ts';
import { askForAffected } from '../changes/resolve.ts';
import { followAccepted } from '../jobs/hand-over.ts';
import { callFleet, openLedger } from '../sync/run.ts';
import { createTask } from '../sync/tasks.ts';
import { createRedelivery } from './redelivery.ts';
import {
  type Asks,
  createOutcomes,
  type Delivery,
  type FleetRequest,
  openLedgers,
  readBatch,
} from './requests.ts';
import { createQueueHandOver } from './sender.ts';

/**
 * Works through one batch of a queue, the sync queue or the change queue. Resolves with the ids of the messages that are to be delivered
 * again: transient failures, busy instances, and what had no time. A message that is none of ours, and one
 * whose instance failed for good, is logged and not among them.
 * @throws {ParameterError} when the token is unusable: the whole batch comes back
 */
export async function syncBatch(
  app: App,
  queue: Queue,
  deliveries: readonly Delivery[],
  remainingMs: number,
): Promise<readonly string[]> {
  const deadlineAt = app.clock.monotonic() + remainingMs;
  const { asks, changes, fleets } = readBatch(app, deliveries, queue === app.changeQueue);
  const askedBy = deadlineAt - remainingMs / 2; // the other half is for the calls
  const unresolved = await askForAffected(app, asks, changes, askedBy);
  const [returned, undispatched] = await Promise.all([
    asks.size > 0
      ? followAccepted(app, deadlineAt, (followed) => syncAsked(followed, queue, asks, deadlineAt))
      : [],
    Promise.all(fleets.map((request) => dispatchFleet(app, queue, request, deadlineAt))),
  ]);
  await holdBack(queue, deliveries, unresolved, deadlineAt);
  const again = new Set([...returned, ...undispatched.flat(), ...unresolved]);
  return deliveries.map(({ messageId }) => messageId).filter((messageId) => again.has(messageId));
}

const unresolvedDelaySeconds = 60; // the next look goes on where this one ended

async function holdBack(
  queue: Queue,
  deliveries: readonly Delivery[],
  messageIds: readonly string[],
  deadlineAt: number,
): Promise<void> {
  if (messageIds.length === 0) return;
  const held = deliveries
    .filter(({ messageId }) => messageIds.includes(messageId))
    .map(({ receiptHandle }) => ({ receiptHandle, delaySeconds: unresolvedDelaySeconds }));
  // Where that fails they come back when the queue's own visibility timeout is over.
  await queue.delay(held, deadlineAt).catch(() => {});
}

/** Calls every instance once, however many ask for it. Resolves with the messages to deliver again. */
async function syncAsked(
  app: App,
  queue: Queue,
  asks: Asks,
  deadlineAt: number,
): Promise<readonly string[]> {
  const ledgers = openLedgers(app, asks);
  const redelivery = createRedelivery(app, queue, asks);
  const stoppedBy = await callFleet(app, {
    instanceIds: [...asks.keys()],
    inlineMax: asks.size,
    ledger: createOutcomes(asks, ledgers, app.config.syncMaxReceives),
    handOver: redelivery,
    deadlineAt,
  });
  for (const ledger of ledgers.values()) ledger.finish();
  if (stoppedBy instanceof Error) {
    const { message: reason, name: error } = stoppedBy;
    app.log.problem('sync batch stopped', { error, reason });
  }
  return redelivery.messageIds;
}

/** Sends a message for every configured instance. Resolves with the message's id when it must come back. */
async function dispatchFleet(
  app: App,
  queue: Queue,
  { delivery, message }: FleetRequest,
  deadlineAt: number,
): Promise<readonly string[]> {
  const { runId } = message;
  try {
    const fleet = await app.fleet(deadlineAt - app.config.deadlineReserveMs);
    const ledger = openLedger(app, message, fleet);
    const handOver = createQueueHandOver(queue, app.clock, message);
    const tasks = fleet.instanceIds.map(createTask);
    const reserveMs = app.config.deadlineReserveMs * 0.2; // to report
    const { failure, refused } = await handOver.take(tasks, deadlineAt - reserveMs);
    for (const task of tasks) {
      if (refused.has(task.instanceId)) ledger.failed(task, failure);
      else ledger.queued(task);
    }
    const { queued } = ledger.finish();
    // What was sent would be sent again: the message comes back only where nothing was.
    return queued === 0 && refused.size > 0 ? [delivery.messageId] : [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    app.log.problem('fleet not dispatched', { runId, reason });
    return [delivery.messageId];
  }
}
