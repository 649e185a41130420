import { describe, expect, test } from 'vitest';
import type { CloudOptions } from '../../emulator/cloud.ts';
import { sample, startPackaged } from '../support/packaged.ts';

const discovery = { DDM_DISCOVERY: 'on' };
function start(options: Partial<CloudOptions> = {}) {
  return startPackaged('scheduled', { instances: 300, env: discovery, ...options });
}

describe('with discovery', () => {
  test('the fleet is what the list API shows, page by page; the parameter is not read', async () => {
    const { cloud, invoke } = await start();
    cloud.ssm.put({ name: `${cloud.parameterPrefix}/instances`, type: 'String', value: '[]' });

    const result = await invoke({});

    expect(result).toMatchObject({ ok: true, response: { total: 300, accepted: 300 } });
    expect(cloud.ddm.stats().calls).toBe(303); // three pages of 128
  });

  test('the lines of the instances have their names', async () => {
    const { invoke, lines } = await start({ instances: 2 });

    await invoke({});

    const accepted = lines().filter(({ status }) => status === 'accepted');
    expect(accepted.map(({ instanceName }) => instanceName)).toEqual(
      accepted.map(({ instanceId }) => `ddm-${String(instanceId).slice(0, 8)}`),
    );
  });

  test('instances in another state than RUNNING are skipped with a line that says so', async () => {
    const { cloud, invoke, lines } = await start({ instances: 5 });
    const [a = '', b = '', c = ''] = cloud.ddm.instanceIds;
    cloud.ddm.states.set(a, 'CREATING').set(b, 'A_STATE_OF_TOMORROW').set(c, 'evil\nstate');

    const result = await invoke({});

    expect(result).toMatchObject({ response: { total: 5, accepted: 2, skipped: 3 } });
    const skipped = lines().filter(({ status }) => status === 'skipped');
    expect(skipped.map(({ externalMessage }) => externalMessage)).toEqual([
      'the instance is in state CREATING',
      'the instance is in state A_STATE_OF_TOMORROW',
      'the instance is in state unknown',
    ]);
  });

  test('the parameter exclude leaves instances out', async () => {
    const { cloud, invoke } = await start({ instances: 5 });
    const [a = '', b = ''] = cloud.ddm.instanceIds;
    const name = `${cloud.parameterPrefix}/exclude`;
    cloud.ssm.put({ name, type: 'StringList', value: `${a},${b}` });

    expect(await invoke({})).toMatchObject({ response: { total: 3, accepted: 3 } });
  });

  test('POST /sync takes the ids that were found, and no others', async () => {
    const { cloud, invoke } = await startPackaged('http', { instances: 5, env: discovery });
    const [a = '', b = '', c = ''] = cloud.ddm.instanceIds;
    cloud.ddm.states.set(b, 'RESTARTING');
    const name = `${cloud.parameterPrefix}/exclude`;
    cloud.ssm.put({ name, type: 'StringList', value: c });
    const post = (instanceIds: readonly string[]) =>
      invoke({ ...sample('http'), body: JSON.stringify({ instanceIds }) });

    const answers = [await post([a, b]), await post([c])];

    expect(answers).toMatchObject([
      { response: { statusCode: 200, body: expect.stringContaining('"skipped":1') } },
      { response: { statusCode: 403 } },
    ]);
  });

  test('a list that cannot be had fails the run, and answers 503 over HTTP', async () => {
    const { cloud, invoke } = await start({ instances: 5 });
    cloud.ddm.listFault = () => ({
      status: 403,
      body: { errCode: 'DBS.200047', externalMessage: 'no' },
    });
    const http = await startPackaged('http', { cloud, instances: 5, env: discovery });

    const results = [await invoke({}), await http.invoke({ ...sample('http'), body: '' })];

    expect(results).toMatchObject([
      {
        ok: false,
        error: {
          errorType: 'ReadError',
          errorMessage: expect.stringContaining('listing the DDM instances failed: DBS.200047'),
        },
      },
      { ok: true, response: { statusCode: 503 } },
    ]);
  });
});
