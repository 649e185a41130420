import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import type { Cloud } from '../../emulator/cloud.ts';
import { startServer } from '../support/http-server.ts';
import {
  sample,
  shareCloud,
  sharePackaged,
  startPackaged,
  startTestCloud,
} from '../support/packaged.ts';

function writeCredentials({ parameterPrefix, ssm }: Cloud, value: string): void {
  ssm.put({ name: `${parameterPrefix}/credentials`, type: 'SecureString', value });
}

function replaceKeys(cloud: Cloud, keys: object): void {
  Object.assign(cloud.accessKeys, keys);
  writeCredentials(cloud, JSON.stringify(cloud.accessKeys));
}

describe('with an access key', async () => {
  const cloud = await shareCloud({ instances: 50, auth: 'aksk', latencyMs: 20 });
  const env = { AUTH_MODE: 'aksk', SYNC_CONCURRENCY: '4' };
  const { calls, invoke } = await sharePackaged('scheduled', {
    cloud,
    env: { ...env, DDM_API_VERSION: 'auto' },
  });

  test('the fleet is synced through the API version that exists', async () => {
    expect(await invoke({})).toMatchObject({ ok: true, response: { accepted: 50, failed: 0 } });
    expect(calls().signIns).toBe(0);
  });

  test('POST /sync and the worker work as with a token', async () => {
    const http = await startPackaged('http', { cloud, env });
    const worker = await startPackaged('worker', { cloud, env });
    const [record] = sample('worker').Records;
    const [instanceId] = cloud.ddm.instanceIds;
    const body = JSON.stringify({ instanceId, trigger: 'http', runId: 'run-1' });

    const answer = await http.invoke({ ...sample('http'), body: '{}' });
    const reads = http.calls().ssm;
    const batch = await worker.invoke({ Records: [{ ...record, body }] });

    expect(answer).toMatchObject({ ok: true, response: { statusCode: 200 } });
    expect(reads).toEqual({ GetParameters: 1 });
    expect(batch).toEqual({ ok: true, response: { batchItemFailures: [] } });
    expect(calls().accepted).toBe(51);
  });

  test('temporary keys are sent with their security token', async () => {
    replaceKeys(cloud, { securityToken: 'gQpjbi1ub3J0aC0x' });
    const { invoke } = await startPackaged('scheduled', { cloud, env });

    expect(await invoke({})).toMatchObject({ ok: true, response: { accepted: 50, failed: 0 } });
  });

  test('row 20: keys that are replaced during the run are re-read, once', async () => {
    const { calls, invoke } = await startPackaged('scheduled', { cloud, env });
    const running = invoke({});
    await vi.waitFor(() => expect(calls().accepted).toBeGreaterThan(10), {
      timeout: 10_000,
      interval: 5,
    });
    replaceKeys(cloud, { secretAccessKey: 'another'.repeat(5) });

    expect(await running).toMatchObject({ ok: true, response: { accepted: 50, failed: 0 } });
    expect(calls().ssm.GetParameters).toBe(2);
  });

  test.each([
    ['a wrong secret', { secretAccessKey: 'canary'.repeat(6) }],
    ['an unknown key', { accessKeyId: 'CANARYCANARYCANARY00' }],
  ])('row 21: %s ends the run after a handful of calls, and says what to do', async (_, wrong) => {
    writeCredentials(cloud, JSON.stringify({ ...cloud.accessKeys, ...wrong }));
    const { calls, invoke, output } = await startPackaged('scheduled', { cloud, env });

    const result = await invoke({});

    expect(result).toMatchObject({
      ok: false,
      error: {
        errorType: 'UnauthorizedError',
        errorMessage: expect.stringMatching(/access key was refused.*enabled.*npm run setup/),
      },
    });
    expect(calls().ddm).toBeLessThanOrEqual(8);
    const printed = output.join('\n') + JSON.stringify(result);
    expect(printed.toLowerCase()).not.toContain('canary');
    expect(printed).not.toContain(cloud.accessKeys.accessKeyId);
  });

  test.each([
    [20, 'behind'],
    [-20, 'ahead of'],
  ])('a clock that is wrong is named: the service is %i minutes ahead', async (minutes, side) => {
    cloud.ddm.clockSkewMs = minutes * 60_000;

    expect(await invoke({})).toMatchObject({
      ok: false,
      error: {
        errorMessage: `The signature was refused: the clock here is 20 minutes ${side} the service's, and a signature is valid for 15; set the clock`,
      },
    });
  });

  test('the secret key does not leave the function, and the session token only in its header', async () => {
    replaceKeys(cloud, { securityToken: 'canary-session-token' });
    const requests: string[] = [];
    const server = await startServer(async (request, response) => {
      requests.push(`${request.url} ${request.rawHeaders.join(' ')} ${await text(request)}`);
      response.end('{}');
    });
    const { invoke } = await startPackaged('scheduled', {
      cloud,
      env: { ...env, DDM_ENDPOINT: server.url },
    });

    await invoke({});

    expect(requests.length).toBeGreaterThan(10);
    for (const request of requests) {
      expect(request).not.toContain(cloud.accessKeys.secretAccessKey);
      expect(request.match(/\S+ canary-session-token/g)).toEqual([
        expect.stringMatching(/^x-security-token /i),
      ]);
    }
  });

  test('row 44: shows neither key nor signature', async () => {
    const faults = { failShare: 0.3, flakyShare: 0.3 };
    const session = await startPackaged('scheduled', {
      instances: 50,
      auth: 'aksk',
      ...faults,
      env: { AUTH_MODE: 'aksk' },
    });
    const results = [await session.invoke({})];
    session.cloud.ddm.clockSkewMs = 3_600_000;
    results.push(await session.invoke({}));

    const printed = session.output.join('\n') + JSON.stringify(results);
    const { accessKeyId, secretAccessKey } = session.cloud.accessKeys;
    expect(session.output.length).toBeGreaterThan(50);
    expect(printed).not.toContain(secretAccessKey);
    expect(printed).not.toContain(accessKeyId);
    expect(printed).not.toMatch(/Signature=|SignedHeaders/);
  });
});

