import { expect, test } from 'vitest';
import { cursorNames, readCursor, writeCursor } from '../../../lib/aws/cursor.ts';
import { createFakeStore } from '../../fakes/store.ts';

const name = '/ddm-sync/test/cursor';
const until = Date.parse('2026-11-24T03:00:00Z');

test('is read as it was written', async () => {
  const store = createFakeStore();
  await writeCursor(store, name, { until, done: ['abc', 'def'] });

  expect(await readCursor(store, name)).toEqual({ until, done: ['abc', 'def'] });
});

test('without marks is the time alone', async () => {
  const store = createFakeStore();
  await writeCursor(store, name, { until, done: [] });

  expect(await readCursor(store, name)).toEqual({ until, done: [] });
});

const marks = (count: number) =>
  Array.from({ length: count }, (_, index) => String(index).padStart(8, 'x'));

test('that has many marks is split over several parameters', async () => {
  const store = createFakeStore();

  await writeCursor(store, name, { until, done: marks(3_000) });

  expect(await readCursor(store, name)).toEqual({ until, done: marks(3_000) });
  expect([...store.values.keys()].slice(0, 2)).toEqual([`${name}/2`, `${name}/3`]); // the cursor itself last
});

test('keeps the first marks, as many as ten parameters hold', async () => {
  const store = createFakeStore();

  await writeCursor(store, name, { until, done: marks(9_000) });

  const kept = (await readCursor(store, name))?.done ?? [];
  expect([...store.values.keys()].sort()).toEqual([...cursorNames(name)].sort());
  expect(kept.length).toBeGreaterThan(4_400);
  expect(kept).toEqual(marks(kept.length));
});

test('is undefined before the first run', async () => {
  expect(await readCursor(createFakeStore(), name)).toBeUndefined();
});

test.each(['', 'x', '{}', '{"until":"yesterday","done":""}', '[]'])(
  'that is %o is refused by name and with what to do',
  async (value) => {
    const store = createFakeStore(undefined, new Map([[name, value]]));

    await expect(readCursor(store, name)).rejects.toThrow(
      /cursor is not what watch writes: delete it/,
    );
  },
);
