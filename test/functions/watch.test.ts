import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { type Cloud, changeQueue } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { startEventSource } from '../../emulator/event-source.ts';
import { startPackaged, startTestCloud, taskRoot } from '../support/packaged.ts';
import { startTestSmn } from '../support/smn.ts';

// Each test has a cloud of its own, as CTS forgets no trace; what waits in a queue waits a fifth of a second.
const options = { instances: 6, jobMs: 50, queueSpeed: 100, visibilityTimeoutSeconds: 3_600 };

async function start() {
  const cloud = await startTestCloud(options);
  return { cloud, watch: await startPackaged('watch', { cloud }) };
}

function cursorOf({ parameterPrefix, ssm }: Cloud): string | undefined {
  return ssm.value(`${parameterPrefix}/cursor`);
}

function changePort({ cts, ddm }: Cloud, instanceId: string) {
  return cts.add({
    trace_name: 'changeInstancePort',
    service_type: 'RDS',
    resource_id: ddm.dataNodes.of(instanceId)[0] ?? '',
    trace_type: 'SystemAction',
  });
}

/** A worker on the change queue until it is empty; what it printed. */
async function drain(cloud: Cloud): Promise<readonly Record<string, unknown>[]> {
  const lines: string[] = [];
  const source = startEventSource({
    queueUrl: cloud.changeQueueUrl,
    worker: { taskRoot, env: environmentOf(cloud), onLine: (line) => lines.push(line) },
    maximumConcurrency: 1,
    batchSize: 10,
    batchWindowMs: 0,
  });
  const isEmpty = () => expect(cloud.sqs.messages(changeQueue)).toEqual([]);
  await vi.waitFor(isEmpty, { timeout: 20_000, interval: 20 });
  await source.stop();
  return lines.map((line) => JSON.parse(line));
}

describe('the packaged watch', () => {
  test('finds what changed, has the instance synced, and does not follow what the sync leaves behind', async () => {
    const { cloud, watch } = await start();
    const [instanceId = ''] = cloud.ddm.instanceIds;
    changePort(cloud, instanceId);

    const result = await watch.invoke({});
    const lines = await drain(cloud);
    await sleep(options.jobMs); // the job ends, and leaves synRdsinfo
    const again = await watch.invoke({});

    expect(result).toMatchObject({ ok: true, response: { changes: 1, enqueued: 1 } });
    expect(lines.filter(({ status }) => status === 'accepted')).toMatchObject([
      { instanceId, trigger: 'change' },
    ]);
    expect(JSON.parse(cursorOf(cloud) ?? '')).toMatchObject({
      until: expect.stringMatching(/^20\d\d-.*Z$/),
    });
    expect(again).toMatchObject({ ok: true, response: { changes: 0, enqueued: 0 } });
  });

  test('fails and begins again where it did when CTS does not answer', async () => {
    const { cloud, watch } = await start();
    await watch.invoke({});
    const before = cursorOf(cloud);
    changePort(cloud, cloud.ddm.instanceIds[0] ?? '');
    cloud.cts.fault = () => ({
      status: 403,
      body: { error_code: 'CTS.0013', error_msg: 'No permission' },
    });

    const failed = await watch.invoke({});
    const between = cursorOf(cloud);
    cloud.cts.fault = () => undefined;
    const again = await watch.invoke({});

    expect(failed).toMatchObject({
      ok: false,
      error: {
        errorType: 'ReadError',
        errorMessage: 'listing the audit traces of RDS failed: CTS.0013 (HTTP 403) "No permission"',
      },
    });
    expect(between).toBe(before);
    expect(again).toMatchObject({ response: { changes: 1, enqueued: 1 } });
  });

  test('with a dead token fails, and shows no secret', async () => {
    const { cloud, watch } = await start();
    const [token = ''] = cloud.iam.tokens;
    cloud.iam.tokens.clear();

    const result = await watch.invoke({});

    expect(result).toMatchObject({
      ok: false,
      error: { errorMessage: expect.stringContaining('APIGW.0307') },
    });
    expect(JSON.stringify(result) + watch.output.join('')).not.toContain(token.slice(8, 40));
  });

  test('works with an access key', async () => {
    const cloud = await startTestCloud({ ...options, auth: 'aksk' });
    const watch = await startPackaged('watch', { cloud, env: { AUTH_MODE: 'aksk' } });
    changePort(cloud, cloud.ddm.instanceIds[0] ?? '');

    expect(await watch.invoke({})).toMatchObject({ response: { changes: 1, enqueued: 1 } });
  });

  test('signs a marker with a blank as it sends it', async () => {
    const cloud = await startTestCloud({ ...options, auth: 'aksk' });
    const watch = await startPackaged('watch', { cloud, env: { AUTH_MODE: 'aksk' } });
    const trace = { trace_name: 'setDBParameters', service_type: 'RDS', resource_id: 'x' };
    for (let index = 0; index < 250; index += 1) {
      cloud.cts.add({ ...trace, trace_id: `trace ${index} + ${index}/%20` });
    }

    expect(await watch.invoke({})).toMatchObject({ response: { traces: 250 } });
  });
});

test('row 62: what no notification told of is synced by the next run of the schedule', async () => {
  const cloud = await startTestCloud(options);
  const scheduled = await startPackaged('scheduled', { cloud });
  for (const instanceId of cloud.ddm.instanceIds) changePort(cloud, instanceId); // nothing listens

  expect(await scheduled.invoke({})).toMatchObject({ response: { accepted: 6 } });
});

test('a signed notification leads to a sync: SMN, queue, worker, DDM', async () => {
  const cloud = await startTestCloud(options);
  const server = await startTestSmn();
  const env = { SMN_TOPIC_URNS: server.topicUrn };
  const smn = await startPackaged('smn', { cloud, env });
  const [instanceId = ''] = cloud.ddm.instanceIds;
  const trace = changePort(cloud, instanceId);

  const answer = await smn.invoke(server.toEvent(server.sign({ message: JSON.stringify(trace) })));
  const lines = await drain(cloud);

  expect(answer).toMatchObject({ ok: true, response: { statusCode: 200 } });
  expect(lines.filter(({ status }) => status === 'accepted')).toMatchObject([
    { instanceId, trigger: 'change' },
  ]);
});
