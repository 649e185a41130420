import { expect, test } from 'vitest';
import { createRateLimit } from '../../../lib/sync/rate-limit.ts';

test.each([1, 2.5, 10, 50])(
  '%d a second: spaced, and no second holds more, refused or not',
  (max) => {
    const limit = createRateLimit(max);
    const starts: number[] = [];
    for (let now = 0; now < 10_000; now += 1) {
      if (now < limit.nextAt()) continue;
      limit.start(now);
      starts.push(now);
    }

    const inSecond = starts.map((from) => starts.filter((at) => at >= from && at < from + 1_000));
    expect(Math.max(...inSecond.map(({ length }) => length))).toBe(Math.floor(max));
    expect(starts.length).toBeGreaterThanOrEqual(Math.floor(max) * 10);
  },
);

test('a late timer catches up at most a twentieth of a second', () => {
  const limit = createRateLimit(100);
  limit.start(0);

  let started = 0;
  for (; limit.nextAt() <= 500; started += 1) limit.start(500);

  expect(started).toBe(6);
});
