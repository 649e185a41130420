import type { App } from '../../lib/app.ts';
import type { Queue } from '../../lib/aws/queue.ts';
import { followBatch } from '../../lib/jobs/follow.ts';
import { followAccepted } from '../../lib/jobs/hand-over.ts';
import type { SqsRecord } from '../../lib/queue/records.ts';
import { type RunRequest, type RunResult, runSync } from '../../lib/sync/run.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { createFakeJobs, type FakeJobs } from '../fakes/jobs-http.ts';
import { refuseSome } from '../fakes/queue.ts';
import { createFakeRunLog, type FakeRunLog } from '../fakes/run-log.ts';
import { createTestApp, type TestApp } from './app.ts';
import { deadlineIn } from './deadline.ts';
import { createMortal } from './mortal.ts';

interface Stored {
  readonly body: string;
  receiveCount: number;
  visibleAt: number;
}

/** The follow queue and Huawei's side in fake time; outlives the processes that are started in it. */
export interface FollowWorld {
  readonly clock: FakeClock;
  readonly huawei: FakeJobs;
  readonly log: FakeRunLog;
  readonly messages: Map<string, Stored>;
  readonly deadLetters: string[];
  /** Whether the queue refuses a message, asked for each. */
  refuse: (body: string) => boolean;
  /** A process that dies at its `crashAt`-th effect on the outside; never with 0. */
  start(options?: ProcessOptions): FollowProcess;
  /** Runs follow until its queue is empty. Resolves with the number of batches. */
  drain(options?: DrainOptions): Promise<number>;
}

export interface ProcessOptions {
  readonly crashAt?: number;
  readonly instanceIds?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly secret?: App['parameters']['secret'];
  /** @default true */
  readonly hasQueue?: boolean;
}

interface FollowProcess {
  readonly app: TestApp;
  readonly death: Promise<'crashed'>;
}

interface DrainOptions extends ProcessOptions {
  /** `crashAt` of the first batches. */
  readonly crashes?: readonly number[];
  readonly batchSize?: number;
  /** Whether the queue delivers what was done once more; asked for each message. */
  readonly redeliver?: () => boolean;
}

const visibilityMs = 360_000;
const maxReceives = 5;

export function createFollowWorld(): FollowWorld {
  const clock = createFakeClock();
  let sent = 0;
  const world: FollowWorld = {
    clock,
    huawei: createFakeJobs(clock),
    log: createFakeRunLog(),
    messages: new Map(),
    deadLetters: [],
    refuse: () => false,
    start: (options) => startProcess(world, store, options),
    drain: (options) => drain(world, options),
  };
  const store = (body: string, delaySeconds: number): void => {
    const visibleAt = clock.monotonic() + delaySeconds * 1_000;
    world.messages.set(`m${sent}`, { body, receiveCount: 0, visibleAt });
    sent += 1;
  };
  return world;
}

function startProcess(
  world: FollowWorld,
  store: (body: string, delaySeconds: number) => void,
  { crashAt = 0, env, hasQueue = true, instanceIds = [], secret }: ProcessOptions = {},
): FollowProcess {
  const { death, effect, isDead, sleep } = createMortal(world.clock, crashAt);

  const queue: Queue = {
    sendBatch: (entries) =>
      effect(() => {
        const refused = entries.filter(({ message }) => world.refuse(JSON.stringify(message)));
        for (const entry of entries) {
          if (!refused.includes(entry)) store(JSON.stringify(entry.message), entry.delaySeconds);
        }
        return refuseSome(entries, (entry) => refused.includes(entry));
      }),
    size: async () => 0,
    delayBatch: async () => ({ failed: [] }),
  };
  const alive = (write: () => void): void => {
    if (!isDead()) write();
  };
  const app = createTestApp({
    clock: {
      ...world.clock,
      sleep,
    },
    ...(hasQueue && { followQueue: queue }),
    log: {
      ...world.log,
      outcome: (outcome) => alive(() => world.log.outcome(outcome)),
      jobResult: (result) => alive(() => world.log.jobResult(result)),
    },
    http: () => ({
      close: () => {},
      send: (request) => effect(() => world.huawei.send(request)),
    }),
    parameters: {
      fleet: async () => ({ instanceIds, malformed: [], duplicates: 0, notRunning: [] }),
      ...(secret && { secret, refreshSecret: secret }),
    },
    ...(env && { env }),
  });
  return { app, death };
}

function receive(world: FollowWorld, batchSize: number): SqsRecord[] {
  const now = world.clock.monotonic();
  const batch: SqsRecord[] = [];
  for (const [messageId, message] of world.messages) {
    if (message.visibleAt > now || batch.length === batchSize) continue;
    if (message.receiveCount >= maxReceives) {
      world.messages.delete(messageId);
      world.deadLetters.push(message.body);
      continue;
    }
    message.receiveCount += 1;
    message.visibleAt = now + visibilityMs;
    const { body, receiveCount } = message;
    batch.push({ messageId, receiptHandle: messageId, body, receiveCount });
  }
  return batch;
}

async function drain(
  world: FollowWorld,
  { batchSize = 100, crashes = [], redeliver = () => false, ...options }: DrainOptions = {},
): Promise<number> {
  let batches = 0;
  while (world.messages.size > 0) {
    const deliveries = receive(world, batchSize);
    if (deliveries.length === 0) {
      await world.clock.run(world.clock.sleep(1_000));
      continue;
    }
    const { app, death } = world.start({ ...options, crashAt: crashes[batches] ?? 0 });
    batches += 1;
    const { followQueue } = app;
    if (!followQueue) throw new TypeError('the test has a follow queue');
    const work = followBatch({ ...app, followQueue }, deliveries, deadlineIn(60_000, app.clock));
    const returned = await world.clock.run(Promise.race([work, death]));
    if (returned === 'crashed') continue;
    for (const { messageId } of deliveries) {
      if (!returned.includes(messageId) && !redeliver()) world.messages.delete(messageId);
    }
  }
  return batches;
}

/** A run that hands its accepted syncs to the follow queue, as scheduled does. */
export async function runFollowed(
  app: App,
  request: RunRequest,
  totalMs: number,
): Promise<RunResult> {
  using deadline = deadlineIn(totalMs, app.clock);
  await using followUp = followAccepted(app, deadline);
  return await runSync(app, request, deadline, [followUp.sink]);
}
