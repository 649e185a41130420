import type { AppWith } from '../app.ts';
import type { Queue } from '../aws/queue.ts';
import { enqueueChanges } from '../changes/enqueue.ts';
import { endsHere, resolveChanges, type Unresolved } from '../changes/resolve.ts';
import type { Deadline } from '../deadline.ts';
import { openConnection } from '../huawei/connection.ts';
import { followAccepted } from '../jobs/hand-over.ts';
import { failurePolicy } from '../sync/failure-policy.ts';
import { callInstances, openRecorder } from '../sync/run.ts';
import { createTask } from '../sync/tasks.ts';
import { createQueueHandOver } from './hand-over.ts';
import type { SqsBatch } from './records.ts';
import { backoffSeconds, createRedeliveryHandOver } from './redelivery.ts';
import {
  type ChangeRequest,
  createBatchOutcomes,
  type FleetRequest,
  type SyncRequests,
  sortBatch,
} from './requests.ts';
import { delay } from './sender.ts';

export type WorkerApp = AppWith<'syncQueue' | 'changeQueue'>;

/**
 * Syncs what one batch asks for. Resolves with the ids of the messages to be delivered again: transient
 * failures, busy instances, and instances that there was no time for. A malformed message, and one whose
 * instance failed for good, is logged and not among them.
 * @throws {ParameterError} when the token is unusable: the whole batch comes back
 */
export async function syncBatch(
  app: WorkerApp,
  { isChange, records }: SqsBatch,
  deadline: Deadline,
): Promise<readonly string[]> {
  const queue = isChange ? app.changeQueue : app.syncQueue;
  const { changes, fleets, instances } = sortBatch(app, records, isChange);
  try {
    const unresolved = await resolveChanges(app, instances, changes, deadline);
    const again = await Promise.all([
      syncInstances(app, queue, instances, deadline),
      postponeChanges(app, queue, unresolved, deadline),
      ...fleets.map((request) => dispatchFleet(app, queue, request, deadline)),
    ]);
    const messageIds = new Set(again.flatMap((ids) => [...ids]));
    for (const change of changes)
      if (endsHere(app, change)) messageIds.delete(change.record.messageId);
    return records.map(({ messageId }) => messageId).filter((id) => messageIds.has(id));
  } catch (error) {
    // Otherwise the batch would come back only when the queue's visibility timeout is over.
    const { redeliverySeconds } = failurePolicy.retry;
    const redeliveries = records.map(({ receiptHandle, receiveCount }) => ({
      receiptHandle,
      delaySeconds: backoffSeconds(redeliverySeconds, receiveCount, app.random),
    }));
    await delay(app, queue, redeliveries, deadline.signal('handOver'));
    throw error;
  }
}

/** Calls every instance once, however many runs ask for it. */
async function syncInstances(
  app: WorkerApp,
  queue: Queue,
  requests: SyncRequests,
  deadline: Deadline,
): Promise<ReadonlySet<string>> {
  if (requests.size === 0) return new Set();
  await using followUp = followAccepted(app, deadline);
  using connection = await openConnection(app, deadline, 'resolve');
  const outcomes = createBatchOutcomes(app, requests, [followUp.sink]);
  const handOver = createRedeliveryHandOver(app, queue, requests, deadline);
  const stoppedBy = await callInstances(app, connection, {
    instanceIds: [...requests.keys()],
    inlineMax: requests.size,
    outcomes,
    handOver,
    deadline,
  });
  for (const recorder of outcomes.recorders) app.log.batch(recorder.report());
  if (stoppedBy instanceof Error) {
    const { message: reason, name: error } = stoppedBy;
    app.log.problem('sync batch stopped', { error, reason });
  }
  return handOver.messageIds;
}

const unresolvedDelaySeconds = 60; // the next attempt continues where this one ended

/**
 * Changes for which there was no time go into new messages: looking through a large fleet takes several
 * batches, and each delivery of a message counts towards the dead-letter queue. Failed ones come back.
 */
async function postponeChanges(
  app: WorkerApp,
  queue: Queue,
  { failed, late }: Unresolved,
  deadline: Deadline,
): Promise<readonly string[]> {
  const refused = await resend(app, late, deadline);
  const back = [...failed, ...refused].map(({ record }) => record);
  const redeliveries = back.map(({ receiptHandle }) => ({
    receiptHandle,
    delaySeconds: unresolvedDelaySeconds,
  }));
  await delay(app, queue, redeliveries, deadline.signal('handOver'));
  return back.map(({ messageId }) => messageId);
}

async function resend(
  app: WorkerApp,
  requests: readonly ChangeRequest[],
  deadline: Deadline,
): Promise<readonly ChangeRequest[]> {
  const byRun = Map.groupBy(requests, ({ origin }) => origin.runId);
  const refused = [...byRun].map(async ([runId, ofRun]) => {
    const changes = ofRun.map(({ change }) => change);
    const sent = await enqueueChanges(app, changes, runId, deadline);
    return ofRun.filter(({ change }) => sent.refused.includes(change));
  });
  return (await Promise.all(refused)).flat();
}

/** Sends a message for every configured instance. Resolves with the message's id when it must come back. */
async function dispatchFleet(
  app: WorkerApp,
  queue: Queue,
  { message, record }: FleetRequest,
  deadline: Deadline,
): Promise<readonly string[]> {
  try {
    const fleet = await app.fleet(deadline, 'calls');
    const recorder = openRecorder(app, message, fleet);
    const tasks = fleet.instanceIds.map(createTask);
    const handOver = createQueueHandOver(app, queue, message, deadline);
    const { failure, refused } = await handOver.take(tasks);
    for (const task of tasks) {
      if (refused.has(task.instanceId)) recorder.failed(task, failure);
      else recorder.queued(task);
    }
    const report = recorder.report();
    app.log.report(report);
    // Redelivery would send the sent ones again, so the message comes back only if none were sent.
    return report.queued === 0 && refused.size > 0 ? [record.messageId] : [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    app.log.problem('fleet not dispatched', { runId: message.runId, reason });
    return [record.messageId];
  }
}
