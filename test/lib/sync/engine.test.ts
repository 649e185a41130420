import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Queue } from '../../../lib/aws/queue.ts';
import type { SyncFailure } from '../../../lib/errors.ts';
import { createFakeClock } from '../../fakes/clock.ts';
import { type Call, createFakeAuth, throttleAbove } from '../../fakes/ddm.ts';
import { createFakeQueue } from '../../fakes/queue.ts';
import { createRandom, runFleet } from '../../support/fleet.ts';
import { instanceIds } from '../../support/instances.ts';

const serverFailure: SyncFailure = { errCode: 'DBS.200412', retryClass: 'retry', httpStatus: 500 };
const parameterError: SyncFailure = {
  errCode: 'DBS.280001',
  retryClass: 'permanent',
  httpStatus: 400,
};
const silent: SyncFailure = { errCode: 'TIMEOUT', retryClass: 'slow' };
const busy: SyncFailure = { errCode: 'DBS.200019', retryClass: 'later', httpStatus: 409 };
const refused: SyncFailure = { errCode: 'APIGW.0307', retryClass: 'auth', httpStatus: 401 };
const overloaded: SyncFailure = {
  errCode: 'APIGW.0308',
  retryClass: 'throttled',
  httpStatus: 429,
};
const unavailable: SyncFailure = {
  errCode: 'BAD_RESPONSE',
  retryClass: 'unavailable',
  httpStatus: 503,
};

describe('a run', () => {
  test('gives every instance one outcome with its job id', async () => {
    const ids = instanceIds(200);

    const { log, report } = await runFleet({ instanceIds: ids });

    expect(report).toMatchObject({ total: 200, accepted: 200, failed: 0, attempts: 200 });
    expect(new Set(log.outcomes.map(({ jobId }) => jobId))).toEqual(
      new Set(ids.map((id) => `job-${id}`)),
    );
  });

  test('never has more calls in flight than its concurrency', async () => {
    const { ddm } = await runFleet({
      instanceIds: instanceIds(300),
      settings: { syncConcurrency: 7 },
    });

    expect(ddm.peakInFlight()).toBe(7);
  });

  test('row 17: never starts more calls in any second than its rate', async () => {
    const settings = { syncRatePerSecond: 50, syncConcurrency: 100 };

    const { ddm } = await runFleet({ instanceIds: instanceIds(1_000), settings });

    expect(busiestSecond(ddm.calls)).toBeLessThanOrEqual(50);
    expect(ddm.calls.at(-1)?.startedAt).toBeLessThan(20_500);
  });

  test('starts with few calls in flight until one is accepted', async () => {
    const { ddm } = await runFleet({
      instanceIds: instanceIds(500),
      settings: { syncConcurrency: 100, syncRatePerSecond: 10_000, syncMaxErrors: { count: 0 } },
      answer: () => parameterError,
    });

    expect(ddm.calls.length).toBe(4);
  });

  test('row 40: does not let one instance that always fails disturb the others', async () => {
    const ids = instanceIds(1_000);

    const { report } = await runFleet({
      instanceIds: ids,
      answer: ({ instanceId }) => (instanceId === ids[500] ? serverFailure : undefined),
    });

    expect(report).toMatchObject({ accepted: 999, failed: 1, errCodes: { 'DBS.200412': 1 } });
  });

  test('survives a fault of its own in one instance', async () => {
    const ids = instanceIds(10);

    const { log, report } = await runFleet({
      instanceIds: ids,
      answer: ({ instanceId }) => {
        if (instanceId === ids[3]) throw new RangeError('canary-secret');
        return undefined;
      },
    });

    expect(report).toMatchObject({ accepted: 9, failed: 1, errCodes: { INTERNAL: 1 } });
    expect(log.outcomes.find(({ status }) => status === 'failed')?.externalMessage).toBe(
      'RangeError',
    );
    expect(JSON.stringify(log.outcomes)).not.toContain('canary-secret');
  });

  test('row 43: measures durations on the monotonic clock', async () => {
    const clock = createFakeClock();

    const { report } = await runFleet({
      instanceIds: instanceIds(40),
      clock,
      answer: ({ number }) => {
        clock.jumpWallClock(number % 2 === 0 ? 3_600_000 : -3_600_000);
        return undefined;
      },
    });

    expect(report.accepted).toBe(40);
    expect(report.durationMs).toBeLessThan(1_000);
  });

  test('measures durations from its own start', async () => {
    const clock = createFakeClock();
    await clock.run(clock.sleep(5_000));

    const { log, report } = await runFleet({ instanceIds: instanceIds(1), clock });

    expect(report.durationMs).toBe(50);
    expect(log.outcomes).toMatchObject([{ durationMs: 50 }]);
  });
});

