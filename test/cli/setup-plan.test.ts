import { expect, test } from 'vitest';
import { createPlan } from '../../cli/setup/plan.ts';
import { readList } from '../../lib/aws/stored-list.ts';
import { createFakeStore } from '../fakes/store.ts';
import { instanceIds } from '../support/instances.ts';

const prefix = '/ddm-sync/test';
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

/** How often a list was unusable while it was replaced by another one. */
async function replaceList(before: number, after: number): Promise<number> {
  const plan = (count: number, store: ReturnType<typeof createFakeStore>) => {
    const existing = [...store.values].map(([name, value]) => ({ name, value }));
    const wanted = { prefix, credentials, instanceIds: instanceIds(count) };
    return createPlan(wanted, new Map(existing.map((part) => [part.name, part])));
  };
  const store = createFakeStore();
  for (const { name, value } of plan(before, store).lists) store.values.set(name, value);
  let unusable = 0;
  const read = async (): Promise<void> => {
    const once = { sleep: () => Promise.reject(new Error('unusable')) };
    await readList(store, once, `${prefix}/instances`).catch(() => {
      unusable += 1;
    });
  };
  const { lists, stale } = plan(after, store);
  for (const { name, value } of lists) {
    store.values.set(name, value);
    await read();
  }
  for (const name of stale) {
    store.values.delete(name);
    await read();
  }
  return unusable;
}

test.each([
  [3, 300, 2],
  [3, 5_000, 2],
  [300, 3, 2],
  [5_000, 3, 2],
  [5_000, 300, 0],
  [300, 5_000, 0],
])(
  'replacing %i instances by %i leaves the list unusable for %i steps',
  async (before, after, steps) => {
    expect(await replaceList(before, after)).toBe(steps);
  },
);
