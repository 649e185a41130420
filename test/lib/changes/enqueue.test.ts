import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Change } from '../../../lib/changes/change.ts';
import { enqueueChanges } from '../../../lib/changes/enqueue.ts';
import { createFakeQueue } from '../../fakes/queue.ts';
import { createTestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { instanceIds } from '../../support/instances.ts';

const windowMs = 20_000; // CHANGE_WINDOW_SECONDS
const dataNodeId = `${'a'.repeat(32)}in01`;
const [instanceId = '', other = ''] = instanceIds(2);

function enqueue(changes: readonly Change[], refuse: (id: string) => boolean = () => false) {
  const changeQueue = createFakeQueue(refuse);
  const http = () => ({ close: () => {}, send: () => Promise.reject(new Error('no call')) });
  const app = createTestApp({ http, changeQueue });
  const window = Math.floor(app.clock.now() / windowMs);
  const work = enqueueChanges(app, changes, 'run-1', deadlineIn(10_000, app.clock));
  return app.clock.run(work).then((result) => ({ ...result, sent: changeQueue.sent, window }));
}

test('a change has one message in its window, and is dated at the end of it', async () => {
  const { enqueued, refused, sent, window } = await enqueue([
    { dataNodeId },
    { instanceId },
    { dataNodeId },
  ]);

  expect([enqueued, refused]).toEqual([2, []]);
  const origin = { trigger: 'change', runId: 'run-1' };
  expect(sent).toEqual([
    {
      message: { dataNodeId, changedAt: (window + 1) * windowMs, ...origin },
      delaySeconds: 0,
      fifo: { groupId: dataNodeId, deduplicationId: `${dataNodeId}-${window}` },
    },
    {
      message: { instanceId, ...origin },
      delaySeconds: 0,
      fifo: { groupId: instanceId, deduplicationId: `${instanceId}-${window}` },
    },
  ]);
});

test('one that is sent again keeps its date, and stands for no new one of the same window', async () => {
  const again = { dataNodeId, changedAt: 5, except: [instanceId], search: true } as const;

  const { sent, window } = await enqueue([again, { instanceId, changedAt: 6 }]);

  const run = createHash('sha256').update('run-1').digest('hex').slice(0, 16);
  expect(sent.map(({ fifo }) => fifo)).toEqual([
    { groupId: 'search', deduplicationId: `${dataNodeId}-${window}-${run}` },
    { groupId: instanceId, deduplicationId: `${instanceId}-${window}` },
  ]);
  expect(sent.map(({ message }) => message)).toEqual([
    { ...again, trigger: 'change', runId: 'run-1' },
    { instanceId, changedAt: 6, trigger: 'change', runId: 'run-1' },
  ]);
});

test('says which changes the queue did not take, and why', async () => {
  const changes = [{ dataNodeId }, { instanceId }, { instanceId: other }];

  const result = await enqueue(changes, (id) => id !== other);

  expect(result).toMatchObject({
    enqueued: 1,
    refused: [{ dataNodeId }, { instanceId }],
    reason: 'refused by the fake',
  });
});
