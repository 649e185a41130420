import { expect, test } from 'vitest';
import type { Clock } from '../../../lib/clock.ts';
import { createTask, createTaskQueue } from '../../../lib/sync/tasks.ts';

function createWorld(ids: readonly string[]) {
  let now = 0;
  const clock = { monotonic: () => now } as Clock;
  return {
    tasks: createTaskQueue(ids, clock),
    moveTo: (ms: number) => {
      now = ms;
    },
  };
}

test('tasks that wait for their backoff come in the order of their time, then of their arrival', () => {
  const { moveTo, tasks } = createWorld([]);
  const dueAts = { c: 300, a: 100, e: 500, b: 200, d: 300, f: 500 };
  for (const [id, dueAt] of Object.entries(dueAts)) tasks.putBack(createTask(id), dueAt);

  const early = [tasks.take()?.instanceId, tasks.waitMs()];
  moveTo(500);
  const order = Array.from({ length: 7 }, () => tasks.take()?.instanceId);

  expect(early).toEqual([undefined, 100]);
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e', 'f', undefined]);
});

test('what failed for a reason outside itself comes first, and what waited longest before new ones', () => {
  const { tasks } = createWorld(['new-1', 'new-2']);
  tasks.putBack(createTask('waited'), 0);
  tasks.putFirst(createTask('first'));

  const order = Array.from({ length: 5 }, () => tasks.take()?.instanceId);

  expect(order).toEqual(['first', 'waited', 'new-1', 'new-2', undefined]);
});
