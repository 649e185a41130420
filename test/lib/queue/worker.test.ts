import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { QueueEntry } from '../../../lib/aws/queue.ts';
import { ParameterError } from '../../../lib/errors.ts';
import type { SyncMessage } from '../../../lib/queue/message.ts';
import type { SqsRecord } from '../../../lib/queue/records.ts';
import { syncBatch } from '../../../lib/queue/worker.ts';
import { createFakeDdmHttp, type FakeAnswer } from '../../fakes/ddm-http.ts';
import { createFakeQueue } from '../../fakes/queue.ts';
import { createTestApp, type TestAppOptions } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { instanceIds } from '../../support/instances.ts';

const ok = undefined;
const gone: FakeAnswer = { status: 400, errCode: 'DBS.280001' };
const broken: FakeAnswer = { status: 500, errCode: 'DBS.200412' };
const busy: FakeAnswer = { status: 409, errCode: 'DBS.200019' };
const refused: FakeAnswer = { status: 401, errCode: 'APIGW.0307' };
const overloaded: FakeAnswer = { status: 429, errCode: 'APIGW.0308' };
const down: FakeAnswer = { status: 503 };
const silent: FakeAnswer = { status: 200, latencyMs: 3_600_000 };

interface DeliveryOptions extends Pick<SyncMessage, 'askedAt' | 'tries' | 'slow'> {
  readonly receiveCount?: number;
  readonly runId?: string;
  readonly trigger?: string;
}

function delivery(
  messageId: string,
  instanceId: string,
  { receiveCount = 1, runId = 'run-1', trigger = 'schedule', ...more }: DeliveryOptions = {},
): SqsRecord {
  return {
    messageId,
    receiptHandle: `handle-${messageId}`,
    body: JSON.stringify({ instanceId, trigger, runId, ...more }),
    receiveCount,
  };
}

interface BatchOptions extends Omit<TestAppOptions, 'http'> {
  readonly answer?: (instanceId: string, call: number) => FakeAnswer | undefined;
  readonly latencyMs?: number;
  readonly remainingMs?: number;
}

