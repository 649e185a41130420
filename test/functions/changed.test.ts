import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Cloud, changeDeadLetterQueue, changeQueue } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { startEventSource } from '../../emulator/event-source.ts';
import {
  sample,
  shareCloud,
  sharePackaged,
  startPackaged,
  startTestCloud,
  taskRoot,
} from '../support/packaged.ts';

function event(detailType: string, detail: object) {
  return {
    ...sample('changed'),
    'detail-type': detailType,
    detail,
  };
}

describe('an event', async () => {
  // Nothing in the parameter store: changed needs no parameter.
  const { calls, cloud, invoke } = await sharePackaged('changed', {
    instances: 4,
    auth: 'nothing',
  });
  const [instanceId = ''] = cloud.ddm.instanceIds;

  test('is enqueued without reading a parameter', async () => {
    const result = await invoke(event('DDM Instance Changed', { instanceId }));

    expect(result).toEqual({ ok: true, response: { enqueued: 1 } });
    expect(cloud.sqs.messages(changeQueue).length).toBe(1);
    expect(calls().ssm).toEqual({});
  });

  test.each([
    ['another detail-type', event('Something Else', { instanceId: 'x' }), /detail-type/],
    ['no id', event('Data Node Changed', {}), /detail\.dataNodeId/],
    [
      'the wrong property for its detail-type',
      event('DDM Instance Changed', { dataNodeId: `${'a'.repeat(32)}in01` }),
      /detail\.instanceId/,
    ],
    [
      'an unknown property',
      event('DDM Instance Changed', { instanceId, nodes: [] }),
      /detail\.nodes/,
    ],
    ['a path for an id', event('Data Node Changed', { dataNodeId: '../x' }), /detail\.dataNodeId/],
    [
      'a DDM id for a data node',
      event('Data Node Changed', { dataNodeId: `${'a'.repeat(32)}in09` }),
      /detail\.dataNodeId/,
    ],
    ['no event at all', null, /detail-type/],
  ])('with %s fails and says why, so that it is kept', async (_, wrong, message) => {
    const result = await invoke(wrong);

    expect(result).toMatchObject({
      ok: false,
      error: { errorType: 'InvalidEventError', errorMessage: expect.stringMatching(message) },
    });
    expect(cloud.sqs.messages(changeQueue)).toEqual([]);
  });

  test('fails when the queue does not take it, so that Lambda delivers it again', async () => {
    cloud.sqs.fault = () => ({ status: 403, type: 'AccessDenied' });

    expect(await invoke(event('DDM Instance Changed', { instanceId }))).toMatchObject({
      ok: false,
      error: { errorType: 'QueueError', errorMessage: expect.stringContaining('AccessDenied') },
    });
  });
});

/** Workers on the change queue. */
function startWorkers(cloud: Cloud, env: Readonly<Record<string, string>> = {}) {
  const output: string[] = [];
  const source = startEventSource({
    queueUrl: cloud.changeQueueUrl,
    worker: {
      taskRoot,
      env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '1000', ...env },
      timeoutMs: 60_000,
      onLine: (line) => output.push(line),
    },
    maximumConcurrency: 2,
    batchSize: 10,
    batchWindowMs: 0,
  });
  const isEmpty = () => expect(cloud.sqs.messages(changeQueue)).toEqual([]);
  return {
    stop: () => source.stop(),
    /** What they printed since the last time, once the queue is empty. */
    drain: async () => {
      await vi.waitFor(isEmpty, { timeout: 30_000, interval: 20 });
      await nextTurn();
      return output.splice(0).map((line): Record<string, unknown> => JSON.parse(line));
    },
  };
}

describe('with workers on its queue, an event', async () => {
  const cloud = await shareCloud({
    instances: 4,
    queueSpeed: 100,
    visibilityTimeoutSeconds: 3_600,
  });
  const env = { CHANGE_WINDOW_SECONDS: '1' };
  const { calls, invoke } = await sharePackaged('changed', { cloud, env });
  const { drain, stop } = startWorkers(cloud);
  afterAll(stop);
  const [a = '', b = '', c = '', d = ''] = cloud.ddm.instanceIds;

  test('about a data node syncs the instance that has it', async () => {
    const [dataNodeId] = cloud.ddm.dataNodes.of(a);

    const result = await invoke(event('Data Node Changed', { dataNodeId }));
    const lines = await drain();

    expect(result).toEqual({ ok: true, response: { enqueued: 1 } });
    expect(lines.filter(({ status }) => status === 'accepted')).toMatchObject([
      { instanceId: a, trigger: 'change', runId: expect.any(String) },
    ]);
    expect(calls().accepted).toBe(1);
    expect(cloud.sqs.messages(changeDeadLetterQueue)).toEqual([]);
  });

  test('about several instances syncs each of them once', async () => {
    await invoke(event('DDM Instance Changed', { instanceId: [b, c, b] }));
    await drain();

    expect(calls().accepted).toBe(2);
  });

  test('is followed by another sync when the instance changes again after the window', async () => {
    const again = event('DDM Instance Changed', { instanceId: d });

    await invoke(again);
    await drain();
    await sleep(1_000); // the window
    await invoke(again);
    await drain();

    expect(calls().accepted).toBe(2);
  });

  test('row 64: about what is not of the fleet ends in one quiet line', async () => {
    await invoke(event('DDM Instance Changed', { instanceId: `${'e'.repeat(32)}in09` }));
    await invoke(event('Data Node Changed', { dataNodeId: `${'f'.repeat(32)}in01` }));
    const lines = await drain();

    const ignored = lines.filter(({ message }) => String(message).startsWith('instance change'));
    expect(ignored.map(({ level }) => level)).toEqual(['INFO', 'INFO']);
    expect(lines.filter((line) => 'ChangesIgnored' in line).length).toBe(2);
    expect(calls().accepted).toBe(0);
  });
});

test('row 63: 1,000 events on one instance lead to three calls at most, the last after the last event', async () => {
  const window = { CHANGE_WINDOW_SECONDS: '3' };
  const cloud = await startTestCloud({ instances: 4, latencyMs: 20, changeDelaySeconds: 3.1 });
  const { calls, invoke } = await startPackaged('changed', { cloud, env: window });
  const { drain, stop } = startWorkers(cloud, window);
  onTestFinished(stop);
  const [dataNodeId] = cloud.ddm.dataNodes.of(cloud.ddm.instanceIds[0] ?? '');
  const burst = event('Data Node Changed', { dataNodeId });

  const windowNow = (): number => Math.floor(Date.now() / 3_000);

  const firstWindow = windowNow();
  for (let sent = 1; sent < 1_000; sent += 1) await invoke(burst);
  const lastEventAt = Date.now();
  await invoke(burst);
  const windows = windowNow() - firstWindow + 1;
  const lines = await drain();

  const accepted = lines.filter(({ status }) => status === 'accepted');
  expect(accepted.length).toBeGreaterThan(0);
  // One call for each window: three at most while the burst lasts no longer than two of them.
  expect(accepted.length).toBeLessThanOrEqual(windows);
  const last = Math.max(...accepted.map(({ timestamp }) => Date.parse(String(timestamp))));
  expect(last).toBeGreaterThanOrEqual(lastEventAt);
  expect(calls().accepted).toBe(accepted.length);
});
