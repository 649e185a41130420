import { expect, test } from 'vitest';
import { createExpiringMap } from '../../lib/cache.ts';
import { createFakeClock } from '../fakes/clock.ts';

test('forgets an entry at its time', () => {
  const clock = createFakeClock();
  const map = createExpiringMap<number>(2, clock);
  map.set('a', 1, clock.now() + 1_000);

  clock.jumpWallClock(999);
  const before = map.get('a');
  clock.jumpWallClock(1);

  expect([before, map.get('a')]).toEqual([1, undefined]);
});

test('makes room by the entry that nobody asked for longest, and not by one that is replaced', () => {
  const clock = createFakeClock();
  const later = clock.now() + 1_000;
  const map = createExpiringMap<number>(2, clock);
  map.set('a', 1, later);
  map.set('b', 2, later);
  map.get('a');
  map.set('c', 3, later);
  map.set('c', 4, later);

  const values = ['a', 'b', 'c'].map((key) => map.get(key));

  expect(values).toEqual([1, undefined, 4]);
});
