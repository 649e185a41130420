import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { environmentOf } from '../../cli/target.ts';
import {
  type Cloud,
  type CloudOptions,
  changeDeadLetterQueue,
  changeQueue,
  startCloud,
} from '../../emulator/cloud.ts';
import { startEventSource } from '../../emulator/event-source.ts';
import { sample, startPackaged } from '../support/packaged.ts';

const taskRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const changeWindow = { CHANGE_WINDOW_SECONDS: '2' };

function event(detailType: string, detail: object) {
  return {
    ...sample('changed'),
    'detail-type': detailType,
    detail,
  };
}

async function start(
  options: Partial<CloudOptions> = {},
  env: Readonly<Record<string, string>> = {},
) {
  const cloud = await startCloud({ instances: 4, changeWindowSeconds: 2.1, ...options });
  const changed = await startPackaged('changed', {
    cloud,
    instances: 4,
    env: { ...changeWindow, ...env },
  });
  onTestFinished(() => cloud.close());
  return { cloud, changed };
}

/** Workers on the change queue, until it is empty. */
async function drain(cloud: Cloud) {
  const output: string[] = [];
  const source = startEventSource({
    queueUrl: cloud.changeQueueUrl,
    worker: {
      taskRoot,
      env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '1000', ...changeWindow },
      timeoutMs: 60_000,
      onLine: (line) => output.push(line),
    },
    maximumConcurrency: 2,
    batchSize: 10,
    batchWindowMs: 0,
  });
  const isEmpty = () => expect(cloud.sqs.messages(changeQueue)).toEqual([]);
  await vi.waitFor(isEmpty, { timeout: 30_000, interval: 20 });
  await source.stop();
  return output.map((line): Record<string, unknown> => JSON.parse(line));
}

describe('an event', () => {
  test('about a data node syncs the instance that has it', async () => {
    const { changed, cloud } = await start();
    const [instanceId = ''] = cloud.ddm.instanceIds;
    const [dataNodeId] = cloud.ddm.dataNodes.of(instanceId);

    const result = await changed.invoke(event('Data Node Changed', { dataNodeId }));
    const lines = await drain(cloud);

    expect(result).toEqual({ ok: true, response: { enqueued: 1 } });
    expect(lines.filter(({ status }) => status === 'accepted')).toMatchObject([
      { instanceId, trigger: 'change', runId: expect.any(String) },
    ]);
    expect(cloud.ddm.stats().accepted).toBe(1);
    expect(cloud.sqs.messages(changeDeadLetterQueue)).toEqual([]);
  });

  test('about several instances syncs each of them once', async () => {
    const { changed, cloud } = await start();
    const [a = '', b = ''] = cloud.ddm.instanceIds;

    await changed.invoke(event('DDM Instance Changed', { instanceId: [a, b, a] }));
    await drain(cloud);

    expect(cloud.ddm.stats().accepted).toBe(2);
  });

  test('is followed by another sync when the instance changes again after the window', async () => {
    const { changed, cloud } = await start();
    const again = event('DDM Instance Changed', { instanceId: cloud.ddm.instanceIds[0] });

    await changed.invoke(again);
    await drain(cloud);
    await changed.invoke(again);
    await drain(cloud);

    expect(cloud.ddm.stats().accepted).toBe(2);
  });

  test('row 64: about what is not ours ends in one quiet line', async () => {
    const { changed, cloud } = await start();
    const foreign = { instanceId: `${'e'.repeat(32)}in09`, dataNodeId: `${'f'.repeat(32)}in01` };

    await changed.invoke(event('DDM Instance Changed', foreign));
    const lines = await drain(cloud);

    const ignored = lines.filter(({ message }) => String(message).startsWith('instance change'));
    expect(ignored.map(({ level }) => level)).toEqual(['INFO', 'INFO']);
    expect(lines.filter((line) => 'ChangesIgnored' in line).length).toBe(2);
    expect(cloud.ddm.stats().accepted).toBe(0);
  });

  test.each([
    ['another detail-type', event('Something Else', { instanceId: 'x' }), /detail-type/],
    ['no id', event('Data Node Changed', {}), /neither an instanceId nor a dataNodeId/],
    ['a path for an id', event('Data Node Changed', { dataNodeId: '../x' }), /detail\.dataNodeId/],
    [
      'a DDM id for a data node',
      event('Data Node Changed', { dataNodeId: `${'a'.repeat(32)}in09` }),
      /detail\.dataNodeId/,
    ],
    ['no event at all', null, /detail-type/],
  ])('with %s fails and says why, so that it is kept', async (_, wrong, message) => {
    const { changed, cloud } = await start();

    const result = await changed.invoke(wrong);

    expect(result).toMatchObject({
      ok: false,
      error: { errorType: 'InvalidEventError', errorMessage: expect.stringMatching(message) },
    });
    expect(cloud.sqs.messages(changeQueue)).toEqual([]);
  });

  test('fails when the queue does not take it, so that Lambda delivers it again', async () => {
    const { changed, cloud } = await start();
    cloud.sqs.fault = () => ({ status: 403, type: 'AccessDenied' });
    const again = event('DDM Instance Changed', { instanceId: cloud.ddm.instanceIds[0] });

    expect(await changed.invoke(again)).toMatchObject({
      ok: false,
      error: { errorType: 'QueueError', errorMessage: expect.stringContaining('AccessDenied') },
    });
  });

  test('needs no parameter', async () => {
    const { changed, cloud } = await start({ auth: 'nothing' });

    const [instanceId] = cloud.ddm.instanceIds;
    const result = await changed.invoke(event('DDM Instance Changed', { instanceId }));

    expect(result).toMatchObject({ ok: true });
    expect(cloud.ssm.calls.size).toBe(0);
  });
});

test('row 63: 1,000 events on one instance lead to three calls at most, the last after the last event', async () => {
  const window = { CHANGE_WINDOW_SECONDS: '10' };
  const { changed, cloud } = await start({ latencyMs: 20, changeWindowSeconds: 10.1 }, window);
  const [instanceId = ''] = cloud.ddm.instanceIds;
  const [dataNodeId] = cloud.ddm.dataNodes.of(instanceId);
  const burst = event('Data Node Changed', { dataNodeId });
  await changed.invoke(burst);

  const draining = drain(cloud);
  for (let sent = 1; sent < 1_000; sent += 1) await changed.invoke(burst);
  const lastEventAt = Date.now();
  const lines = await draining;

  const accepted = lines.filter(({ status }) => status === 'accepted');
  expect(accepted.length).toBeLessThanOrEqual(3);
  const last = Math.max(...accepted.map(({ timestamp }) => Date.parse(String(timestamp))));
  expect(last).toBeGreaterThanOrEqual(lastEventAt);
  expect(cloud.ddm.stats().accepted).toBe(accepted.length);
}, 90_000);
