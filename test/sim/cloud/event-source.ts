import { instanceIn } from '../history.ts';
import type { Delivery, World } from '../world.ts';
import type { LambdaFunction } from './lambda.ts';
import { receiptOf, type Sqs, type StoredMessage } from './sqs.ts';

export interface EventSource {
  readonly queue: Sqs;
  readonly fn: LambdaFunction;
  readonly isChange: boolean;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly maxConcurrency: number;
}

/** What lib/queue/records.ts makes of an event, and what a batch was made of. */
export interface SimBatch {
  readonly isChange: boolean;
  readonly records: readonly {
    readonly messageId: string;
    readonly receiptHandle: string;
    readonly body: string;
    readonly receiveCount: number;
  }[];
}

const sqsFaults = ['sqs-hang', 'sqs-fails', 'sqs-entries'] as const;

/** Lambda's poller: gathers a batch, invokes, and deletes what the function does not give back. */
export function startEventSource(world: World, source: EventSource): void {
  const { history, lambda, scheduler } = world;
  const { batchSize, fn, isChange, maxConcurrency, queue, windowMs } = source;
  let active = 0;
  let isGathering = false;

  const poll = (): void => {
    if (isGathering || active >= maxConcurrency || queue.ready() === 0) return;
    isGathering = true;
    const wait = queue.ready() >= batchSize ? 20 : Math.max(20, windowMs);
    scheduler.after(wait, () => {
      isGathering = false;
      deliver();
      poll();
    });
  };

  const deliver = (): void => {
    const messages = queue.receive(batchSize);
    if (messages.length === 0) return;
    active += 1;
    if (isChange) world.changeDeliveries += 1;
    const delivery: Delivery = { at: scheduler.now() };
    if (queue === world.queues.sync && world.deliveries.length < 10)
      world.deliveries.push(delivery);
    history.delivered(queue.name, messages);
    const before = messages.map(({ body }) => callsOf(world, body));
    const isTaken = lambda.invoke(fn, toBatch(messages, isChange), (ended) => {
      active -= 1;
      delivery.endedAt = scheduler.now();
      for (const [at, message] of messages.entries()) {
        if (callsOf(world, message.body) > (before[at] ?? 0)) message.calls += 1;
      }
      // While SQS fails, a worker can neither send a message anew nor acknowledge it.
      const counts = ended.kind === 'crash' || sqsFaults.some(world.faults.isOn);
      if (counts) for (const message of messages) message.crashes += 1;
      if (ended.kind === 'answer') {
        const back = new Set(ended.value as readonly string[]);
        for (const message of messages) if (!back.has(message.id)) queue.remove(message);
      }
      poll();
    });
    if (!isTaken) throw new Error(`${fn.name} has fewer environments than its queues need`);
  };

  queue.onReady = () => {
    poll();
  };
}

function toBatch(messages: readonly StoredMessage[], isChange: boolean): SimBatch {
  return {
    isChange,
    records: messages.map((message) => ({
      messageId: message.id,
      receiptHandle: receiptOf(message),
      body: message.body,
      receiveCount: message.receiveCount,
    })),
  };
}

/** Of the instance that a message is about. */
function callsOf({ ddm }: World, body: string): number {
  const index = instanceIn(body);
  return index === undefined ? 0 : (ddm.instances[index]?.calls ?? 0);
}
