import { afterAll, describe, expect, inject, test } from 'vitest';
import { startCloud } from '../../emulator/cloud.ts';
import { startSmn } from '../../emulator/smn.ts';
import { sample } from '../support/packaged.ts';
import { openDeployment, queueArn } from './functions.ts';
import { alarmMetrics, publishedMetrics } from './metrics.ts';
import { openParameters, passwordOf } from './parameters.ts';
import { notAllowed, notUsed } from './privileges.ts';

// The packaged functions with the roles of the stack, as Lambda's own runtime client runs them where it could be built.
// moto is AWS. Each test begins with what the ones before it left.
const stack = inject('direct');
const cloud = await startCloud({ instances: 1_300, jobMs: 50, jobFailShare: 0.01 });
const smn = await startSmn();
const parameters = openParameters(inject('moto'), '/ddm-sync/direct');
const deployment = await openDeployment(stack, cloud);
const { calls, count, drain, invoke, lines } = deployment;
const { instanceIds } = cloud.ddm;
const [firstId = '', secondId = '', thirdId = ''] = instanceIds;

afterAll(async () => {
  await deployment.close();
  await Promise.all([cloud.close(), smn.close()]);
});

function countAccepted(trigger: string): number {
  return lines.filter((line) => line.status === 'accepted' && line.trigger === trigger).length;
}

function post(body: object) {
  return { ...sample('http'), body: JSON.stringify(body) };
}

/** A message as Lambda hands it to the worker. */
function toRecord(queue: string, body: object, receiveCount: string) {
  const [record] = sample('worker').Records;
  return {
    ...record,
    messageId: crypto.randomUUID(),
    body: JSON.stringify(body),
    attributes: { ...record.attributes, ApproximateReceiveCount: receiveCount },
    eventSourceARN: queueArn(stack, queue),
  };
}

describe('rotate-token', () => {
  test.each([
    [3_846, 1],
    [6_000, 2],
    [20_000, 5],
    [32_768, 8],
    [32_764, 8],
  ])('stores a token of %d characters as SecureStrings', async (characters, parts) => {
    await parameters.put('credentials', passwordOf(cloud));
    cloud.iam.issue.bytes = (characters / 4) * 3;

    const result = await invoke('rotate-token', {});

    expect(result).toMatchObject({ ok: true, response: { rotated: true, parameters: parts } });
  });
});

test('each function reads a refused token again, and what the worker could not do is kept', async () => {
  await parameters.putList('instances', instanceIds.slice(0, 100));
  const tokens = [...cloud.iam.tokens];
  cloud.iam.tokens.clear();
  const change = { dataNodeId: cloud.ddm.dataNodes.of(firstId)[0], trigger: 'change', runId: 'x' };
  const changes = ['1', '3'].map((count) => toRecord('ChangeQueue', change, count));

  const run = await invoke('scheduled', {});
  const onDemand = await invoke('http', post({ instanceIds: [firstId] }));
  const batch = await invoke('worker', { Records: sample('worker').Records });
  const changeBatch = await invoke('worker', { Records: changes });
  const watched = await invoke('watch', {});
  const followed = await invoke('follow', sample('follow'));
  for (const token of tokens) cloud.iam.tokens.add(token);
  const rotated = await invoke('rotate-token', {});

  expect([run, watched]).toMatchObject([{ ok: false }, { ok: false }]);
  expect(onDemand).toMatchObject({ ok: true, response: { statusCode: 503 } });
  expect(followed).toMatchObject({ ok: true });
  expect([batch, changeBatch]).toMatchObject([
    { ok: true, response: { batchItemFailures: [] } },
    { ok: true, response: { batchItemFailures: [{}] } },
  ]);
  expect(await count('SyncQueue')).toBe(1); // sent anew, delayed by minutes: until there may be a valid token
  expect(await count('ChangeQueue')).toBe(1);
  expect(rotated).toMatchObject({ ok: true });
});

