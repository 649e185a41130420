import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Queue } from '../../lib/aws/queue.ts';
import type { SqsRecord } from '../../lib/queue/records.ts';
import { syncBatch } from '../../lib/queue/worker.ts';
import { runSync } from '../../lib/sync/run.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { createFakeDdmHttp, type FakeAnswer } from '../fakes/ddm-http.ts';
import { createFakeRunLog } from '../fakes/run-log.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { deadlineIn } from '../support/deadline.ts';
import { createRandom } from '../support/fleet.ts';
import { instanceIds } from '../support/instances.ts';
import { createMortal } from '../support/mortal.ts';

/** A queue in fake time, as SQS keeps its promises: at least once, visibility, dead letters. */
interface World {
  readonly clock: FakeClock;
  readonly messages: Map<string, { body: string; receiveCount: number; visibleAt: number }>;
  readonly deadLetters: string[];
  readonly accepted: Set<string>;
  readonly failed: Set<string>;
  readonly answer: (instanceId: string, call: number) => FakeAnswer | undefined;
  calls: number;
}

const maxReceives = 5;
const visibilityMs = 360_000;

function createWorld(answer: World['answer']): World {
  return {
    clock: createFakeClock(),
    messages: new Map(),
    deadLetters: [],
    accepted: new Set(),
    failed: new Set(),
    answer,
    calls: 0,
  };
}

function createProcess(world: World, ids: readonly string[], crashAt: number) {
  const { death, effect, effects, isDead, sleep } = createMortal(world.clock, crashAt);

  const store = (body: string, delaySeconds: number): void => {
    const visibleAt = world.clock.monotonic() + delaySeconds * 1_000;
    world.messages.set(`m${world.messages.size}-${world.calls}-${effects()}-${body.slice(-60)}`, {
      body,
      receiveCount: 0,
      visibleAt,
    });
  };
  const queue: Queue = {
    sendBatch: (entries) =>
      effect(() => {
        for (const { delaySeconds, message } of entries) {
          store(JSON.stringify(message), delaySeconds);
        }
        return { failed: [] };
      }),
    size: () => effect(() => world.messages.size),
    delayBatch: (changes) =>
      effect(() => {
        for (const { delaySeconds, receiptHandle } of changes) {
          const message = world.messages.get(receiptHandle);
          if (message) message.visibleAt = world.clock.monotonic() + delaySeconds * 1_000;
        }
        return { failed: [] };
      }),
  };
  const http = createFakeDdmHttp(world.clock, (instanceId) => {
    world.calls += 1;
    const failure = world.answer(instanceId, world.calls);
    if (!failure) world.accepted.add(instanceId);
    return failure;
  });
  const log = createFakeRunLog();
  const app: TestApp = createTestApp({
    clock: {
      ...world.clock,
      sleep,
    },
    syncQueue: queue,
    log: {
      ...log,
      outcome: (outcome) => {
        if (!isDead() && outcome.status === 'failed') world.failed.add(outcome.instanceId);
      },
    },
    http: () => ({ close: () => {}, send: (request) => effect(() => http.send(request)) }),
    parameters: {
      fleet: () =>
        effect(() => ({ instanceIds: ids, malformed: [], duplicates: 0, notRunning: [] })),
      secret: () => effect(() => ({ token: 'a-token-of-the-test' })),
    },
  });
  return { app, death };
}