describe('retries', () => {
  test('repeat a failed call up to the allowed attempts', async () => {
    const { ddm, log, report } = await runFleet({
      instanceIds: instanceIds(1),
      answer: () => serverFailure,
    });

    expect(ddm.calls.length).toBe(3);
    expect(log.retries.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(log.outcomes[0]).toMatchObject({ status: 'failed', errCode: 'DBS.200412', attempts: 3 });
    expect(report.attempts).toBe(3);
  });

  test('never repeat a permanent failure', async () => {
    const { ddm } = await runFleet({ instanceIds: instanceIds(20), answer: () => parameterError });

    expect(ddm.calls.length).toBe(20);
  });

  test('row 35: stay within a tenth of the calls when everything fails', async () => {
    const { ddm, report } = await runFleet({
      instanceIds: instanceIds(1_000),
      answer: () => serverFailure,
    });

    expect(report).toMatchObject({ total: 1_000, failed: 1_000 });
    expect(ddm.calls.length).toBeGreaterThan(1_000);
    expect(ddm.calls.length).toBeLessThanOrEqual(1_100);
  });

  test('row 35: stay within a tenth of the calls in a storm of 503', async () => {
    const { ddm, report } = await runFleet({
      instanceIds: instanceIds(500),
      answer: () => unavailable,
    });

    expect(report).toMatchObject({ total: 500, failed: 500 });
    expect(ddm.calls.length).toBeLessThanOrEqual(550);
  });

  test('row 37: are all made when half of the calls fail', async () => {
    const random = createRandom(7);
    const instances = 4_000;

    const { report } = await runFleet({
      instanceIds: instanceIds(instances),
      answer: () => (random() < 0.5 ? serverFailure : undefined),
    });

    const sigma = Math.sqrt(0.875 * 0.125 * instances);
    expect(Math.abs(report.accepted - 0.875 * instances)).toBeLessThan(3 * sigma);
  });

  test('row 39: leave a busy instance alone for half a minute, and try it once more', async () => {
    const { ddm, report } = await runFleet({ instanceIds: instanceIds(1), answer: () => busy });

    const [first, second] = ddm.calls;
    expect(ddm.calls.length).toBe(2);
    expect((second?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBeGreaterThan(30_000);
    expect(report.errCodes).toEqual({ 'DBS.200019': 1 });
  });

  test('row 39: give a busy instance to the queue with a delay when there is one', async () => {
    const queue = createFakeQueue();

    const { ddm, report } = await runFleet({
      instanceIds: instanceIds(1),
      queue,
      answer: () => busy,
    });

    expect(ddm.calls.length).toBe(1);
    expect(report.queued).toBe(1);
    expect(queue.sent).toMatchObject([
      { delaySeconds: 60, message: { runId: 'run-1', trigger: 'schedule' } },
    ]);
  });

  test('are not begun when their time would be up before', async () => {
    const { clock, log, report } = await runFleet({
      instanceIds: instanceIds(1),
      remainingMs: 20_000,
      answer: () => busy,
    });

    expect(log.retries).toEqual([]);
    expect(report.errCodes).toEqual({ 'DBS.200019': 1 });
    expect(clock.monotonic()).toBeLessThan(1_000);
  });

  test('row 34: wait as long as Retry-After says, the whole run with them', async () => {
    const { ddm, report } = await runFleet({
      instanceIds: instanceIds(50),
      settings: { syncConcurrency: 5 },
      answer: ({ number }) => (number === 1 ? { ...overloaded, retryAfterMs: 7_000 } : undefined),
    });

    const inPause = ddm.calls.filter(({ startedAt }) => startedAt > 51 && startedAt < 7_000);
    expect(inPause).toEqual([]);
    expect(report).toMatchObject({ accepted: 50, attempts: 51 });
  });
});

describe('throttling', () => {
  test('slows the run to what the service takes, and wastes few calls', async () => {
    const { ddm, report } = await runFleet({
      instanceIds: instanceIds(3_000),
      settings: { syncConcurrency: 50, syncRatePerSecond: 500 },
      answer: throttleAbove(() => 100),
    });

    expect(report).toMatchObject({ accepted: 3_000, failed: 0 });
    expect(ddm.calls.length).toBeLessThan(3_000 * 1.05);
    expect(report.durationMs).toBeLessThan(30_000 / 0.9);
  });

  test('is no failure of the instance, however often it is throttled', async () => {
    const ids = instanceIds(50);

    const { log, report } = await runFleet({
      instanceIds: ids,
      answer: ({ attempt, instanceId }) =>
        instanceId === ids[10] && attempt <= 6 ? overloaded : undefined,
    });

    expect(report).toMatchObject({ accepted: 50, attempts: 56, throttled: 6 });
    expect(log.retries.length).toBe(6);
  });

  test('costs no retry budget', async () => {
    const { report } = await runFleet({
      instanceIds: instanceIds(5),
      answer: ({ number }) => (number <= 16 ? overloaded : undefined),
    });

    expect(report).toMatchObject({ accepted: 5, attempts: 21, throttled: 16 });
  });

  test('costs an instance none of its attempts', async () => {
    const { report } = await runFleet({
      instanceIds: instanceIds(1),
      answer: ({ attempt }) => {
        if (attempt <= 3) return overloaded;
        return attempt <= 5 ? serverFailure : undefined;
      },
    });

    expect(report).toMatchObject({ accepted: 1, attempts: 6, throttled: 3 });
  });

  test('recovers when the service does', async () => {
    const clock = createFakeClock();

    const { report } = await runFleet({
      instanceIds: instanceIds(6_000),
      clock,
      settings: { syncConcurrency: 50, syncRatePerSecond: 200 },
      answer: throttleAbove(() => (clock.monotonic() < 10_000 ? 20 : 10_000)),
    });

    expect(report.accepted).toBe(6_000);
    expect(report.durationMs).toBeLessThan(60_000);
  });
});

describe('an outage', () => {
  test('costs a run without a queue a call now and then, until it is over', async () => {
    const clock = createFakeClock();

    const { ddm, report } = await runFleet({
      instanceIds: instanceIds(300),
      clock,
      answer: () => (clock.monotonic() < 600_000 ? unavailable : undefined),
    });

    const during = ddm.calls.filter(({ startedAt }) => startedAt < 600_000);
    expect(during.length).toBeLessThanOrEqual(40);
    expect(report.accepted).toBeGreaterThanOrEqual(295);
  });

  test('is left to the queue, with a delay', async () => {
    const queue = createFakeQueue();

    const { clock, ddm, report } = await runFleet({
      instanceIds: instanceIds(300),
      queue,
      answer: () => unavailable,
    });

    expect(clock.monotonic()).toBeLessThan(20_000);
    expect(ddm.calls.length).toBeLessThanOrEqual(20);
    expect(report.failed).toBeLessThanOrEqual(5);
    expect(queue.sent.length).toBe(300 - report.failed);
    expect(Math.min(...queue.sent.map(({ delaySeconds }) => delaySeconds))).toBeGreaterThan(5);
  });

  test('is not made of random failures', async () => {
    const random = createRandom(5);

    const { report } = await runFleet({
      instanceIds: instanceIds(2_000),
      settings: { syncRatePerSecond: 20 },
      answer: () => (random() < 0.3 ? unavailable : undefined),
    });

    expect(report.attempts / (report.durationMs / 1_000)).toBeGreaterThan(17);
    expect(report.errCodes.DEADLINE).toBeUndefined();
  });
});

describe('a refused token', () => {
  test('of one instance alone is its own failure', async () => {
    const ids = instanceIds(300);

    const { report, stoppedBy } = await runFleet({
      instanceIds: ids,
      answer: ({ instanceId }) => (instanceId === ids[50] ? refused : undefined),
    });

    expect(report).toMatchObject({ accepted: 299, errCodes: { 'APIGW.0307': 1 } });
    expect(stoppedBy).toBeUndefined();
  });

  test.each([
    ['the last one', [299]],
    ['some, with accepted ones between', [50, 100, 150, 200]],
  ])('of %s fails these alone', async (_, positions) => {
    const ids = instanceIds(300);
    const own = new Set(positions.map((position) => ids[position]));

    const { report, stoppedBy } = await runFleet({
      instanceIds: ids,
      answer: ({ instanceId }) => (own.has(instanceId) ? refused : undefined),
    });

    expect(report).toMatchObject({ accepted: 300 - own.size, failed: own.size });
    expect(stoppedBy).toBeUndefined();
  });

  test('ends the run of a single instance', async () => {
    const { stoppedBy } = await runFleet({ instanceIds: instanceIds(1), answer: () => refused });

    expect(stoppedBy).toMatchObject({
      name: 'UnauthorizedError',
      message: 'The token was re-read and refused again',
    });
  });

  test('ends the run when it cannot be read anew', async () => {
    const cause = new TypeError('canary-secret');

    const { stoppedBy } = await runFleet({
      instanceIds: instanceIds(10),
      auth: createFakeAuth({ read: () => Promise.reject(cause) }),
      answer: () => refused,
    });

    expect(stoppedBy).toMatchObject({
      name: 'UnauthorizedError',
      message: 'The token was refused, and re-reading it failed',
      cause,
    });
  });

  test('is tried by three instances more before the run ends', async () => {
    const { ddm, report } = await runFleet({
      instanceIds: instanceIds(300),
      settings: { syncConcurrency: 1 },
      answer: ({ number }) => (number > 100 ? refused : undefined),
    });

    expect(ddm.calls.length).toBe(104);
    expect(report).toMatchObject({ accepted: 100, failed: 200 });
  });

  test('row 20: is read anew once, and no instance fails for it', async () => {
    const auth = createFakeAuth();

    const { report, stoppedBy } = await runFleet({
      instanceIds: instanceIds(300),
      auth,
      answer: ({ number }) => (number > 100 && auth.generation === 0 ? refused : undefined),
    });

    expect(report).toMatchObject({ accepted: 300, failed: 0 });
    expect(auth.renewals()).toBe(1);
    expect(stoppedBy).toBeUndefined();
  });

  test('row 20: holds all further calls back while it is read anew', async () => {
    const clock = createFakeClock();
    const auth = createFakeAuth({ read: () => clock.sleep(3_000) });

    const { ddm, report } = await runFleet({
      instanceIds: instanceIds(300),
      auth,
      clock,
      // Calls that are still accepted wake the run up meanwhile.
      answer: ({ number }) =>
        number > 100 && number % 2 === 0 && auth.generation === 0 ? refused : undefined,
    });

    const wasted = ddm.calls.length - 300;
    expect(report.accepted).toBe(300);
    expect(wasted).toBeGreaterThan(0);
    expect(wasted).toBeLessThanOrEqual(20);
  });

  test('row 21: ends the run when the new one is refused too', async () => {
    const { ddm, log, report, stoppedBy } = await runFleet({
      instanceIds: instanceIds(1_000),
      answer: () => refused,
    });

    expect(stoppedBy).toMatchObject({ name: 'UnauthorizedError' });
    expect(ddm.calls.length).toBeLessThanOrEqual(8);
    expect(report.errCodes.RUN_STOPPED).toBeGreaterThan(990);
    expect(report.failed).toBe(1_000);
    expect(log.outcomes.length).toBe(1_000);
  });

  test('row 21: ends the run at once when the store has no newer one', async () => {
    const { ddm, stoppedBy } = await runFleet({
      instanceIds: instanceIds(1_000),
      auth: createFakeAuth({ hasNewer: false }),
      answer: () => refused,
    });

    expect(stoppedBy).toMatchObject({ name: 'UnauthorizedError' });
    expect(ddm.calls.length).toBe(4);
  });
});

describe('the error threshold', () => {
  test.each([
    ['a number', { count: 10 }, 10],
    ['a share of the run', { share: 0.02 }, 20],
  ])('stops the run beyond %s', async (_, syncMaxErrors, limit) => {
    const { ddm, report, stoppedBy } = await runFleet({
      instanceIds: instanceIds(1_000),
      settings: { syncMaxErrors },
      answer: () => parameterError,
    });

    expect(stoppedBy).toBe('max-errors');
    expect(ddm.calls.length).toBeGreaterThan(limit);
    expect(ddm.calls.length).toBeLessThanOrEqual(limit + 4);
    expect(report.errCodes.RUN_STOPPED).toBe(1_000 - ddm.calls.length);
  });

  test('gives the queue nothing of a run that it stopped', async () => {
    const queue = createFakeQueue();

    const { report } = await runFleet({
      instanceIds: instanceIds(100),
      queue,
      settings: { syncMaxErrors: { count: 10 } },
      answer: () => parameterError,
    });

    expect(queue.sent).toEqual([]);
    expect(report.failed).toBe(100);
  });

  test('lets a run with fewer errors finish', async () => {
    const { report, stoppedBy } = await runFleet({
      instanceIds: instanceIds(1_000),
      settings: { syncMaxErrors: { count: 100 } },
      answer: ({ number }) => (number % 10 === 0 ? parameterError : undefined),
    });

    expect(stoppedBy).toBeUndefined();
    expect(report).toMatchObject({ accepted: 900, failed: 100 });
  });
});

describe('the deadline', () => {
  test('row 7: starts nothing in the reserve and reports the rest', async () => {
    const { clock, ddm, report } = await runFleet({
      instanceIds: instanceIds(1_000),
      settings: { syncRatePerSecond: 20 },
      remainingMs: 30_000,
    });

    expect(ddm.calls.at(-1)?.startedAt).toBeLessThan(25_000);
    expect(clock.monotonic()).toBeLessThan(26_000);
    expect(report.errCodes).toEqual({ DEADLINE: 1_000 - report.accepted });
    expect(report.total).toBe(1_000);
  });

  test('row 7: hands the rest to the queue when there is one', async () => {
    const queue = createFakeQueue();

    const { report } = await runFleet({
      instanceIds: instanceIds(400),
      queue,
      settings: { syncRatePerSecond: 10 },
      remainingMs: 30_000,
    });

    expect(report).toMatchObject({ total: 400, failed: 0, queued: queue.sent.length });
    expect(queue.sent.length).toBeGreaterThan(100);
  });

  test('row 28: cuts a call in flight before Lambda does', async () => {
    const { clock, report } = await runFleet({
      instanceIds: instanceIds(100),
      latencyMs: 3_600_000,
      settings: { syncAttemptTimeoutMs: 60_000 },
      remainingMs: 30_000,
    });

    expect(clock.monotonic()).toBeLessThanOrEqual(29_100);
    expect(report).toMatchObject({ total: 100, failed: 100 });
  });

  test('does not wait for a queue that hangs', async () => {
    const { clock, log, report } = await runFleet({
      instanceIds: instanceIds(600),
      queue: { ...createFakeQueue(), sendBatch: () => new Promise(() => {}) },
      settings: { syncInlineMax: 0 },
      remainingMs: 30_000,
    });

    expect(clock.monotonic()).toBeLessThanOrEqual(30_000);
    expect(report.errCodes).toEqual({ QUEUE_REFUSED: 600 });
    expect(log.outcomes[0]?.externalMessage).toBe('the queue did not answer in time');
  });
});

describe('the queue', () => {
  test('gets nothing while it holds messages of earlier runs, and the report says so', async () => {
    const queue = { ...createFakeQueue(), size: async () => 501 };

    const { log, report } = await runFleet({ instanceIds: instanceIds(1_000), queue });

    expect(queue.sent).toEqual([]);
    expect(report).toMatchObject({ accepted: 500, skipped: 500, failed: 0 });
    const reason = 'the queue still holds 501 messages of earlier runs';
    expect(log.warned).toEqual([
      { message: 'instances not handed over', runId: 'run-1', instances: 500, reason },
    ]);
    expect(log.outcomes.find(({ status }) => status === 'skipped')?.externalMessage).toBe(reason);
  });

  test.each([
    ['room for them', async () => 500],
    ['no count', async () => undefined],
    ['no answer', () => new Promise<undefined>(() => {})],
  ])('gets them when it has %s', async (_, size) => {
    const queue = { ...createFakeQueue(), size };

    const { report } = await runFleet({ instanceIds: instanceIds(1_000), queue });

    expect(report).toMatchObject({ accepted: 500, queued: 500 });
    expect(queue.sent.length).toBe(500);
  });

  test('gets what is beyond the inline limit, and the report says what it did not take', async () => {
    const ids = instanceIds(1_000);
    const queue = createFakeQueue((instanceId) => instanceId === ids[700]);

    const { ddm, report } = await runFleet({ instanceIds: ids, queue });

    expect(ddm.calls.length).toBe(500);
    expect(report).toMatchObject({ accepted: 500, queued: 499, failed: 1 });
  });

  test('gets an instance that does not answer marked as slow, and the others not', async () => {
    const queue = createFakeQueue();

    await runFleet({
      instanceIds: instanceIds(3),
      queue,
      answer: ({ instanceId }) => (instanceId === instanceIds(3)[1] ? silent : busy),
    });

    expect(
      queue.sent.map(({ message }) => 'slow' in message && message.slow === true).sort(),
    ).toEqual([false, false, true]);
  });

  test('gets what a pause of the service holds up, to be called after it', async () => {
    const queue = createFakeQueue();

    await runFleet({
      instanceIds: instanceIds(3),
      settings: { syncConcurrency: 1 },
      queue,
      answer: () => ({ ...overloaded, retryAfterMs: 120_000 }),
    });

    const delays = queue.sent.map(({ delaySeconds }) => delaySeconds);
    expect([delays.length, Math.min(...delays), Math.max(...delays)]).toEqual([3, 120, 120]);
  });

  test('gets no more than there is room for, however often a run hands over', async () => {
    const ids = instanceIds(10);
    const queue = { ...createFakeQueue(), size: async () => 1 };

    const { report } = await runFleet({
      instanceIds: ids,
      queue,
      answer: () => busy,
      settings: { syncInlineMax: 4 },
    });

    expect(queue.sent.length).toBe(6);
    expect(report).toMatchObject({ queued: 6, failed: 4, errCodes: { 'DBS.200019': 4 } });
  });

  test('gets an entry that it never takes five times, and the rest once', async () => {
    const [stubborn = ''] = instanceIds(1);
    const batches: number[] = [];
    const times: number[] = [];
    const clock = createFakeClock();
    const sendBatch: Queue['sendBatch'] = async (entries) => {
      batches.push(entries.length);
      times.push(clock.monotonic());
      const index = entries.findIndex(({ message }) => JSON.stringify(message).includes(stubborn));
      return { failed: [{ index, isFinal: false }], reason: 'the queue refused messages: Busy' };
    };

    const { report } = await runFleet({
      instanceIds: instanceIds(10),
      clock,
      random: () => 1, // full jitter: the longest waits
      settings: { syncInlineMax: 0 },
      queue: { ...createFakeQueue(), sendBatch },
    });

    expect(batches).toEqual([10, 1, 1, 1, 1]);
    expect(times).toEqual([0, 100, 300, 700, 1_500]);
    expect(report).toMatchObject({ queued: 9, failed: 1 });
  });

  test('counts as refused when it throws', async () => {
    const { log, report } = await runFleet({
      instanceIds: instanceIds(10),
      settings: { syncInlineMax: 0 },
      queue: {
        ...createFakeQueue(),
        sendBatch: () => Promise.reject(new TypeError('canary-secret')),
      },
    });

    expect(report).toMatchObject({ failed: 10, errCodes: { QUEUE_REFUSED: 10 } });
    expect(log.outcomes[0]?.externalMessage).toBe('the queue failed: TypeError');
  });
});

test('the counts add up whatever happens', async () => {
  const answers = [undefined, serverFailure, parameterError, busy, refused, overloaded];
  const scenario = fc.record({
    size: fc.integer({ min: 0, max: 120 }),
    script: fc.array(fc.constantFrom(...answers), { minLength: 1, maxLength: 40 }),
    remainingMs: fc.integer({ min: 0, max: 120_000 }),
    hasQueue: fc.boolean(),
    syncInlineMax: fc.integer({ min: 0, max: 120 }),
    syncMaxErrors: fc.constantFrom(undefined, { count: 5 }, { share: 0.1 }),
    latencyMs: fc.integer({ min: 0, max: 15_000 }),
  });

  await fc.assert(
    fc.asyncProperty(scenario, async (s) => {
      const ids = instanceIds(s.size);
      const { log, report } = await runFleet({
        instanceIds: ids,
        latencyMs: s.latencyMs,
        remainingMs: s.remainingMs,
        queue: s.hasQueue ? createFakeQueue((id) => id.endsWith('7in09')) : undefined,
        settings: { syncInlineMax: s.syncInlineMax, syncMaxErrors: s.syncMaxErrors },
        answer: ({ number }) => s.script[number % s.script.length],
      });

      const { accepted, failed, queued, skipped, total } = report;
      expect(log.outcomes.map(({ instanceId }) => instanceId).sort()).toEqual(ids);
      expect(accepted + failed + queued + skipped).toBe(total);
      expect(Object.values(report.errCodes).reduce((sum, count) => sum + count, 0)).toBe(failed);
    }),
    { numRuns: 300 },
  );
});

function busiestSecond(calls: readonly Call[]): number {
  return Math.max(
    ...calls.map(
      ({ startedAt }) =>
        calls.filter((call) => call.startedAt > startedAt - 1_000 && call.startedAt <= startedAt)
          .length,
    ),
  );
}
