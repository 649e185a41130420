import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ParameterError } from '../../../lib/errors.ts';
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

function delivery(
  messageId: string,
  instanceId: string,
  { receiveCount = 1, runId = 'run-1', trigger = 'schedule' } = {},
): SqsRecord {
  return {
    messageId,
    receiptHandle: `handle-${messageId}`,
    body: JSON.stringify({ instanceId, trigger, runId }),
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
  const returned = await app.clock.run(
    syncBatch(app, { isChange: false, records: deliveries }, deadlineIn(remainingMs, app.clock)),
  );
  return { app, calls, log: app.log, queue, returned };
}

const [a = '', b = '', c = ''] = instanceIds(3);

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

  test('row 10: returns exactly the messages of transient failures', async () => {
    const answers: Record<string, FakeAnswer | undefined> = { [a]: broken, [b]: gone, [c]: ok };

    const { log, returned } = await run([delivery('1', a), delivery('2', b), delivery('3', c)], {
      answer: (instanceId) => answers[instanceId],
    });

    expect(returned).toEqual(['1']);
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

  test('row 11: returns everything when everything fails, and does not throw', async () => {
    const ids = instanceIds(20);
    const deliveries = ids.map((id, index) => delivery(String(index), id));

    const { returned } = await run(deliveries, { answer: () => broken });

    expect(returned).toEqual(deliveries.map(({ messageId }) => messageId));
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

  test('row 39: leaves a busy instance alone, longer with every delivery', async () => {
    const delays: number[] = [];
    for (const receiveCount of [1, 2, 3, 4]) {
      const { calls, queue, returned } = await run([delivery('1', a, { receiveCount })], {
        answer: () => busy,
      });
      expect([calls.length, returned]).toEqual([1, ['1']]);
      delays.push(queue.delayed[0]?.delaySeconds ?? 0);
    }

    for (const [index, delay] of delays.entries()) {
      expect(delay).toBeGreaterThanOrEqual(30 * 2 ** index);
      expect(delay).toBeLessThanOrEqual(60 * 2 ** index);
    }
  });

  test('reports an instance as failed at its last delivery, and lets the message go to the dead letters', async () => {
    const { log, returned } = await run([delivery('1', a, { receiveCount: 5 })], {
      answer: () => broken,
    });

    expect(returned).toEqual(['1']);
    expect(log.outcomes).toMatchObject([{ status: 'failed', errCode: 'DBS.200412' }]);
  });

  test('row 7: hands back what it has no time for', async () => {
    const ids = instanceIds(100);
    const deliveries = ids.map((id, index) => delivery(String(index), id));

    const { app, log, returned } = await run(deliveries, {
      latencyMs: 2_000,
      remainingMs: 12_000,
      env: { SYNC_CONCURRENCY: '4' },
    });

    expect(app.clock.monotonic()).toBeLessThan(12_000);
    const accepted = log.outcomes.filter(({ status }) => status === 'accepted').length;
    expect(accepted).toBeGreaterThan(8);
    expect(returned.length).toBe(100 - accepted);
  });

  test('row 21: returns everything with a long delay when the token is dead', async () => {
    const ids = instanceIds(60);
    const deliveries = ids.map((id, index) => delivery(String(index), id));

    const { calls, log, queue, returned } = await run(deliveries, { answer: () => refused });

    expect(returned.length).toBe(60);
    expect(calls.length).toBeLessThanOrEqual(8);
    expect(
      Math.min(...queue.delayed.map(({ delaySeconds }) => delaySeconds)),
    ).toBeGreaterThanOrEqual(150);
    expect(log.problems).toMatchObject([
      { message: 'sync batch stopped', error: 'UnauthorizedError' },
    ]);
    expect(log.outcomes.every(({ status }) => status === 'queued')).toBe(true);
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

  test('gives messages back also when their delay cannot be set', async () => {
    const queue = { ...createFakeQueue(), delayBatch: () => Promise.reject(new Error('no')) };

    const { log, returned } = await run([delivery('1', a)], {
      syncQueue: queue,
      answer: () => busy,
    });

    expect(returned).toEqual(['1']);
    expect(log.warnings).toEqual(['redelivery delay not set']);
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

    const { calls, log, queue, returned } = await run([fleetDelivery], {
      parameters: fleetOf(ids),
    });

    expect([calls, returned]).toEqual([[], []]);
    expect(queue.sent.map(({ message }) => message)).toEqual(
      ids.map((instanceId) => ({ instanceId, trigger: 'http', runId: 'run-9' })),
    );
    expect(log.reports).toMatchObject([{ runId: 'run-9', total: 1_235, queued: 1_234, failed: 1 }]);
  });

  test('comes back when the list cannot be read, and does not disturb the others', async () => {
    const error = new ParameterError('SSM_UNAVAILABLE', '/instances', 'not readable');
    const parameters = { fleet: () => Promise.reject(error) };

    const { calls, log, returned } = await run([fleetDelivery, delivery('1', a)], { parameters });

    expect([calls, returned]).toEqual([[a], ['fleet']]);
    expect(log.problems).toMatchObject([
      { message: 'fleet not dispatched', reason: 'not readable' },
    ]);
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

test('rows 10 and 12: in any batch each asked instance has one outcome, and only its messages return', async () => {
  const answers = [ok, gone, broken, busy, refused, overloaded];
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
      const { log, returned } = await run(deliveries, {
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
      const known = new Set(deliveries.map(({ messageId }) => messageId));
      expect(returned.every((messageId) => known.has(messageId))).toBe(true);
      const open = log.outcomes.filter(({ status }) => status === 'queued');
      for (const { instanceId } of open) {
        const messages = deliveries.filter(({ body }) => body.includes(instanceId));
        expect(messages.every(({ messageId }) => returned.includes(messageId))).toBe(true);
      }
      const done = log.outcomes.filter(({ status }) => status === 'accepted');
      for (const { instanceId } of done) {
        const messages = deliveries.filter(({ body }) => body.includes(instanceId));
        expect(messages.some(({ messageId }) => returned.includes(messageId))).toBe(false);
      }
    }),
    { numRuns: 200 },
  );
});
