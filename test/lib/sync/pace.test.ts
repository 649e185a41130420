import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPace } from '../../../lib/sync/pace.ts';

/** A limiter on a clock that the test moves. */
function createLimiter(maxPerSecond: number, maxConcurrency = 1_000) {
  let now = 0;
  const clock = { monotonic: () => now };
  const limiter = createPace({ maxConcurrency, maxPerSecond, clock });
  return {
    limiter,
    advance: (ms: number) => {
      now += ms;
    },
    /** Makes calls that are accepted at once, as fast as allowed, for so long. */
    callFor: (ms: number): number => {
      const end = now + ms;
      let calls = 0;
      while (now < end) {
        const waitMs = limiter.waitMs();
        if (waitMs > 0) {
          now += Math.min(waitMs, end - now);
          continue;
        }
        limiter.start();
        limiter.end();
        limiter.accepted();
        calls += 1;
      }
      return calls;
    },
    now: () => now,
  };
}

test('keeps what it learned from run to run, until nothing was called for a minute', () => {
  const { advance, callFor, limiter, now } = createLimiter(100);
  callFor(2_000);
  limiter.start();
  limiter.throttled(now());
  limiter.end();
  limiter.throttled(now() + 1);
  const lowered = limiter.perSecond;

  advance(59_000);
  callFor(1);
  const soon = limiter.perSecond;
  advance(61_000);
  callFor(1);

  expect(lowered).toBeLessThan(100);
  expect(soon).toBeLessThan(100);
  expect(limiter.perSecond).toBe(100);
});

describe('concurrency', () => {
  test('starts at four and doubles with every accepted call up to its limit', () => {
    const { limiter, advance } = createLimiter(10_000, 20);
    const room = (): number => {
      let started = 0;
      while (limiter.waitMs() < 1_000) {
        advance(1);
        limiter.start();
        started += 1;
      }
      for (let ended = 0; ended < started; ended += 1) limiter.end();
      return started;
    };

    const rooms = [room(), room()];
    for (let round = 0; round < 4; round += 1) {
      limiter.accepted();
      rooms.push(room());
    }

    expect(rooms).toEqual([4, 4, 8, 16, 20, 20]);
  });

  test('waits for a call to end when all places are taken', () => {
    const { limiter } = createLimiter(1_000, 1);

    limiter.start();

    expect(limiter.waitMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('rate', () => {
  test('uses what it is allowed', () => {
    const { callFor } = createLimiter(100);

    const calls = callFor(10_000);

    expect(calls).toBeGreaterThanOrEqual(995);
    expect(calls).toBeLessThanOrEqual(1_000);
  });

  test('works below one call per second', () => {
    const { callFor } = createLimiter(0.5);

    expect(callFor(19_000)).toBe(10);
  });

  test('falls to what was accepted in the last second', () => {
    const { advance, callFor, limiter, now } = createLimiter(500);
    callFor(200);
    const startedAt = now();
    advance(10);

    limiter.throttled(startedAt);

    expect(limiter.perSecond).toBeGreaterThan(90);
    expect(limiter.perSecond).toBeLessThan(125);
  });

  test('falls once for calls that were on their way together', () => {
    const { advance, callFor, limiter, now } = createLimiter(500);
    callFor(1_000);
    const startedAt = now();
    advance(10);
    limiter.throttled(startedAt);
    const lowered = limiter.perSecond;

    for (let call = 0; call < 40; call += 1) limiter.throttled(startedAt);

    expect(limiter.perSecond).toBe(lowered);
  });

  test('never falls below a twentieth of its upper bound, and comes back', () => {
    const { advance, callFor, limiter, now } = createLimiter(100);
    for (let second = 0; second < 20; second += 1) {
      advance(1_000);
      limiter.throttled(now());
    }
    const lowest = limiter.perSecond;

    callFor(60_000);

    expect(lowest).toBe(5);
    expect(limiter.perSecond).toBe(100);
  });

  test('row 34: pauses everybody as long as the service asks, a minute at most', () => {
    const { limiter, now } = createLimiter(100);

    limiter.throttled(now(), 3_000);
    const asked = limiter.waitMs();
    limiter.throttled(now(), 3_600_000);

    expect(asked).toBe(3_000);
    expect(limiter.waitMs()).toBe(60_000);
  });
});

test('row 17: no second ever holds more starts than the upper bound', () => {
  const steps = fc.array(
    fc.record({
      idleMs: fc.double({ min: 0, max: 400, noNaN: true }),
      calls: fc.integer({ min: 0, max: 60 }),
      end: fc.constantFrom('accepted', 'throttled', 'failed'),
    }),
    { maxLength: 60 },
  );

  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), steps, (maxPerSecond, script) => {
      const { advance, limiter, now } = createLimiter(maxPerSecond);
      const starts: number[] = [];
      for (const { idleMs, calls, end } of script) {
        advance(idleMs);
        for (let call = 0; call < calls && limiter.waitMs() === 0; call += 1) {
          limiter.start();
          starts.push(now());
          limiter.end();
          if (end === 'accepted') limiter.accepted();
          if (end === 'throttled') limiter.throttled(now());
        }
      }

      for (const start of starts) {
        const inSecond = starts.filter((other) => other > start - 1_000 && other <= start);
        expect(inSecond.length).toBeLessThanOrEqual(maxPerSecond);
      }
      expect(limiter.perSecond).toBeLessThanOrEqual(maxPerSecond);
    }),
    { numRuns: 500 },
  );
});