// What cannot be read is not kept, so one process serves them all.
describe('row 23: with credentials that cannot be used', async () => {
  const { calls, cloud, invoke, output } = await sharePackaged('scheduled', {
    instances: 5,
    auth: 'aksk',
    env: { AUTH_MODE: 'aksk' },
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
  ])('%s is refused by name and without its value', async (_, value, problem) => {
    if (value === undefined) cloud.ssm.delete(`${cloud.parameterPrefix}/credentials`);
    else writeCredentials(cloud, value);

    const result = await invoke({});

    expect(result).toMatchObject({ ok: false, error: { errorType: 'ParameterError' } });
    expect(JSON.stringify(result)).toContain(problem);
    expect(JSON.stringify(result) + output.join('')).not.toContain('canary');
    expect(calls().ddm).toBe(0);
  });
});

describe('with a token that rotate-token keeps fresh', () => {
  test('row 20: no instance fails when it is replaced in the middle of a run, and it is re-read once', async () => {
    const env = { SYNC_RATE_PER_SECOND: '400', SYNC_INLINE_MAX: '5000' };
    const { calls, cloud, invoke } = await startPackaged('scheduled', {
      instances: 600,
      latencyMs: 20,
      env,
    });
    const rotate = await startPackaged('rotate-token', { cloud });
    await rotate.invoke({});

    for (let run = 0; run < 2; run += 1) {
      const { accepted } = calls();
      const running = invoke({});
      await vi.waitFor(() => expect(calls().accepted).toBeGreaterThan(accepted + 100), {
        timeout: 10_000,
      });
      const old = [...cloud.iam.tokens];
      expect(await rotate.invoke({})).toMatchObject({ ok: true });
      const before = calls().ssm.GetParameters ?? 0;
      for (const token of old) cloud.iam.tokens.delete(token); // dies at once

      expect(await running).toMatchObject({ response: { accepted: 600, failed: 0 } });
      expect(calls().ssm.GetParameters).toBe(before + 1);
    }
  });

  test('row 22: the run warns when it is about to expire', async () => {
    const cloud = await startTestCloud({ instances: 10 });
    const rotate = await startPackaged('rotate-token', { cloud });
    await rotate.invoke({});
    const name = `${cloud.parameterPrefix}/token-set`;
    const set = JSON.parse(cloud.ssm.value(name) ?? '');
    const expiresAt = new Date(Date.now() + 7 * 3_600_000).toISOString();
    cloud.ssm.put({ name, type: 'SecureString', value: JSON.stringify({ ...set, expiresAt }) });
    const { invoke, lines } = await startPackaged('scheduled', { cloud });

    const result = await invoke({});

    expect(lines().filter(({ level }) => level === 'WARN')).toMatchObject([
      {
        message: 'token expires soon',
        hoursLeft: expect.closeTo(7, 1),
        advice: expect.stringContaining('rotate-token'),
      },
    ]);
    expect(result).toMatchObject({ ok: true, response: { accepted: 10 } });
  });
});