test('worker fails while there is no token, and has the batch delivered again later', async () => {
  const token = (await parameters.read('token-set')) ?? '';
  await parameters.remove('token-set');

  const result = await invoke('worker', {
    Records: [toRecord('SyncQueue', { instanceId: firstId, trigger: 'schedule', runId: 'x' }, '1')],
  });
  await parameters.put('token-set', token);

  expect(result).toMatchObject({ ok: false, error: { errorType: 'ParameterError' } });
  expect(calls().map(({ action, resource }) => `${action} ${resource}`)).toContain(
    `sqs:ChangeMessageVisibility ${queueArn(stack, 'SyncQueue')}`,
  );
});

describe('scheduled', () => {
  test('syncs a list in one parameter, by a token in eight', async () => {
    const result = await invoke('scheduled', {});

    expect(result).toMatchObject({ ok: true, response: { accepted: 100, failed: 0 } });
  });

  test('syncs a list in 12 parameters, and queues what does not fit', async () => {
    await parameters.remove('instances');
    await parameters.putList('instances', instanceIds);
    const before = await count('SyncQueue');

    const result = await invoke('scheduled', {}, { SYNC_INLINE_MAX: '1200' });

    expect(await parameters.read('instances/12')).not.toBe(undefined);
    expect(result).toMatchObject({ ok: true, response: { accepted: 1_200, queued: 100 } });
    expect((await count('SyncQueue')) - before).toBe(100);
  });
});

test('worker syncs what is in the sync queue', async () => {
  const before = countAccepted('schedule');

  await drain('SyncQueue', 'worker', { leaveDelayed: true });

  expect(countAccepted('schedule') - before).toBe(100);
});

describe('http', () => {
  test('syncs the instances that an event of API Gateway names', async () => {
    const result = await invoke('http', post({ instanceIds: [firstId, secondId] }));

    expect(result).toMatchObject({ ok: true, response: { statusCode: 200 } });
    expect(countAccepted('http')).toBe(2);
  });

  test('hands a fleet that is too large for it to the worker', async () => {
    await parameters.remove(...Array.from({ length: 12 }, (_, index) => `instances/${index + 1}`));
    await parameters.putList('instances', instanceIds.slice(0, 220)); // in two parts
    const before = countAccepted('http');

    const result = await invoke('http', post({}), { SYNC_INLINE_MAX: '100' });
    await drain('SyncQueue', 'worker', { leaveDelayed: true });

    expect(result).toMatchObject({ ok: true, response: { statusCode: 202 } });
    expect(countAccepted('http') - before).toBe(220);
  });
});

