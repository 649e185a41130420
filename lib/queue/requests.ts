import type { App } from '../app.ts';
import type { Change } from '../changes/change.ts';
import type { RunOrigin } from '../log.ts';
import {
  createRecorder,
  type OutcomeSink,
  type Outcomes,
  type Recorder,
} from '../sync/outcomes.ts';
import { type FleetMessage, parseMessage, type SyncMessage } from './message.ts';
import type { SqsRecord } from './records.ts';

/** A run that asks for an instance, in one message or in several identical ones. */
export interface SyncRequest {
  readonly origin: RunOrigin;
  readonly records: SqsRecord[];
  /** In ms since the epoch. */
  readonly askedAt: number;
  /** As in the message. */
  readonly tries: number;
  readonly isSlow: boolean;
}

/** Which runs ask for which instance, by instance id. */
export type SyncRequests = ReadonlyMap<string, readonly SyncRequest[]>;
export type MutableSyncRequests = Map<string, SyncRequest[]>;

/** Something that changed; which instances it concerns is not known yet. */
export interface ChangeRequest {
  readonly change: Change;
  readonly origin: RunOrigin;
  readonly record: SqsRecord;
}

export interface FleetRequest {
  readonly message: FleetMessage;
  readonly record: SqsRecord;
}

/**
 * Sorts a batch. What the change queue brings may concern instances outside the fleet. A malformed message is
 * logged, by its id, and left out.
 */
export function sortBatch(
  { clock, log }: App,
  records: readonly SqsRecord[],
  isChangeQueue: boolean,
) {
  const instances: MutableSyncRequests = new Map();
  const fleets: FleetRequest[] = [];
  const changes: ChangeRequest[] = [];
  for (const record of records) {
    const message = parseMessage(record.body);
    if (message === undefined) {
      const { body, messageId, receiveCount } = record;
      const fields = { messageId, receiveCount, characters: body.length };
      log.problem('queue message malformed: dropped', fields);
    } else if ('fleet' in message) {
      fleets.push({ message, record });
    } else if ('dataNodeId' in message || isChangeQueue) {
      const { runId, trigger, ...change } = message;
      changes.push({ change, origin: { runId, trigger }, record });
    } else {
      const { askedAt = clock.now() } = message;
      addRequest(instances, message.instanceId, { ...message, askedAt }, record);
    }
  }
  return { instances, fleets, changes };
}

/** What a message says of its instance. */
type AskedFor = RunOrigin & Pick<SyncMessage, 'tries' | 'slow'> & { readonly askedAt: number };

export function addRequest(
  requests: MutableSyncRequests,
  instanceId: string,
  { askedAt, runId, slow, tries = 0, trigger }: AskedFor,
  record: SqsRecord,
): void {
  const ofInstance = requests.get(instanceId) ?? [];
  requests.set(instanceId, ofInstance);
  const same = ofInstance.find(
    ({ origin }) => origin.runId === runId && origin.trigger === trigger,
  );
  if (same) same.records.push(record);
  else
    ofInstance.push({
      origin: { runId, trigger },
      records: [record],
      askedAt,
      tries,
      isSlow: slow === true,
    });
}

export interface BatchOutcomes extends Outcomes {
  /** One for each run that asks for something in the batch. */
  readonly recorders: readonly Recorder[];
}

/** Reports an instance's outcome to every run that asked for it. */
export function createBatchOutcomes(
  { clock, log }: App,
  requests: SyncRequests,
  sinks: readonly OutcomeSink[],
): BatchOutcomes {
  const recorders = new Map<string, Recorder>();
  for (const { origin } of [...requests.values()].flat()) {
    const key = keyOf(origin);
    if (recorders.has(key)) continue;
    recorders.set(key, createRecorder({ clock, log }, { ...origin, total: 0 }, sinks));
  }
  const forEachRun = (instanceId: string, write: (recorder: Recorder) => void): void => {
    for (const { origin } of requests.get(instanceId) ?? []) {
      const recorder = recorders.get(keyOf(origin));
      if (recorder) write(recorder);
    }
  };

  return {
    recorders: [...recorders.values()],
    accepted: (task, jobId) => forEachRun(task.instanceId, (run) => run.accepted(task, jobId)),
    failed: (task, failure) => forEachRun(task.instanceId, (run) => run.failed(task, failure)),
    skipped: (task, reason) => forEachRun(task.instanceId, (run) => run.skipped(task, reason)),
    retried: (task, failure, delayMs) =>
      forEachRun(task.instanceId, (run) => run.retried(task, failure, delayMs)),
    queued: (task) => forEachRun(task.instanceId, (run) => run.queued(task)),
    hasTooManyErrors: () => false, // a share of the run's errors cannot be seen from one batch
  };
}

function keyOf({ runId, trigger }: RunOrigin): string {
  return `${trigger} ${runId}`;
}

/** The instances that did not answer in time before. */
export function slowIn(requests: SyncRequests): ReadonlySet<string> {
  const slow = [...requests].filter(([, ofInstance]) => ofInstance.some(({ isSlow }) => isSlow));
  return new Set(slow.map(([instanceId]) => instanceId));
}
