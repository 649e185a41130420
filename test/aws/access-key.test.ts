import { afterAll, describe, expect, inject, test } from 'vitest';
import { startCloud } from '../../emulator/cloud.ts';
import { sample } from '../support/packaged.ts';
import { openDeployment } from './functions.ts';
import { openParameters } from './parameters.ts';
import { notAllowed, notUsed } from './privileges.ts';

// The same for AUTH_MODE=aksk and DDM_DISCOVERY=on, which change what the functions read.
const stack = inject('canary');
const cloud = await startCloud({ instances: 130, jobMs: 50 });
const parameters = openParameters(inject('moto'), '/ddm-sync/canary');
const { calls, close, count, drain, invoke } = await openDeployment(stack, cloud);
const [firstId = '', secondId = ''] = cloud.ddm.instanceIds;

afterAll(async () => {
  await close();
  await cloud.close();
});

function post(body: object) {
  return { ...sample('http'), body: JSON.stringify(body) };
}

describe('with an access key and discovery', () => {
  test('a run syncs what the service lists, without what is excluded', async () => {
    await parameters.put('credentials', JSON.stringify(cloud.accessKeys));
    await parameters.putList('exclude', [firstId]);

    const result = await invoke('scheduled', {}, { SYNC_INLINE_MAX: '100' });

    expect(result).toMatchObject({ ok: true, response: { accepted: 100, queued: 29 } });
  });

  test('a worker syncs the rest, and a change', async () => {
    const event = { ...sample('changed'), 'detail-type': 'DDM Instance Changed' };
    await invoke('changed', { ...event, detail: { instanceId: secondId } });

    await drain('SyncQueue', 'worker');

    expect(await count('SyncQueue')).toBe(0);
    expect(await count('ChangeQueue')).toBe(1);
  });

  test('a list of excluded instances may be in two parameters', async () => {
    const others = Array.from(
      { length: 120 },
      (_, index) => `${String(index).padStart(32, '0')}in09`,
    );
    await parameters.remove('exclude');
    await parameters.putList('exclude', [firstId, ...others]);

    const run = await invoke('scheduled', { dryRun: true });
    const onDemand = await invoke('http', post({}), { SYNC_INLINE_MAX: '100' });
    await drain('SyncQueue', 'worker');

    expect(run).toMatchObject({ ok: true, response: { total: 129 } });
    expect(onDemand).toMatchObject({ ok: true, response: { statusCode: 202 } });
    expect(await count('SyncQueue')).toBe(0);
  });

  test('the other functions work, and rotate-token has nothing to do', async () => {
    const onDemand = await invoke('http', post({ dryRun: true }));
    const watched = await invoke('watch', {});
    const rotated = await invoke('rotate-token', {});
    await drain('FollowQueue', 'follow');

    expect(onDemand).toMatchObject({ ok: true, response: { statusCode: 200 } });
    expect(watched).toMatchObject({ ok: true });
    expect(rotated).toMatchObject({ ok: true, response: { rotated: false } });
    expect(await count('FollowQueue')).toBe(0);
  });

  test('the roles allow everything that the functions did', () => {
    expect(calls().length).toBeGreaterThan(20);
    expect(notAllowed(stack, calls())).toEqual([]);
  });

  test('the roles allow no other parameter', () => {
    const parameters = notUsed(stack, calls()).filter((permission) => permission.includes(' ssm:'));

    expect(parameters).toEqual([]);
  });
});