describe('changes', () => {
  const changed = { ...sample('changed'), 'detail-type': 'DDM Instance Changed' };

  test('of one instance within a window are one message', async () => {
    const event = { ...changed, detail: { instanceId: thirdId } };
    // The window may end between the two: then there are two messages, the next time one.
    const before = await count('ChangeQueue');
    const windowMs = 20_000;
    if (Date.now() % windowMs > windowMs - 4_000) {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
    }

    const results = [await invoke('changed', event), await invoke('changed', event)];

    expect(results).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await count('ChangeQueue')).toBe(before + 1);
  });

  test('that CTS has are found from where the cursor is', async () => {
    const first = await invoke('watch', {});
    cloud.cts.add({
      trace_name: 'changeInstancePort',
      service_type: 'RDS',
      resource_id: cloud.ddm.dataNodes.of(secondId)[0] ?? '',
      trace_type: 'SystemAction',
    });
    const second = await invoke('watch', {});

    expect([first, second]).toMatchObject([
      { ok: true, response: { enqueued: 0 } },
      { ok: true, response: { enqueued: 1 } },
    ]);
    expect(JSON.parse((await parameters.read('cursor')) ?? '')).toHaveProperty('until');
  });

  test('that SMN notifies are queued, and messages that are forged or not taken are counted', async () => {
    const trace = {
      service_type: 'RDS',
      trace_name: 'changeInstancePort',
      trace_rating: 'normal',
      resource_id: cloud.ddm.dataNodes.of(firstId)[0],
    };
    const envelope = smn.sign({ message: JSON.stringify(trace) });
    const env = { SMN_TOPIC_URNS: smn.topicUrn };

    const results = [
      await invoke('smn', smn.toEvent(envelope), env),
      await invoke('smn', smn.toEvent({ ...envelope, message: 'forged' }), env),
      await invoke('smn', smn.toEvent(envelope), { ...env, CHANGE_QUEUE_URL: '' }),
    ];

    expect(results).toMatchObject([
      { response: { statusCode: 200 } },
      { response: { statusCode: 403 } },
      { response: { statusCode: 503 } },
    ]);
  });

  test('that CTS has forgotten lead to a full sync', async () => {
    const until = new Date(Date.now() - 8 * 24 * 3_600_000).toISOString();
    await parameters.put('cursor', JSON.stringify({ until, done: '' }), 'String');
    const before = await count('SyncQueue');

    const result = await invoke('watch', {});

    expect(result).toMatchObject({ ok: true });
    expect((await count('SyncQueue')) - before).toBe(1);
    await drain('SyncQueue', 'worker', { leaveDelayed: true });
  });

  test('lead to syncs when the queue hands them out', async () => {
    await drain('ChangeQueue', 'worker');

    const synced = lines.filter((line) => line.status === 'accepted' && line.trigger === 'change');
    expect(new Set(synced.map((line) => line.instanceId))).toEqual(
      new Set([...instanceIds.slice(0, 220)]),
    );
  });

  test('are resolved by what another worker has listed', async () => {
    const change = {
      dataNodeId: cloud.ddm.dataNodes.of(thirdId)[0],
      trigger: 'change',
      runId: 'x',
    };
    const before = cloud.ddm.stats().calls;

    const result = await invoke('worker', { Records: [toRecord('ChangeQueue', change, '1')] });

    expect(result).toMatchObject({ ok: true, response: { batchItemFailures: [] } });
    expect(cloud.ddm.stats().calls - before).toBe(1);
  });
});

test('follow finds out how the accepted syncs ended', async () => {
  const accepted = lines.filter(({ status }) => status === 'accepted').length;
  const before = lines.length;

  await drain('FollowQueue', 'follow');

  const ends = Map.groupBy(
    lines.slice(before).filter((line) => 'end' in line),
    ({ end }) => end,
  );
  expect([...ends.values()].flat().length).toBe(accepted);
  expect(ends.get('failed')?.length).toBeGreaterThan(0);
  expect([...ends.keys()].sort()).toEqual(['completed', 'failed']);
});

test('follow looks again for what has not ended', async () => {
  const jobs = [[firstId, null, Date.now()]];
  const body = { round: 1, runs: [{ trigger: 'http', runId: 'x', jobs }] };

  const result = await invoke('follow', { Records: [toRecord('FollowQueue', body, '1')] });

  expect(result).toMatchObject({ ok: true, response: { batchItemFailures: [] } });
  expect(await count('FollowQueue')).toBe(1);
});

describe('the alarms', () => {
  test('watch metrics that the functions publish, with their dimensions', () => {
    const published = new Set(lines.flatMap(publishedMetrics));
    const watched = alarmMetrics(stack).filter((metric) => metric.startsWith('ddm-sync '));

    expect(watched.length).toBeGreaterThan(6);
    expect(watched.filter((metric) => !published.has(metric))).toEqual([]);
  });

  test('watch functions and queues of this stack', () => {
    const names = [
      ...stack.functions.map(({ FunctionName }) => `FunctionName=${FunctionName}`),
      ...stack.queues.map(({ QueueArn }) => `QueueName=${QueueArn.split(':').at(-1)}`),
    ];
    const watched = alarmMetrics(stack).filter((metric) => metric.startsWith('AWS/'));

    expect(watched.length).toBeGreaterThan(20);
    expect(watched.filter((metric) => !names.includes(metric.split(' ')[2] ?? ''))).toEqual([]);
  });
});

describe('the roles', () => {
  test('allow everything that the functions did', () => {
    expect(calls().length).toBeGreaterThan(100);
    expect(notAllowed(stack, calls())).toEqual([]);
  });

  test('allow nothing else', () => {
    expect(notUsed(stack, calls())).toEqual([]);
  });
});
