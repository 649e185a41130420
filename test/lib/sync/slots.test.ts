import { expect, test } from 'vitest';
import { createSlots } from '../../../lib/sync/slots.ts';

interface ServiceOptions {
  /** Slots that there may be. */
  readonly max: number;
  /** Calls a second that the service takes, at the time (ms). */
  readonly limit: (at: number) => number;
  readonly random: number;
}

/** Spreads the calls of the first second, and with them the slots. */
const spacingMs = (at: number): number => (at < 1_000 ? 5 : 1);

/** Calls as the slots allow until `until` (ms), and returns the times of the calls and of those refused. */
function callUntil(until: number, { limit, max, random }: ServiceOptions) {
  const slots = createSlots(max, () => random);
  const starts: number[] = [];
  const refused: number[] = [];
  const counts: number[] = [];
  let taken: number[] = [];
  for (let now = 0; now < until; now = Math.max(now + spacingMs(now), slots.nextAt())) {
    slots.start(now);
    starts.push(now);
    taken = taken.filter((at) => at > now - 1_000);
    if (taken.length < limit(now)) {
      taken.push(now);
      slots.taken(now, now);
    } else {
      refused.push(now);
      slots.throttled(now, now);
    }
    counts.push(slots.count);
  }
  return { counts, refused, starts };
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

test('few calls: each refusal doubles the time until the next call outside the slots, up to a minute', () => {
  const { refused } = callUntil(300_000, { max: 2, limit: () => 1, random: 1 });

  const waits = gaps(refused).map((ms) => Math.round(ms / 1_000));
  expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
});

test('many calls: each refusal doubles the calls until the next one outside the slots', () => {
  const { refused, starts } = callUntil(8_000, { max: 1_000, limit: () => 200, random: 0 });

  const [, , ...between] = gaps(refused.map((at) => starts.indexOf(at))); // until then slots are lost
  expect(between.slice(0, 4)).toEqual([9, 17, 33, 65]);
});

test('won slots double until all are there, and there are never more', () => {
  const limit = (at: number): number => (at < 2_000 ? 5 : 1_000);

  const { counts, refused } = callUntil(20_000, { max: 100, limit, random: 0 });

  expect(refused.every((at) => at < 2_000)).toBe(true);
  expect(counts.at(-1)).toBe(100);
  expect(Math.max(...counts)).toBe(100);
});
