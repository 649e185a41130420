import { describe, expect, test } from 'vitest';
import type { SqsRecord } from '../../../lib/queue/records.ts';
import { syncBatch } from '../../../lib/queue/worker.ts';
import { answer, createFakeCts } from '../../fakes/cts-http.ts';
import { createFakeQueue } from '../../fakes/queue.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { instanceIds } from '../../support/instances.ts';

const ids = instanceIds(3);
const [a = '', b = '', c = ''] = ids;
const shared = `${'d'.repeat(32)}in01`;

function deliver(messageId: string, change: object): SqsRecord {
  return {
    messageId,
    receiptHandle: `handle-${messageId}`,
    body: JSON.stringify({ ...change, trigger: 'change', runId: `run-${messageId}` }),
    receiveCount: 1,
  };
}

/** The worker on the change queue; a and b share a data node. */
function createWorker() {
  const cts = createFakeCts();
  for (const id of ids) cts.dataNodes.set(id, id === c ? [] : [shared]);
  const synced: string[] = [];
  cts.fault = ({ url }) => {
    const instanceId = /instances\/([^/]+)\/rds\/sync$/.exec(url)?.[1];
    if (!instanceId) return undefined;
    synced.push(instanceId);
    return answer(200, { instanceId, jobId: 'job' });
  };
  const changeQueue = createFakeQueue();
  const app = createTestApp({
    http: () => cts.http,
    changeQueue,
    parameters: {
      fleet: async () => ({ instanceIds: ids, malformed: [], duplicates: 0, notRunning: [] }),
    },
  });
  const run = (deliveries: readonly SqsRecord[]) =>
    app.clock.run(
      syncBatch(app, { isChange: true, records: deliveries }, deadlineIn(60_000, app.clock)),
    );
  return { app, changeQueue, cts, run, synced };
}

describe('a batch of changes', () => {
  test('syncs each instance once, however many of them concern it', async () => {
    const { app, run, synced } = createWorker();

    const returned = await run([
      deliver('1', { dataNodeId: shared }),
      deliver('2', { instanceId: a }),
      deliver('3', { dataNodeId: shared }),
    ]);

    expect(returned).toEqual([]);
    expect(synced.sort()).toEqual([a, b]);
    // Each run that asked is told.
    expect(
      app.log.outcomes.map(({ instanceId, runId }) => `${runId} ${instanceId}`).sort(),
    ).toEqual([`run-1 ${a}`, `run-1 ${b}`, `run-2 ${a}`, `run-3 ${a}`, `run-3 ${b}`]);
  });

  test('comes back with a delay where an instance cannot be asked for its data nodes', async () => {
    const { app, changeQueue, cts, run } = createWorker();
    cts.fault = ({ url }) => (url.includes(`${c}/databases`) ? answer(503, {}) : undefined);
    const unknown = `${'e'.repeat(32)}in01`;

    const returned = await run([deliver('1', { dataNodeId: unknown })]);

    expect(returned).toEqual(['1']);
    expect(changeQueue.delayed).toEqual([{ receiptHandle: 'handle-1', delaySeconds: 60 }]);
    expect(app.log.warnings).toEqual(['instance change not resolved yet']);
  });

  test.each([
    ['goes into a new message', (): boolean => false, [], 1],
    ['comes back where the queue does not take the new message', (): boolean => true, ['1'], 0],
  ] as const)('without time to ask every instance it %s', async (_, refuse, returned, sent) => {
    const changeQueue = createFakeQueue(refuse);
    const cts = createFakeCts();
    const fleet = instanceIds(100);
    const app: TestApp = createTestApp({
      http: () => cts.http,
      changeQueue,
      parameters: {
        fleet: async () => ({ instanceIds: fleet, malformed: [], duplicates: 0, notRunning: [] }),
      },
    });
    cts.fault = async () => {
      await app.clock.sleep(1_000);
      return answer(200, { databases: [] });
    };
    const batch = { isChange: true, records: [deliver('1', { dataNodeId: shared })] };

    const given = await app.clock.run(syncBatch(app, batch, deadlineIn(10_000, app.clock)));

    expect(given).toEqual(returned);
    expect(changeQueue.sent.map(({ message }) => message)).toEqual(
      Array.from({ length: sent }, () => ({
        dataNodeId: shared,
        trigger: 'change',
        runId: 'run-1',
      })),
    );
    expect(changeQueue.delayed.length).toBe(returned.length);
    expect(app.clock.monotonic()).toBeLessThan(10_000);
  });

  test('comes back as a whole where the list cannot be read', async () => {
    const { app, run, synced } = createWorker();
    const broken = { ...app, fleet: () => Promise.reject(new Error('no list')) };

    const returned = await app.clock.run(
      syncBatch(
        broken,
        { isChange: true, records: [deliver('1', { instanceId: a })] },
        deadlineIn(60_000, app.clock),
      ),
    );

    expect(returned).toEqual(['1']);
    expect(synced).toEqual([]);
    expect(app.log.problems).toMatchObject([{ reason: 'no list', messages: 1 }]);
    expect(await run([deliver('1', { instanceId: a })])).toEqual([]);
  });

  test('a message about a data node comes back once when one of its instances is busy', async () => {
    const { changeQueue, cts, run } = createWorker();
    const sync = cts.fault;
    cts.fault = (request) =>
      request.url.includes(`${b}/rds/sync`) || request.url.includes(`${a}/rds/sync`)
        ? answer(409, { errCode: 'DBS.200019', externalMessage: 'busy' })
        : sync(request);

    const returned = await run([deliver('1', { dataNodeId: shared })]);

    expect(returned).toEqual(['1']);
    expect(changeQueue.delayed.length).toBe(1);
  });

  test('what is not of the fleet is ignored, and not called', async () => {
    const { app, run, synced } = createWorker();
    const instanceId = `${'f'.repeat(32)}in09`;
    const dataNodeId = `${'f'.repeat(32)}in01`;

    const returned = await run([deliver('1', { instanceId }), deliver('2', { dataNodeId })]);

    expect(returned).toEqual([]);
    expect(synced).toEqual([]);
    expect(app.log.ignoredChanges).toMatchObject([{ instanceId }, { dataNodeId }]);
    expect(app.log.warnings).toEqual([]);
  });
});
