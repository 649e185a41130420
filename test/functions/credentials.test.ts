import { describe, expect, test, vi } from 'vitest';
import { type Cloud, type CloudOptions, startCloud } from '../../emulator/cloud.ts';
import { createSlidingLimit } from '../../emulator/sliding-limit.ts';
import { sample, startPackaged } from '../support/packaged.ts';

const aksk = { AUTH_MODE: 'aksk' };
function start(
  options: Partial<CloudOptions> & { readonly cloud?: Cloud } = {},
  env: Readonly<Record<string, string>> = aksk,
) {
  return startPackaged('scheduled', { instances: 50, auth: 'aksk', ...options, env });
}

function writeKeys({ parameterPrefix, ssm }: Cloud, keys: object): void {
  ssm.put({
    name: `${parameterPrefix}/credentials`,
    type: 'SecureString',
    value: JSON.stringify(keys),
  });
}

describe('with an access key', () => {
  test.each(['v1', 'v3', 'auto'])('the fleet is synced over the %s API', async (version) => {
    const { cloud, invoke } = await start({}, { ...aksk, DDM_API_VERSION: version });

    const result = await invoke({});

    expect(result).toMatchObject({ ok: true, response: { accepted: 50, failed: 0 } });
    expect(cloud.ssm.calls.get('GetParameters')).toBe(1);
    expect(cloud.iam.signIns()).toBe(0);
  });

  test('POST /sync and the worker work as with a token', async () => {
    const cloud = await startCloud({ instances: 20, auth: 'aksk' });
    const http = await startPackaged('http', { cloud, instances: 20, env: aksk });
    const worker = await startPackaged('worker', { cloud, instances: 20, env: aksk });
    const record = sample('worker').Records[0];
    const [instanceId] = cloud.ddm.instanceIds;
    const body = JSON.stringify({ instanceId, trigger: 'http', runId: 'run-1' });

    const answer = await http.invoke({ ...sample('http'), body: '{}' });
    const batch = await worker.invoke({ Records: [{ ...record, body }] });

    expect(answer).toMatchObject({ ok: true, response: { statusCode: 200 } });
    expect(batch).toEqual({ ok: true, response: { batchItemFailures: [] } });
    expect(cloud.ddm.stats().accepted).toBe(21);
    await cloud.close();
  });

  test('temporary keys are sent with their security token', async () => {
    const cloud = await startCloud({ instances: 50, auth: 'aksk' });
    Object.assign(cloud.accessKeys, { securityToken: 'gQpjbi1ub3J0aC0x' });
    writeKeys(cloud, cloud.accessKeys);
    const { invoke } = await start({ cloud });

    expect(await invoke({})).toMatchObject({ ok: true, response: { accepted: 50 } });
    await cloud.close();
  });

  test('row 20: keys that are replaced during the run are read anew, once', async () => {
    const { cloud, invoke } = await start({ latencyMs: 20 }, { ...aksk, SYNC_CONCURRENCY: '4' });
    const running = invoke({});
    while (cloud.ddm.stats().accepted < 10) await new Promise((resolve) => setTimeout(resolve, 5));
    Object.assign(cloud.accessKeys, { secretAccessKey: 'another'.repeat(5) });
    writeKeys(cloud, cloud.accessKeys);

    expect(await running).toMatchObject({ ok: true, response: { accepted: 50, failed: 0 } });
    expect(cloud.ssm.calls.get('GetParameters')).toBe(2);
  });

  test.each([
    ['a wrong secret', { secretAccessKey: 'canary'.repeat(6) }],
    ['an unknown key', { accessKeyId: 'CANARYCANARYCANARY00' }],
  ])('row 21: %s ends the run after a handful of calls, and says what to do', async (_, wrong) => {
    const cloud = await startCloud({ instances: 500, auth: 'aksk' });
    writeKeys(cloud, { ...cloud.accessKeys, ...wrong });
    const { invoke, output } = await start({ cloud });

    const result = await invoke({});

    expect(result).toMatchObject({
      ok: false,
      error: {
        errorType: 'UnauthorizedError',
        errorMessage: expect.stringMatching(/access key was refused.*enabled.*npm run setup/),
      },
    });
    expect(cloud.ddm.stats().calls).toBeLessThanOrEqual(8);
    const printed = output.join('\n') + JSON.stringify(result);
    expect(printed.toLowerCase()).not.toContain('canary');
    expect(printed).not.toContain(cloud.accessKeys.accessKeyId);
    await cloud.close();
  });

  test.each([
    [20, 'behind'],
    [-20, 'ahead of'],
  ])('a clock that is wrong is named: the service is %i minutes ahead', async (minutes, side) => {
    const { cloud, invoke } = await start();
    cloud.ddm.clockSkewMs = minutes * 60_000;

    expect(await invoke({})).toMatchObject({
      ok: false,
      error: {
        errorMessage: `The signature was refused: the clock here is 20 minutes ${side} the service's, and a signature is valid for 15; set the clock`,
      },
    });
  });

  test.each([
    ['no parameter', undefined, 'credentials does not exist'],
    ['no JSON', 'canary', 'the whole value missing'],
    ['a password', '{"domainName":"canary","userName":"u","password":"p"}', 'accessKeyId, secret'],
    [
      'a key with a line break',
      '{"accessKeyId":"A\\nB","secretAccessKey":"canary"}',
      'accessKeyId',
    ],
  ])('row 23: %s is refused by name and without its value', async (_, value, problem) => {
    const { cloud, invoke, output } = await start();
    const name = `${cloud.parameterPrefix}/credentials`;
    if (value === undefined) cloud.ssm.delete(name);
    else cloud.ssm.put({ name, type: 'SecureString', value });

    const result = await invoke({});

    expect(result).toMatchObject({ ok: false, error: { errorType: 'ParameterError' } });
    expect(JSON.stringify(result)).toContain(problem);
    expect(JSON.stringify(result) + output.join('')).not.toContain('canary');
    expect(cloud.ddm.stats().calls).toBe(0);
  });

  test('row 44: shows neither key nor signature', async () => {
    const { cloud, invoke, output } = await start({ failShare: 0.3, flakyShare: 0.3 });
    const results = [await invoke({})];
    cloud.ddm.clockSkewMs = 3_600_000;
    results.push(await invoke({}));

    const printed = output.join('\n') + JSON.stringify(results);
    expect(output.length).toBeGreaterThan(50);
    expect(printed).not.toContain(cloud.accessKeys.secretAccessKey);
    expect(printed).not.toContain(cloud.accessKeys.accessKeyId);
    expect(printed).not.toMatch(/Signature=|SignedHeaders/);
  });
});

