import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CallEnd, createPace } from '../../../lib/sync/pace.ts';
import { createRandom } from '../../support/fleet.ts';

interface WorldOptions {
  readonly maxPerSecond: number;
  readonly maxConcurrency?: number;
  /** Of the service, for all environments together. */
  readonly limit?: number;
}

/** A pace on a clock that the test moves. */
function createWorld({ limit, maxConcurrency = 1_000, maxPerSecond }: WorldOptions) {
  let now = 0;
  let allowed = limit ?? Number.POSITIVE_INFINITY;
  const taken: number[] = [];
  const clock = { monotonic: () => now };
  const pace = createPace({ maxConcurrency, maxPerSecond, clock, random: createRandom(1) });

  const call = (how?: CallEnd): CallEnd => {
    const startedAt = pace.start();
    const isFree = taken.filter((at) => at > now - 1_000).length < allowed;
    const ended = how ?? (isFree ? 'accepted' : 'throttled');
    if (ended === 'accepted') taken.push(now);
    pace.end(startedAt, ended);
    return ended;
  };

  return {
    pace,
    call,
    advance: (ms: number) => {
      now += ms;
    },
    allow: (perSecond: number) => {
      allowed = perSecond;
    },
    /** How many calls may be in flight. */
    room: () => {
      const started: number[] = [];
      while (pace.waitMs() < 1_000) {
        now += 1;
        started.push(pace.start());
      }
      for (const startedAt of started) pace.end(startedAt, 'unknown');
      return started.length;
    },
    /** Makes calls as fast as the pace allows, for so long, and counts how they ended. */
    callFor: (ms: number, how?: CallEnd) => {
      const end = now + ms;
      const counts = { accepted: 0, throttled: 0, calls: 0 };
      while (now < end) {
        const waitMs = pace.waitMs();
        if (waitMs > 0) {
          now += Math.min(waitMs, end - now);
          continue;
        }
        const ended = call(how);
        counts.calls += 1;
        if (ended === 'accepted' || ended === 'throttled') counts[ended] += 1;
      }
      return counts;
    },
  };
}

