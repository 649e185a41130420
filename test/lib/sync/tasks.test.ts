import { expect, test } from 'vitest';
import { createTask, createTaskQueue } from '../../../lib/sync/tasks.ts';
import { createFakeClock } from '../../fakes/clock.ts';

test('tasks that wait for their backoff come in the order of their time, then of their arrival', async () => {
  const clock = createFakeClock();
  const tasks = createTaskQueue([], clock);
  const dueAts = { c: 300, a: 100, e: 500, b: 200, d: 300, f: 500 };
  for (const [id, dueAt] of Object.entries(dueAts)) tasks.putBack(createTask(id), dueAt);

  const early = [tasks.take()?.instanceId, tasks.waitMs()];
  await clock.run(clock.sleep(500));
  const order = Array.from({ length: 7 }, () => tasks.take()?.instanceId);

  expect(early).toEqual([undefined, 100]);
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e', 'f', undefined]);
});

test('what failed for a reason outside itself comes first, and what waited longest before new ones', () => {
  const tasks = createTaskQueue(['new-1', 'new-2'], createFakeClock());
  tasks.putBack(createTask('waited'), 0);
  tasks.putFirst(createTask('first'));

  const order = Array.from({ length: 5 }, () => tasks.take()?.instanceId);

  expect(order).toEqual(['first', 'waited', 'new-1', 'new-2', undefined]);
});