async function run(deliveries: readonly SqsRecord[], options: BatchOptions = {}) {
  const { answer = () => ok, latencyMs, remainingMs = 60_000, ...rest } = options;
  const queue = createFakeQueue();
  const calls: string[] = [];
  const app = createTestApp({
    syncQueue: queue,
    ...rest,
    http: (clock) => {
      const http = createFakeDdmHttp(clock, answer, latencyMs);
      return {
        close: () => {},
        send: (request) => {
          calls.push(/instances\/([^/]+)\//.exec(request.url)?.[1] ?? '');
          return http.send(request);
        },
      };
    },
  });
  /** Another batch in the same environment. */
  const again = (records: readonly SqsRecord[]) =>
    app.clock.run(syncBatch(app, { isChange: false, records }, deadlineIn(remainingMs, app.clock)));
  const returned = await again(deliveries);
  const sent = queue.sent as readonly QueueEntry<SyncMessage>[];
  return { again, app, calls, log: app.log, queue, returned, sent };
}

/** A message for each of so many instances. */
function deliveriesOf(instances: number, options: DeliveryOptions = {}): readonly SqsRecord[] {
  return instanceIds(instances).map((id, index) => delivery(String(index), id, options));
}

const [a = '', b = '', c = ''] = instanceIds(3);
const start = Date.parse('2026-11-23T03:00:00Z'); // of the fake clock
const dayAgo = start - 24 * 3_600_000;

describe('a batch', () => {
  test('returns nothing when every instance was accepted', async () => {
    const { log, returned } = await run([delivery('1', a), delivery('2', b)]);

    expect(returned).toEqual([]);
    expect(log.outcomes).toMatchObject([
      { instanceId: a, status: 'accepted', runId: 'run-1', trigger: 'schedule' },
      { instanceId: b, status: 'accepted' },
    ]);
    expect(log.batches).toMatchObject([{ runId: 'run-1', total: 2, accepted: 2 }]);
  });

  test('row 10: sends exactly the instances with transient failures anew, and returns nothing', async () => {
    const answers: Record<string, FakeAnswer | undefined> = { [a]: broken, [b]: gone, [c]: ok };

    const { app, log, returned, sent } = await run(
      [delivery('1', a), delivery('2', b), delivery('3', c)],
      { answer: (instanceId) => answers[instanceId] },
    );

    expect(returned).toEqual([]);
    expect(sent.map(({ message }) => message)).toEqual([
      { instanceId: a, trigger: 'schedule', runId: 'run-1', askedAt: expect.any(Number), tries: 1 },
    ]);
    expect(sent[0]?.message.askedAt).toBeLessThanOrEqual(app.clock.now());
    expect(log.outcomes.find(({ instanceId }) => instanceId === a)).toMatchObject({
      status: 'queued',
      errCode: 'DBS.200412',
      attempts: 3,
    });
    expect(log.outcomes.find(({ instanceId }) => instanceId === b)?.status).toBe('failed');
  });

  test('row 9: drops malformed messages with their id and without their text', async () => {
    const bodies = [
      '',
      'canary-text',
      'null',
      '[]',
      '{"instanceId":"../../x","trigger":"schedule","runId":"r"}',
      `{"instanceId":"${a}","trigger":"cron","runId":"r"}`,
      `{"instanceId":"${a}","trigger":"http"}`,
      `{"instanceId":"${a}","trigger":"http","runId":"a b"}`,
      '{"fleet":"yes","trigger":"http","runId":"r"}',
    ];
    const poison = bodies.map((body, index) => ({ ...delivery(`p${index}`, a), body }));

    const { calls, log, returned } = await run([...poison, delivery('good', b)]);

    expect(returned).toEqual([]);
    expect(calls).toEqual([b]);
    expect(log.problems.map(({ messageId }) => messageId)).toEqual(poison.map((p) => p.messageId));
    expect(JSON.stringify(log.problems)).not.toContain('canary');
  });

  test('row 9: takes any text for a body', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (body) => {
        const { returned } = await run([{ ...delivery('p', a), body }, delivery('good', b)]);

        expect(returned).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('row 11: sends everything anew when everything fails, and does not throw', async () => {
    const { returned, sent } = await run(deliveriesOf(20), { answer: () => broken });

    expect(returned).toEqual([]);
    expect(sent.map(({ message }) => message.instanceId).sort()).toEqual(instanceIds(20));
  });

  test('calls an instance once, however many messages ask for it', async () => {
    const { calls, log } = await run([
      delivery('1', a),
      delivery('2', a),
      delivery('3', a, { runId: 'run-2', trigger: 'http' }),
    ]);

    expect(calls).toEqual([a]);
    expect(log.outcomes.map(({ runId, trigger }) => [runId, trigger])).toEqual([
      ['run-1', 'schedule'],
      ['run-2', 'http'],
    ]);
    expect(log.batches.map(({ runId, total }) => [runId, total])).toEqual([
      ['run-1', 1],
      ['run-2', 1],
    ]);
  });

  test('row 39: leaves a busy instance alone, longer with every try', async () => {
    const delays: number[] = [];
    for (const tries of [undefined, 1, 2, 3]) {
      const { calls, sent } = await run([delivery('1', a, { tries })], { answer: () => busy });
      expect([calls.length, sent[0]?.message.tries]).toEqual([1, (tries ?? 0) + 1]);
      delays.push(sent[0]?.delaySeconds ?? 0);
    }

    for (const [index, delay] of delays.entries()) {
      expect(delay).toBeGreaterThanOrEqual(30 * 2 ** index);
      expect(delay).toBeLessThanOrEqual(60 * 2 ** index);
    }
  });

  test.each([
    ['tried five times', { tries: 4 }, 'failed'],
    ['tried four times', { tries: 3 }, 'queued'],
    ['asked for a day ago', { askedAt: dayAgo }, 'failed'],
    ['delivered for the last time', { receiveCount: 5 }, 'queued'],
  ])('an instance that fails is %s: %s is %s', async (_, options, status) => {
    const { log, returned, sent } = await run([delivery('1', a, options)], {
      answer: () => broken,
    });

    expect(log.outcomes).toMatchObject([{ status, errCode: 'DBS.200412' }]);
    expect([returned, sent.length]).toEqual([[], status === 'queued' ? 1 : 0]);
  });

  // Seed 3539 of the simulation: a service that hangs, and then answers 503.
  test.each([
    ['503', down, 10, 'queued', 4],
    ['no answer after 10 minutes', silent, 10, 'queued', 5],
    ['no answer after half an hour', silent, 31, 'failed', undefined],
  ])(
    'a slow instance with four tries and %s, from which nothing else has come',
    async (_, answer, minutes, status, tries) => {
      const askedAt = start - minutes * 60_000;

      const { log, sent } = await run([delivery('1', a, { askedAt, slow: true, tries: 4 })], {
        answer: () => answer,
      });

      expect(log.outcomes).toMatchObject([{ status }]);
      expect(sent[0]?.message.tries).toBe(tries);
    },
  );

  test('row 7: sends anew what it has no time for', async () => {
    const { app, log, returned, sent } = await run(deliveriesOf(100, { tries: 2 }), {
      latencyMs: 2_000,
      remainingMs: 12_000,
      env: { SYNC_CONCURRENCY: '4' },
    });

    expect(app.clock.monotonic()).toBeLessThan(12_000);
    const accepted = log.outcomes.filter(({ status }) => status === 'accepted').length;
    expect(accepted).toBeGreaterThan(8);
    expect([returned, sent.length]).toEqual([[], 100 - accepted]);
    const waiting = sent.filter(({ message }) => message.slow === undefined);
    expect(waiting.length).toBeGreaterThan(50);
    expect(waiting.every(({ message }) => message.tries === 2)).toBe(true);
    expect(Math.max(...waiting.map(({ delaySeconds }) => delaySeconds))).toBeLessThanOrEqual(2);
  });

  test('asks once for an instance that several runs wait for, but for each request of a person', async () => {
    const { sent } = await run(
      [
        delivery('1', a, { runId: 'run-1', askedAt: start - 3000 }),
        delivery('2', a, { runId: 'run-2', askedAt: start - 1000 }),
        delivery('3', a, { runId: 'run-3', askedAt: start - 2000, trigger: 'change' }),
        delivery('4', a, { runId: 'run-4', askedAt: start - 3000, trigger: 'http' }),
      ],
      { answer: () => down },
    );

    expect(sent.map(({ message }) => message.runId).sort()).toEqual(['run-2', 'run-4']);
  });

  test('measures how long an instance has waited that is sent anew', async () => {
    const { log } = await run(
      [delivery('1', a, { askedAt: start - 7_200_000 }), delivery('2', b), delivery('3', c)],
      { answer: (instanceId) => (instanceId === c ? ok : busy) },
    );

    expect(log.waits.length).toBe(1);
    expect(log.waits[0]).toBeGreaterThanOrEqual(7_200);
    expect(log.waits[0]).toBeLessThan(7_210);
  });

  test('row 21: stops at a dead token, and comes back after minutes', async () => {
    const { calls, log, returned, sent } = await run(deliveriesOf(60, { tries: 4 }), {
      answer: () => refused,
    });

    expect([returned, sent.length]).toEqual([[], 60]);
    expect(calls.length).toBeLessThanOrEqual(8);
    expect(Math.min(...sent.map(({ delaySeconds }) => delaySeconds))).toBeGreaterThanOrEqual(120);
    expect(sent.every(({ message }) => message.tries === 4)).toBe(true);
    expect(log.problems).toMatchObject([
      { message: 'sync batch stopped', error: 'UnauthorizedError' },
    ]);
    expect(log.outcomes.every(({ status }) => status === 'queued')).toBe(true);
  });

  test('row 34: is handed back at once when the service asks for a pause', async () => {
    const { app, calls, sent } = await run(deliveriesOf(30), {
      answer: () => ({ ...overloaded, retryAfter: '120' }),
    });

    expect(app.clock.monotonic()).toBeLessThan(1_000);
    expect(calls.length).toBeLessThanOrEqual(4);
    const delays = sent.map(({ delaySeconds }) => delaySeconds);
    expect([delays.length, Math.min(...delays)]).toEqual([30, 120]);
  });

  test('an outage costs a few calls, and no tries', async () => {
    const { app, calls, log, sent } = await run(deliveriesOf(60, { tries: 4 }), {
      answer: () => down,
    });

    expect(app.clock.monotonic()).toBeLessThan(20_000);
    expect(calls.length).toBeLessThanOrEqual(15);
    expect(log.outcomes.every(({ status }) => status === 'queued')).toBe(true);
    expect(sent.every(({ message }) => message.tries === 4)).toBe(true);
  });

  test('an instance that fails while the service works for others has had a try', async () => {
    const { sent } = await run([delivery('1', a), delivery('2', b)], {
      answer: (instanceId) => (instanceId === a ? down : ok),
    });

    expect(sent.map(({ message }) => message)).toMatchObject([{ instanceId: a, tries: 1 }]);
  });

  test('does not wait for an instance that does not answer, but calls it again, apart from the others', async () => {
    const ids = instanceIds(20);

    const { app, log, sent } = await run(deliveriesOf(20), {
      answer: (instanceId) => (instanceId === ids[3] ? silent : ok),
    });

    expect(app.clock.monotonic()).toBeLessThan(2_500);
    expect(log.batches).toMatchObject([{ accepted: 19, queued: 1 }]);
    expect(sent.map(({ message }) => message)).toMatchObject([{ instanceId: ids[3], slow: true }]);
    expect(sent[0]?.message.tries).toBeUndefined();
    expect(sent[0]?.delaySeconds).toBeGreaterThanOrEqual(45);
  });

  test('waits twice as long as for the longest answer, whoever is left', async () => {
    const latencies: Readonly<Record<string, number>> = { [a]: 2_000, [b]: 3_500, [c]: 9_000 };

    const { app, log, sent } = await run(deliveriesOf(3), {
      answer: (instanceId) => ({ status: 200, latencyMs: latencies[instanceId] ?? 0 }),
    });

    expect(log.batches).toMatchObject([{ accepted: 2, queued: 1 }]);
    expect(sent.map(({ message }) => message.instanceId)).toEqual([c]);
    expect(app.clock.monotonic()).toBeLessThan(7_200);
  });

  test('waits for its first answer, however late', async () => {
    const { log, sent } = await run(deliveriesOf(2), {
      answer: () => ({ status: 200, latencyMs: 3_000 }),
    });

    expect(log.batches).toMatchObject([{ accepted: 2 }]);
    expect(sent).toEqual([]);
  });

  test('waits for nobody longer when the service asks for a pause', async () => {
    const throttled = { ...overloaded, retryAfter: '120' };

    const { app, sent } = await run(deliveriesOf(3), {
      answer: (instanceId) => ({ [b]: throttled, [c]: silent })[instanceId],
    });

    expect(app.clock.monotonic()).toBeLessThan(2_000);
    expect(sent.map(({ message }) => message.instanceId).sort()).toEqual([b, c].sort());
  });

  test('ends after 20 seconds, whatever is left', async () => {
    const { app, sent } = await run(deliveriesOf(3), {
      answer: () => ({ ...overloaded, retryAfter: '3' }),
    });

    expect(app.clock.monotonic()).toBeGreaterThan(15_000);
    expect(app.clock.monotonic()).toBeLessThan(22_000);
    expect(sent.length).toBe(3);
  });

  test('calls nothing in the pause that an earlier batch found', async () => {
    const { again, calls, sent } = await run(deliveriesOf(60), { answer: () => down });
    const before = calls.length;

    expect(await again(deliveriesOf(5))).toEqual([]);

    expect(calls.length).toBe(before);
    expect(sent.length).toBe(65);
  });

  const quick = { SYNC_ATTEMPT_TIMEOUT_MS: '1000' };

  test('takes ten instances that do not answer for an outage', async () => {
    const { app, calls } = await run(deliveriesOf(60), { env: quick, answer: () => silent });

    expect(calls.length).toBeLessThanOrEqual(14);
    expect(app.pace.isOpen).toBe(true);
  });

  test('does not take instances for an outage that did not answer before', async () => {
    const { app, calls } = await run(deliveriesOf(20, { slow: true }), {
      env: quick,
      answer: () => silent,
    });

    expect(calls.length).toBe(20);
    expect(app.pace.isOpen).toBe(false);
  });

  test('takes 503 of instances for an outage that did not answer before', async () => {
    const { app, calls } = await run(deliveriesOf(60, { slow: true }), { answer: () => down });

    expect(calls.length).toBeLessThanOrEqual(15);
    expect(app.pace.isOpen).toBe(true);
  });

  test('does not take calls for an outage that it ended itself', async () => {
    const answering = new Set(instanceIds(4));

    const { app, log } = await run(deliveriesOf(19), {
      answer: (instanceId) => (answering.has(instanceId) ? ok : silent),
    });

    expect(log.batches).toMatchObject([{ accepted: 4, queued: 15 }]);
    expect([app.pace.isOpen, app.pace.pausedMs()]).toEqual([false, 0]);
  });

  test('gives slow instances no more time when half of a batch is slow', async () => {
    const late: FakeAnswer = { status: 200, latencyMs: 8_000 };

    const { log } = await run([delivery('1', a, { slow: true }), delivery('2', b)], {
      answer: (instanceId) => (instanceId === a ? late : ok),
    });

    expect(log.batches).toMatchObject([{ accepted: 1, queued: 1 }]);
  });

  test('logs each retry', async () => {
    const { log } = await run([delivery('1', a)], {
      answer: (_, call) => (call === 1 ? broken : ok),
    });

    expect(log.batches).toMatchObject([{ accepted: 1, attempts: 2 }]);
    expect(log.retries).toMatchObject([{ instanceId: a, attempt: 1 }]);
  });

  test('gives slow instances their time when most of a batch is slow', async () => {
    const late: FakeAnswer = { status: 200, latencyMs: 8_000 };

    const { log, sent } = await run(
      [delivery('1', a, { slow: true }), delivery('2', b, { slow: true }), delivery('3', c)],
      { answer: (instanceId) => ({ [a]: late, [b]: silent })[instanceId] },
    );

    expect(log.batches).toMatchObject([{ accepted: 2, queued: 1 }]);
    expect(sent.map(({ message }) => message)).toMatchObject([
      { instanceId: b, slow: true, tries: 1 },
    ]);
  });

  test('throws when the token cannot be read: the whole batch comes back', async () => {
    const error = new ParameterError('SSM_UNAVAILABLE', '/token', 'no');
    const parameters = { secret: () => Promise.reject(error) };

    const syncQueue = createFakeQueue();

    await expect(run([delivery('1', a)], { parameters, syncQueue })).rejects.toBe(error);

    const [redelivery] = syncQueue.delayed;
    expect(redelivery?.receiptHandle).toBe('handle-1');
    expect(redelivery?.delaySeconds).toBeLessThanOrEqual(15);
  });

  test('outlasts credentials that cannot be read: before its last delivery a message is sent anew', async () => {
    const error = new ParameterError('SSM_UNAVAILABLE', '/token', 'no');
    const parameters = { secret: () => Promise.reject(error) };

    const { log, returned, sent } = await run([delivery('1', a, { receiveCount: 4, tries: 2 })], {
      parameters,
    });

    expect(returned).toEqual([]);
    expect(sent.map(({ message }) => message)).toMatchObject([{ instanceId: a, tries: 2 }]);
    expect(log.problems).toMatchObject([{ message: 'sync batch failed', error: 'ParameterError' }]);
  });

  test('gives back what the queue does not take', async () => {
    const ids = instanceIds(30);
    const syncQueue = createFakeQueue((instanceId) => instanceId === ids[7]);

    const { log, returned } = await run(deliveriesOf(30), { syncQueue, answer: () => busy });

    expect(returned).toEqual(['7']);
    expect(log.warned).toEqual([
      { message: 'instances not sent anew', messages: 1, reason: expect.stringMatching(/./) },
    ]);
    expect(syncQueue.sent.length).toBe(29);
    expect(syncQueue.delayed).toMatchObject([{ receiptHandle: 'handle-7' }]);
  });

  test('gives back every message of an instance that the queue does not take', async () => {
    const { returned } = await run([delivery('1', a), delivery('2', a)], {
      syncQueue: createFakeQueue(() => true),
      answer: () => busy,
    });

    expect(returned).toEqual(['1', '2']);
  });

  test('gives messages back also when their delay cannot be set', async () => {
    const queue = {
      ...createFakeQueue(() => true),
      delayBatch: () => Promise.reject(new Error('no')),
    };

    const { log, returned } = await run([delivery('1', a)], {
      syncQueue: queue,
      answer: () => busy,
    });

    expect(returned).toEqual(['1']);
    expect(log.warned).toMatchObject([
      { message: 'instances not sent anew', messages: 1 },
      { message: 'redelivery delay not set', messages: 1 },
    ]);
  });
});

describe('a message for the fleet', () => {
  const fleetDelivery: SqsRecord = {
    ...delivery('fleet', a),
    body: '{"fleet":true,"trigger":"http","runId":"run-9"}',
  };
  const fleetOf = (ids: readonly string[]) => ({
    fleet: async () => ({
      instanceIds: ids,
      malformed: ['nonsense'],
      duplicates: 0,
      notRunning: [],
    }),
  });

  test('becomes a message for every instance', async () => {
    const ids = instanceIds(1_234);

    const { app, calls, log, queue, returned } = await run([fleetDelivery], {
      parameters: fleetOf(ids),
    });
    const askedAt = app.clock.now();

    expect([calls, returned]).toEqual([[], []]);
    expect(queue.sent.map(({ message }) => message)).toEqual(
      ids.map((instanceId) => ({ instanceId, trigger: 'http', runId: 'run-9', askedAt })),
    );
    expect(log.reports).toMatchObject([{ runId: 'run-9', total: 1_235, queued: 1_234, failed: 1 }]);
  });

  test('is sent anew when the list cannot be read, and does not disturb the others', async () => {
    const error = new ParameterError('SSM_UNAVAILABLE', '/instances', 'not readable');
    const parameters = { fleet: () => Promise.reject(error) };

    const { calls, log, queue, returned } = await run([fleetDelivery, delivery('1', a)], {
      parameters,
    });

    expect([calls, returned]).toEqual([[a], []]);
    expect(queue.sent).toMatchObject([
      { message: { fleet: true, runId: 'run-9', askedAt: expect.any(Number) }, delaySeconds: 60 },
    ]);
    expect(log.problems).toMatchObject([
      { message: 'fleet not dispatched', reason: 'not readable' },
    ]);
  });

  test('is asked for a day at most, and comes back when it cannot be sent anew', async () => {
    const parameters = {
      fleet: () => Promise.reject(new ParameterError('SSM_UNAVAILABLE', '/i', 'no')),
    };
    const old = {
      ...fleetDelivery,
      body: JSON.stringify({ ...JSON.parse(fleetDelivery.body), askedAt: dayAgo }),
    };

    const expired = await run([old], { parameters });
    const refused = await run([fleetDelivery], {
      parameters,
      syncQueue: createFakeQueue((id) => id === 'fleet'),
    });

    expect([expired.returned, expired.queue.sent]).toEqual([[], []]);
    expect(refused.returned).toEqual(['fleet']);
  });

  test('comes back when the queue took nothing, and not when it took some', async () => {
    const ids = instanceIds(10);
    const none = createFakeQueue(() => true);
    const some = createFakeQueue((instanceId) => instanceId === ids[0]);

    const nothing = await run([fleetDelivery], { parameters: fleetOf(ids), syncQueue: none });
    const most = await run([fleetDelivery], { parameters: fleetOf(ids), syncQueue: some });

    expect([nothing.returned, most.returned]).toEqual([['fleet'], []]);
    expect(most.log.reports).toMatchObject([{ queued: 9, failed: 2 }]);
  });
});

test('rows 10 and 12: in any batch each asked instance has one outcome, and exactly the open ones are sent anew', async () => {
  const answers = [ok, gone, broken, busy, refused, overloaded, down, silent];
  const ask = fc.record({
    instance: fc.nat(12),
    runId: fc.constantFrom('run-1', 'run-2'),
    receiveCount: fc.integer({ min: 1, max: 5 }),
  });
  const scenario = fc.record({
    asks: fc.array(ask, { maxLength: 40 }),
    script: fc.array(fc.constantFrom(...answers), { minLength: 1, maxLength: 15 }),
    latencyMs: fc.integer({ min: 0, max: 9_000 }),
    remainingMs: fc.integer({ min: 1_000, max: 60_000 }),
  });
  const ids = instanceIds(13);

  await fc.assert(
    fc.asyncProperty(scenario, async ({ asks, latencyMs, remainingMs, script }) => {
      const deliveries = asks.map(({ instance, ...rest }, index) =>
        delivery(`m${index}`, ids[instance] ?? '', rest),
      );
      const { log, returned, sent } = await run(deliveries, {
        latencyMs,
        remainingMs,
        answer: (_, call) => script[call % script.length],
      });

      const asked = new Set(asks.map(({ instance, runId }) => `${ids[instance]} ${runId}`));
      const told = log.outcomes.map(({ instanceId, runId }) => `${instanceId} ${runId}`);
      expect(told.sort()).toEqual([...asked].sort());
      for (const report of log.batches) {
        expect(report.accepted + report.failed + report.queued).toBe(report.total);
      }
      const open = log.outcomes.filter(({ status }) => status === 'queued');
      const sentAnew = new Set(sent.map(({ message }) => message.instanceId));
      expect([...sentAnew].sort()).toEqual([...new Set(open.map((o) => o.instanceId))].sort());
      expect(returned).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