describe('concurrency', () => {
  test('starts at four and doubles with every accepted call up to its limit', () => {
    const { advance, call, room } = createWorld({ maxPerSecond: 10_000, maxConcurrency: 20 });

    const rooms = [room(), room()];
    for (let round = 0; round < 4; round += 1) {
      advance(1);
      call();
      rooms.push(room());
    }

    expect(rooms).toEqual([4, 4, 8, 16, 20, 20]);
  });

  test('starts at four again after an outage', () => {
    const { advance, call, room } = createWorld({ maxPerSecond: 10_000, maxConcurrency: 20 });
    for (let accepted = 0; accepted < 5; accepted += 1) call();
    for (let failed = 0; failed < 10; failed += 1) call('unavailable');
    advance(2_000);
    call('answered');

    expect(room()).toBe(4);
  });

  test('waits for a call to end when all places are taken', () => {
    const { pace } = createWorld({ maxPerSecond: 1_000, maxConcurrency: 1 });

    pace.start();

    expect(pace.waitMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('rate', () => {
  test('uses what it is allowed', () => {
    const { callFor } = createWorld({ maxPerSecond: 100 });

    const { calls } = callFor(10_000);

    expect(calls).toBeGreaterThanOrEqual(995);
    expect(calls).toBeLessThanOrEqual(1_000);
  });

  test('works below one call per second', () => {
    const { callFor } = createWorld({ maxPerSecond: 0.5 });

    expect(callFor(19_000).calls).toBe(10);
  });

  test.each([50, 20, 5, 1])('finds a limit of %i a second, and wastes few calls', (limit) => {
    const { callFor } = createWorld({ maxPerSecond: 100, limit });
    callFor(20_000);

    const { accepted, throttled } = callFor(300_000);

    expect(accepted / (limit * 300)).toBeGreaterThan(0.95);
    expect(throttled).toBeLessThan(0.03 * limit * 300 + 10);
  });

  test('has no floor: a service that throttles every call is asked twice a minute', () => {
    const { callFor } = createWorld({ maxPerSecond: 100, limit: 0 });
    callFor(300_000);

    expect(callFor(600_000).calls).toBeLessThanOrEqual(20);
  });

  test('rises within seconds when the service takes more', () => {
    const { allow, callFor } = createWorld({ maxPerSecond: 200, limit: 20 });
    callFor(10_000);

    allow(1_000);
    callFor(15_000);

    expect(callFor(1_000).accepted).toBeGreaterThanOrEqual(195);
  });

  test('is not lowered by calls that fail', () => {
    const { advance, call, callFor } = createWorld({ maxPerSecond: 20 });
    for (let failed = 0; failed < 9; failed += 1) call('unavailable');
    call();
    advance(1_000);

    expect(callFor(10_000).calls).toBeGreaterThanOrEqual(195);
  });

  test('tells how many calls fit into a while, but never fewer than the first four', () => {
    const { callFor, pace } = createWorld({ maxPerSecond: 100, limit: 20 });
    const before = pace.callsWithin(20_000);
    callFor(60_000);

    expect([before, pace.callsWithin(1)]).toEqual([2_000, 4]);
    expect(pace.callsWithin(20_000)).toBeGreaterThanOrEqual(360);
    expect(pace.callsWithin(20_000)).toBeLessThanOrEqual(420);
  });

  test('is remembered over a pause, however long', () => {
    const { advance, allow, callFor, pace } = createWorld({ maxPerSecond: 100, limit: 5 });
    callFor(10_000);
    pace.end(pace.start(), 'throttled', 300_000);
    allow(1_000);

    advance(300_000);

    expect(callFor(1_000).calls).toBeLessThan(30);
  });

  test('is forgotten once nothing was called for a minute', () => {
    const { advance, allow, callFor } = createWorld({ maxPerSecond: 100, limit: 5 });
    callFor(10_000);
    allow(1_000);

    advance(50_000);
    const soon = callFor(1_000).calls;
    advance(61_000);
    const later = callFor(1_000).calls;

    expect(soon).toBeLessThan(30);
    expect(later).toBeGreaterThanOrEqual(99);
  });
});

describe('a pause', () => {
  test('row 34: holds for everybody as long as the service asks, 15 minutes at most', () => {
    const { advance, pace } = createWorld({ maxPerSecond: 100 });
    pace.end(pace.start(), 'throttled', 3_000);
    const asked = [pace.waitMs(), pace.pausedMs()];
    advance(3_000);
    pace.end(pace.start(), 'throttled', 3_600_000);

    expect(asked).toEqual([3_000, 3_000]);
    expect(pace.pausedMs()).toBe(900_000);
  });

  test('comes after ten failures in a row, and doubles up to a minute while the service stays down', () => {
    const { advance, call, pace } = createWorld({ maxPerSecond: 1_000 });
    for (let failed = 0; failed < 9; failed += 1) call('unavailable');
    const before = [pace.isOpen, pace.pausedMs()];

    const pauses: number[] = [];
    for (let probe = 0; probe < 7; probe += 1) {
      call('unavailable');
      pauses.push(pace.pausedMs());
      advance(pace.pausedMs());
    }

    expect(before).toEqual([false, 0]);
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(pace.isOpen).toBe(true);
  });

  test('is followed by one call at a time, until one is answered', () => {
    const { advance, call, pace } = createWorld({ maxPerSecond: 1_000 });
    for (let failed = 0; failed < 10; failed += 1) call('unavailable');
    advance(2_000);

    const startedAt = pace.start();
    advance(1_000);
    const whileProbing = pace.waitMs();
    pace.end(startedAt, 'answered');

    expect(whileProbing).toBe(Number.POSITIVE_INFINITY);
    expect([pace.isOpen, pace.isWorking, pace.waitMs()]).toEqual([false, true, 0]);
  });

  test('comes back with the first failed call after refused credentials', () => {
    const { advance, call, pace } = createWorld({ maxPerSecond: 100 });
    pace.unauthorized();
    advance(120_000);

    call('unavailable');

    expect([pace.isOpen, pace.pausedMs()]).toEqual([true, 4_000]);
  });

  test('is not made longer by calls that were on their way', () => {
    const { advance, pace } = createWorld({ maxPerSecond: 1_000 });
    const started = Array.from({ length: 4 }, () => {
      advance(1);
      return pace.start();
    });
    for (let failed = 0; failed < 10; failed += 1) {
      advance(1);
      pace.end(pace.start(), 'unavailable');
    }

    for (const startedAt of started) pace.end(startedAt, 'unavailable');

    expect(pace.pausedMs()).toBe(2_000);
  });

  test('of two minutes follows refused credentials; a run that somebody waits for tries at once', () => {
    const { pace } = createWorld({ maxPerSecond: 100 });

    pace.unauthorized();
    const paused = pace.pausedMs();
    pace.tryNow();

    expect([paused, pace.pausedMs(), pace.isOpen]).toEqual([120_000, 0, true]);
  });
});

test('the service works for a minute after an answer, unless it is down since', () => {
  const { advance, call, pace } = createWorld({ maxPerSecond: 1_000 });
  const isWorking = [pace.isWorking];
  call();
  advance(59_999);
  isWorking.push(pace.isWorking);
  advance(1);
  isWorking.push(pace.isWorking);
  call('answered');
  for (let failed = 0; failed < 10; failed += 1) call('unavailable');
  isWorking.push(pace.isWorking);

  expect(isWorking).toEqual([false, true, false, false]);
});

test('row 17: no second ever holds more starts than the upper bound', () => {
  const steps = fc.array(
    fc.record({
      idleMs: fc.double({ min: 0, max: 400, noNaN: true }),
      calls: fc.integer({ min: 0, max: 60 }),
      end: fc.constantFrom('accepted', 'throttled', 'unavailable', 'unknown'),
    }),
    { maxLength: 60 },
  );

  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), steps, (maxPerSecond, script) => {
      const { advance, call, pace } = createWorld({ maxPerSecond });
      let now = 0;
      const starts: number[] = [];
      for (const { idleMs, calls, end } of script) {
        advance(idleMs);
        now += idleMs;
        for (let made = 0; made < calls && pace.waitMs() === 0; made += 1) {
          call(end);
          starts.push(now);
        }
      }

      for (const start of starts) {
        const inSecond = starts.filter((other) => other > start - 1_000 && other <= start);
        expect(inSecond.length).toBeLessThanOrEqual(maxPerSecond);
      }
    }),
    { numRuns: 500 },
  );
});
