import type { App } from '../app.ts';
import type { Changed } from '../changes/change.ts';
import { outOfTime } from '../sync/engine.ts';
import { createLedger, type Ledger, type Outcomes } from '../sync/ledger.ts';
import type { RunOrigin } from '../sync/outcomes.ts';
import { type ChangeMessage, type FleetMessage, parseMessage } from './message.ts';

/** One delivery of a queue message. */
export interface Delivery {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** From 1. */
  readonly receiveCount: number;
}

/** A run that asks for an instance, by one message or by several that say the same. */
interface Ask {
  readonly origin: RunOrigin;
  readonly deliveries: Delivery[];
}

/** Who asks for which instance, by instance id. */
export type Asks = ReadonlyMap<string, readonly Ask[]>;
export type MutableAsks = Map<string, Ask[]>;

/** Something that changed; which of our instances it concerns is not known yet. */
export interface ChangeRequest {
  readonly change: Changed;
  readonly origin: RunOrigin;
  readonly delivery: Delivery;
}

export interface FleetRequest {
  readonly message: FleetMessage;
  readonly delivery: Delivery;
}

/**
 * Sorts a batch. What the change queue brings may concern other instances than ours. What is no message of
 * ours is logged, by its id, and left out.
 */
export function readBatch({ log }: App, deliveries: readonly Delivery[], isChangeQueue: boolean) {
  const asks: MutableAsks = new Map();
  const fleets: FleetRequest[] = [];
  const changes: ChangeRequest[] = [];
  for (const delivery of deliveries) {
    const message = parseMessage(delivery.body);
    if (message === undefined) dropMalformed(log, delivery);
    else if ('fleet' in message) fleets.push({ message, delivery });
    else if ('dataNodeId' in message || isChangeQueue) {
      changes.push(toChangeRequest(message, delivery));
    } else addAsk(asks, message.instanceId, message, delivery);
  }
  return { asks, fleets, changes };
}

function dropMalformed(log: App['log'], { body, messageId, receiveCount }: Delivery): void {
  log.problem('queue message malformed: dropped', {
    messageId,
    receiveCount,
    characters: body.length,
  });
}

function toChangeRequest(
  { runId, trigger, ...change }: ChangeMessage,
  delivery: Delivery,
): ChangeRequest {
  return { change, origin: { runId, trigger }, delivery };
}

export function addAsk(
  asks: MutableAsks,
  instanceId: string,
  { runId, trigger }: RunOrigin,
  delivery: Delivery,
): void {
  const ofInstance = asks.get(instanceId) ?? [];
  asks.set(instanceId, ofInstance);
  const same = ofInstance.find(
    ({ origin }) => origin.runId === runId && origin.trigger === trigger,
  );
  if (same) same.deliveries.push(delivery);
  else ofInstance.push({ origin: { runId, trigger }, deliveries: [delivery] });
}

function keyOf({ runId, trigger }: RunOrigin): string {
  return `${trigger} ${runId}`;
}

/** One ledger for each run that asks for something in the batch. */
export function openLedgers({ clock, log }: App, asks: Asks): ReadonlyMap<string, Ledger> {
  const ledgers = new Map<string, Ledger>();
  // A share of the run's errors cannot be seen from one batch.
  const settings = { syncMaxErrors: undefined };
  const batchLog = { ...log, report: log.batch };
  for (const { origin } of [...asks.values()].flat()) {
    const key = keyOf(origin);
    if (ledgers.has(key)) continue;
    ledgers.set(key, createLedger({ clock, log: batchLog, settings }, { ...origin, total: 0 }));
  }
  return ledgers;
}

/** Tells every run that asked for an instance what became of it. */
export function createOutcomes(
  asks: Asks,
  ledgers: ReadonlyMap<string, Ledger>,
  maxReceives: number,
): Outcomes {
  const tell = (instanceId: string, write: (ledger: Ledger, ask: Ask) => void): void => {
    for (const ask of asks.get(instanceId) ?? []) {
      const ledger = ledgers.get(keyOf(ask.origin));
      if (ledger) write(ledger, ask);
    }
  };
  const isLast = ({ deliveries }: Ask): boolean =>
    deliveries.every(({ receiveCount }) => receiveCount >= maxReceives);

  return {
    accepted: (task, jobId) => tell(task.instanceId, (run) => run.accepted(task, jobId)),
    failed: (task, failure) => tell(task.instanceId, (run) => run.failed(task, failure)),
    skipped: (task, reason) => tell(task.instanceId, (run) => run.skipped(task, reason)),
    retried: (task, failure, delayMs) =>
      tell(task.instanceId, (run) => run.retried(task, failure, delayMs)),
    // After its last delivery SQS moves a message to the dead-letter queue.
    queued: (task) =>
      tell(task.instanceId, (run, ask) =>
        isLast(ask) ? run.failed(task, task.failure ?? outOfTime) : run.queued(task),
      ),
    hasTooManyErrors: () => false,
  };
}