function receive(world: World, random: () => number): SqsRecord[] {
  const now = world.clock.monotonic();
  const batch: SqsRecord[] = [];
  for (const [messageId, message] of world.messages) {
    if (message.visibleAt > now || batch.length === 25 || random() < 0.2) continue;
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
  world: World,
  crashes: readonly number[],
  redeliveries: number,
  seed: number,
): Promise<void> {
  const random = createRandom(seed);
  let left = redeliveries;
  for (let invocation = 0; world.messages.size > 0; invocation += 1) {
    const batch = receive(world, random);
    if (batch.length === 0) {
      await world.clock.run(world.clock.sleep(5_000));
      continue;
    }
    const { app, death } = createProcess(world, [], crashes[invocation] ?? 0);
    const returned = await world.clock.run(
      Promise.race([
        syncBatch(app, { isChange: false, records: batch }, deadlineIn(60_000, app.clock)),
        death,
      ]),
    );
    if (returned === 'crashed') continue;
    for (const { messageId } of batch.filter(
      (delivery) => !returned.includes(delivery.messageId),
    )) {
      if (left > 0 && random() < 0.3)
        left -= 1; // SQS delivers it once more all the same
      else world.messages.delete(messageId);
    }
  }
}

const answers: readonly (FakeAnswer | undefined)[] = [
  undefined,
  undefined,
  undefined,
  { status: 500, errCode: 'DBS.200412' },
  { status: 409, errCode: 'DBS.200019' },
  { status: 400, errCode: 'DBS.280001' },
  { status: 429, errCode: 'APIGW.0308' },
];

function dispatch(world: World, ids: readonly string[], crashAt: number) {
  const { app, death } = createProcess(world, ids, crashAt);
  const config = { ...app.config, syncInlineMax: 5 };
  const request = {
    runId: 'run-1',
    trigger: 'schedule',
    dryRun: false,
  } as const;
  return world.clock.run(
    Promise.race([runSync({ ...app, config }, request, deadlineIn(900_000, app.clock), []), death]),
  );
}

function everyEnd(world: World): Set<string> {
  return new Set([
    ...world.accepted,
    ...world.failed,
    ...world.deadLetters.map((body) => String(JSON.parse(body).instanceId)),
  ]);
}

test('rows 2, 3 and 8: no instance is lost, whatever crashes and however often messages come', async () => {
  const scenario = fc.record({
    size: fc.integer({ min: 1, max: 60 }),
    script: fc
      .array(fc.constantFrom(...answers), { minLength: 1, maxLength: 12 })
      // A service that throttles every call for ever is asked for a day.
      .filter((script) => script.some((answer) => answer?.status !== 429)),
    crashes: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 25 }),
    redeliveries: fc.integer({ min: 0, max: 30 }),
    seed: fc.integer(),
  });

  await fc.assert(
    fc.asyncProperty(scenario, async ({ crashes, redeliveries, script, seed, size }) => {
      const ids = instanceIds(size);
      const world = createWorld((_, call) => script[call % script.length]);
      await dispatch(world, ids, 0);

      await drain(world, crashes, redeliveries, seed);

      expect([...everyEnd(world)].sort()).toEqual(ids);
    }),
    { numRuns: 150 },
  );
});

test('row 8: a worker killed at each of its effects in turn loses nothing', async () => {
  const ids = instanceIds(12);

  for (let crashAt = 1; crashAt <= 40; crashAt += 1) {
    const world = createWorld((_, call) => answers[call % answers.length]);
    await dispatch(world, ids, 0);
    await drain(world, [crashAt, crashAt], 0, 1);

    expect([...everyEnd(world)].sort()).toEqual(ids);
  }
});

test('row 14: a dispatcher that died at any point and ran again has sent every instance, or says that it did not', async () => {
  const ids = instanceIds(47);

  for (let crashAt = 1; crashAt <= 20; crashAt += 1) {
    const world = createWorld(() => undefined);
    await dispatch(world, ids, crashAt);
    const report = await dispatch(world, ids, 0);

    // It sends nothing while the messages of the first one wait; then the next run does.
    const isSkipped = report !== 'crashed' && report.report.skipped > 0;
    await drain(world, [], 0, 1);
    const next = isSkipped ? await dispatch(world, ids, 0) : report;
    await drain(world, [], 0, 1);

    expect(next).toMatchObject({ report: { total: 47, accepted: 5, queued: 42 } });
    expect([...everyEnd(world)].sort()).toEqual(ids);
  }
});

test('row 3: calls an instance at most once more for each time its message is delivered again', async () => {
  const ids = instanceIds(40);
  const world = createWorld(() => undefined);
  await dispatch(world, ids, 0);

  await drain(world, [], 20, 3);

  expect(world.calls).toBeGreaterThan(40);
  expect(world.calls).toBeLessThanOrEqual(60);
});
