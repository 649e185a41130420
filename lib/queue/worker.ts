import type { AppWith } from '../app.ts';
import type { Queue } from '../aws/queue.ts';
import { enqueueChanges } from '../changes/enqueue.ts';
import { resolveChanges, type Unresolved } from '../changes/resolve.ts';
import type { Deadline } from '../deadline.ts';
import { ParameterError } from '../errors.ts';
import { openConnection } from '../huawei/connection.ts';
import { followAccepted } from '../jobs/hand-over.ts';
import { callInstances } from '../sync/run.ts';
import { createTask } from '../sync/tasks.ts';
import { dispatchFleet } from './dispatch-fleet.ts';
import type { SqsBatch } from './records.ts';
import {
  type ChangeRequest,
  createBatchOutcomes,
  type SyncRequests,
  slowIn,
  sortBatch,
} from './requests.ts';
import { createResendHandOver, giveBack, type ResendHandOver } from './resend.ts';
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
    return records.map(({ messageId }) => messageId).filter((id) => messageIds.has(id));
  } catch (error) {
    // Otherwise the batch would come back only when the queue's visibility timeout is over.
    await giveBack(app, queue, records, deadline.signal('handOver'));
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
  const handOver = createResendHandOver(app, queue, requests, deadline);
  try {
    await callRequested(app, requests, handOver, deadline);
  } catch (error) {
    if (!(error instanceof ParameterError) || !isNextDeliveryTheLast(app, requests)) throw error;
    // Without credentials no delivery can succeed: the instances must outlast that.
    app.log.problem('sync batch failed', { error: error.name, reason: error.message });
    await handOver.take([...requests.keys()].map(createTask));
  }
  return handOver.messageIds;
}

async function callRequested(
  app: WorkerApp,
  requests: SyncRequests,
  handOver: ResendHandOver,
  deadline: Deadline,
): Promise<void> {
  await using followUp = followAccepted(app, deadline);
  using connection = await openConnection(app, deadline, 'resolve');
  const outcomes = createBatchOutcomes(app, requests, [followUp.sink]);

  const stoppedBy = await callInstances(app, connection, {
    instanceIds: [...requests.keys()],
    inlineMax: requests.size,
    batch: { slow: slowIn(requests) },
    outcomes,
    handOver,
    deadline,
  });
  for (const recorder of outcomes.recorders) app.log.batch(recorder.report());
  if (stoppedBy instanceof Error) {
    const { message: reason, name: error } = stoppedBy;
    app.log.problem('sync batch stopped', { error, reason });
  }
}

function isNextDeliveryTheLast({ config }: WorkerApp, requests: SyncRequests): boolean {
  const records = [...requests.values()].flat().flatMap((request) => request.records);
  return records.some(({ receiveCount }) => receiveCount >= config.syncMaxReceives - 1);
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
