import type { App } from './app.ts';
import {
  type Asks,
  createOutcomes,
  type Delivery,
  type FleetRequest,
  openLedgers,
  readBatch,
} from './asks.ts';
import type { Queue } from './aws/queue.ts';
import { createTask } from './backlog.ts';
import { createQueueHandOver } from './dispatch.ts';
import { ConfigError } from './errors.ts';
import { createRedelivery } from './redelivery.ts';
import { callFleet, openLedger } from './run.ts';

/**
 * Works through one batch of the queue. Resolves with the ids of the messages that are to be delivered
 * again: transient failures, busy instances, and what had no time. A message that is none of ours, and one
 * whose instance failed for good, is logged and not among them.
 * @throws {ParameterError} when the token is unusable: the whole batch comes back
 */
export const syncBatch = async (
  app: App,
  deliveries: readonly Delivery[],
  remainingMs: number,
): Promise<readonly string[]> => {
  const { queue } = app;
  if (!queue) throw new ConfigError(['SYNC_QUEUE_URL is not set: the worker needs its queue']);
  const deadlineAt = app.clock.monotonic() + remainingMs;
  const { asks, fleets } = readBatch(app, deliveries);
  const [returned, undispatched] = await Promise.all([
    asks.size > 0 ? syncAsked(app, queue, asks, deadlineAt) : [],
    Promise.all(fleets.map((request) => dispatchFleet(app, queue, request, deadlineAt))),
  ]);
  const again = new Set([...returned, ...undispatched.flat()]);
  return deliveries.map(({ messageId }) => messageId).filter((messageId) => again.has(messageId));
};

/** Calls every instance once, however many ask for it. Resolves with the messages to deliver again. */
const syncAsked = async (
  app: App,
  queue: Queue,
  asks: Asks,
  deadlineAt: number,
): Promise<readonly string[]> => {
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
};

/** Sends a message for every configured instance. Resolves with the message's id when it must come back. */
const dispatchFleet = async (
  app: App,
  queue: Queue,
  { delivery, message }: FleetRequest,
  deadlineAt: number,
): Promise<readonly string[]> => {
  const { runId } = message;
  try {
    const fleet = await app.parameters.fleet();
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
};
