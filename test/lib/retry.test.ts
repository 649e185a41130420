import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRetryAfter } from '../../lib/huawei/failure.ts';
import { createRetryBudget, retryDelay } from '../../lib/retry.ts';
import { createRandom } from '../support/fleet.ts';

const now = Date.parse('2026-11-23T03:00:00Z');

describe('retryDelay', () => {
  test.each([
    ['retry', 1, 200],
    ['retry', 2, 400],
    ['retry', 3, 800],
    ['retry', 9, 10_000],
    ['throttled', 1, 1_000],
    ['throttled', 2, 2_000],
    ['throttled', 9, 10_000],
  ] as const)(
    'is below the backoff of a %s failure after attempt %i',
    (retryClass, attempt, max) => {
      const longest = retryDelay({ retryClass, attempt }, () => 0.999_999);
      const shortest = retryDelay({ retryClass, attempt }, () => 0);

      expect(longest).toBeCloseTo(max, 0);
      expect(shortest).toBe(0);
    },
  );

  test('leaves a busy instance alone for 30 to 60 seconds', () => {
    const later = { retryClass: 'later', attempt: 1 } as const;

    expect(retryDelay(later, () => 0)).toBe(30_000);
    expect(retryDelay(later, () => 0.999_999)).toBeCloseTo(60_000, -1);
  });

  test('row 34: is never shorter than Retry-After, which is clamped to a minute', () => {
    const failed = { retryClass: 'throttled', attempt: 1 } as const;

    expect(retryDelay({ ...failed, retryAfterMs: 5_000 }, () => 0)).toBe(5_000);
    expect(retryDelay({ ...failed, retryAfterMs: 3_600_000 }, () => 0)).toBe(60_000);
  });

  test('row 36: spreads the retries of calls that failed together evenly', () => {
    const random = createRandom(3);
    const delays = Array.from({ length: 10_000 }, () =>
      retryDelay({ retryClass: 'throttled', attempt: 1 }, random),
    ).sort((a, b) => a - b);

    const distances = delays.map((delay, index) => Math.abs(delay / 1_000 - index / 10_000));
    const buckets = Array.from(
      { length: 10 },
      (_, index) => delays.filter((delay) => Math.floor(delay / 100) === index).length,
    );

    // Kolmogorov-Smirnov at the 1 % level: 1.63 / sqrt(n)
    expect(Math.max(...distances)).toBeLessThan(1.63 / Math.sqrt(10_000));
    expect(Math.max(...buckets)).toBeLessThan(3_000);
  });
});

describe('parseRetryAfter', () => {
  test.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Mon, 23 Nov 2026 03:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 02:00:00 GMT', 0],
    ['Monday, 23-Nov-26 03:00:30 GMT', 30_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026-11-23', undefined],
    ['99999999999999', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('row 34: reads %o as %o ms', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  test('gives a usable number or nothing for any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseRetryAfter(text, now);

        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }),
    );
  });
});

describe('the retry budget', () => {
  test.each([
    [1, 10],
    [50, 10],
    [100, 10],
    [109, 10],
    [1_000, 100],
    [100_000, 10_000],
  ])('of %i instances allows %i retries when nothing is accepted', (instances, allowed) => {
    const budget = createRetryBudget(instances);
    let taken = 0;

    while (budget.take()) taken += 1;

    expect(taken).toBe(allowed);
    expect(budget.empty).toBe(true);
  });

  test('gives one retry back for each accepted call, never more than it had', () => {
    const budget = createRetryBudget(100);
    for (let call = 0; call < 50; call += 1) budget.refill();
    let taken = 0;
    while (budget.take()) taken += 1;

    budget.refill();

    expect(taken).toBe(10);
    expect(budget.take()).toBe(true);
    expect(budget.take()).toBe(false);
  });
});
