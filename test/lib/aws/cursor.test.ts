import { expect, test } from 'vitest';
import { readCursor, writeCursor } from '../../../lib/aws/cursor.ts';
import { maxPartCharacters } from '../../../lib/aws/parts.ts';
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

test('keeps the first marks, as many as a parameter holds', async () => {
  const store = createFakeStore();
  const done = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(8, 'x'));

  await writeCursor(store, name, { until, done });

  const kept = (await readCursor(store, name))?.done ?? [];
  expect(store.values.get(name)?.length).toBeLessThanOrEqual(maxPartCharacters);
  expect(kept.length).toBeGreaterThan(400);
  expect(kept).toEqual(done.slice(0, kept.length));
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