describe('with a token that rotate-token keeps fresh', () => {
  const tokens = { instances: 2_000, auth: 'token' as const };

  test('row 20: no instance fails when it is replaced in the middle of a run, and it is read anew once', async () => {
    const env = { SYNC_RATE_PER_SECOND: '500', SYNC_INLINE_MAX: '5000' };
    const { cloud, invoke } = await start({ ...tokens, latencyMs: 20 }, env);
    const rotate = await startPackaged('rotate-token', { cloud, ...tokens });
    const reads = () => cloud.ssm.calls.get('GetParameters') ?? 0;

    for (let run = 0; run < 3; run += 1) {
      const { accepted } = cloud.ddm.stats();
      const running = invoke({});
      await vi.waitFor(() => expect(cloud.ddm.stats().accepted).toBeGreaterThan(accepted + 300), {
        timeout: 10_000,
      });
      const old = [...cloud.iam.tokens];
      expect(await rotate.invoke({})).toMatchObject({ ok: true });
      const before = reads();
      for (const token of old) cloud.iam.tokens.delete(token); // dies at once

      expect(await running).toMatchObject({ response: { accepted: 2_000, failed: 0 } });
      expect(reads() - before).toBe(1);
    }
  }, 60_000);

  test('row 22: the run warns when it is about to expire, and when it has', async () => {
    const { cloud, invoke, lines } = await start({ ...tokens, instances: 10 }, {});
    const rotate = await startPackaged('rotate-token', { cloud, ...tokens });
    await rotate.invoke({});
    const name = `${cloud.parameterPrefix}/token-set`;
    const rewrite = async (hours: number): Promise<void> => {
      const set = JSON.parse(cloud.ssm.value(name) ?? '');
      const expiresAt = new Date(Date.now() + hours * 3_600_000).toISOString();
      const value = JSON.stringify({ ...set, expiresAt });
      cloud.ssm.put({ name, type: 'SecureString', value });
    };
    const fresh = await startPackaged('scheduled', { cloud, instances: 10 });
    await fresh.invoke({});
    await rewrite(7);

    await invoke({});
    await rewrite(-1);
    const late = await startPackaged('scheduled', { cloud, instances: 10 });
    const result = await late.invoke({});

    const warnings = (session: { lines: typeof lines }) =>
      session.lines().filter(({ level }) => level === 'WARN');
    expect(warnings(fresh)).toEqual([]);
    expect(warnings({ lines })).toMatchObject([
      { message: 'token expires soon', hoursLeft: expect.closeTo(7, 1) },
    ]);
    expect(warnings(late)).toMatchObject([
      { message: 'token has expired', advice: expect.stringContaining('rotate-token') },
    ]);
    // The service decides: here it takes the token still.
    expect(result).toMatchObject({ ok: true, response: { accepted: 10 } });
  });

  test('row 18: 20 environments that start at once share a store that takes 10 calls a second', async () => {
    const cloud = await startCloud({ ...tokens, instances: 5 });
    const limit = createSlidingLimit(10);
    const rotate = await startPackaged('rotate-token', { cloud, ...tokens });
    await rotate.invoke({});
    cloud.ssm.fault = () =>
      limit.take() ? undefined : { status: 400, type: 'ThrottlingException' };
    const [record] = sample('worker').Records;
    const [instanceId] = cloud.ddm.instanceIds;
    const body = JSON.stringify({ instanceId, trigger: 'schedule', runId: 'run-1' });

    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const worker = await startPackaged('worker', { cloud, instances: 5 });
        return worker.invoke({ Records: [{ ...record, body }] });
      }),
    );

    expect(answers).toEqual(answers.map(() => ({ ok: true, response: { batchItemFailures: [] } })));
    expect(cloud.ddm.stats().accepted).toBe(20);
    await cloud.close();
  }, 60_000);

  test('row 24: half a token is refused by name, with what to do', async () => {
    const { cloud, invoke } = await start({ ...tokens, instances: 5 }, {});
    const rotate = await startPackaged('rotate-token', { cloud, ...tokens });
    await rotate.invoke({});
    cloud.ssm.delete(`${cloud.parameterPrefix}/token/13`);

    expect(await invoke({})).toMatchObject({
      ok: false,
      error: {
        errorType: 'ParameterError',
        errorMessage: expect.stringContaining('invoke rotate-token'),
      },
    });
    expect(cloud.ddm.stats().calls).toBe(1); // rotate-token's proof
  });
});
