import { expect, test } from 'vitest';
import { createDeadline, type Phase, untilAborted } from '../../lib/deadline.ts';
import { createFakeClock } from '../fakes/clock.ts';

const order: readonly Phase[] = ['setUp', 'resolve', 'calls', 'answers', 'handOver', 'report'];

function endsOf(totalMs: number, reserveMs: number) {
  const deadline = createDeadline({ clock: createFakeClock(), totalMs, reserveMs });
  return Object.fromEntries(order.map((phase) => [phase, deadline.leftMs(phase)]));
}

test('divides the time by shares of the whole and of the reserve', () => {
  expect(endsOf(60_000, 5_000)).toEqual({
    setUp: 18_000,
    resolve: 30_000,
    calls: 55_000,
    answers: 58_000,
    handOver: 59_500,
    report: 59_800,
  });
});

test.each([
  [25_000, 25_000],
  [60_000, 60_000],
  [2_500, 5_000],
])('leaves half of %i ms for the work, whatever the reserve', (totalMs, reserveMs) => {
  const ends = endsOf(totalMs, reserveMs);

  expect(ends.calls).toBe(totalMs / 2);
  expect(order.map((phase) => ends[phase])).toEqual(
    Object.values(ends).toSorted((a = 0, b = 0) => a - b),
  );
});

test('a signal aborts when its phase ends, and is the same for every call', async () => {
  const clock = createFakeClock();
  using deadline = createDeadline({ clock, totalMs: 60_000, reserveMs: 5_000 });
  const signal = deadline.signal('calls');

  await clock.run(clock.sleep(54_999));
  const before = signal.aborted;
  await clock.run(clock.sleep(2));

  expect([before, signal.aborted]).toEqual([false, true]);
  expect(deadline.signal('calls')).toBe(signal);
  expect(deadline.isOver('calls')).toBe(true);
  expect(deadline.leftMs('calls')).toBe(0);
  expect(deadline.signal('setUp').aborted).toBe(true);
});

test('work that ignores the signal is left behind', async () => {
  const over = new AbortController();
  const work = untilAborted(new Promise(() => {}), over.signal);
  over.abort();

  await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  await expect(untilAborted(Promise.resolve(1), over.signal)).resolves.toBe(1);
});
