import type { Context } from 'aws-lambda';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type CloudOptions, startCloud } from '../../../emulator/cloud.ts';
import { handler } from '../../../functions/scheduled.ts';
import { type App, createApp } from '../../../lib/app.ts';
import type { Fleet } from '../../../lib/aws/instance-list.ts';
import { systemClock } from '../../../lib/clock.ts';
import { runSync } from '../../../lib/sync/run.ts';
import { answer } from '../../fakes/cts-http.ts';
import { createFakeRunLog } from '../../fakes/run-log.ts';
import { createTestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { instanceIds } from '../../support/instances.ts';

const credentials = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** The embedded cloud, with the SDK's settings in this process' environment. */
async function start(options: CloudOptions) {
  const cloud = await startCloud(options);
  onTestFinished(() => cloud.close());
  const sdk = { ...credentials, AWS_ENDPOINT_URL_SSM: cloud.ssm.endpoint };
  for (const [name, value] of Object.entries(sdk)) vi.stubEnv(name, value);
  const env = {
    DDM_ENDPOINT: cloud.ddm.endpoint,
    DDM_PROJECT_ID: cloud.projectId,
    PARAMETER_PREFIX: cloud.parameterPrefix,
    SYNC_RATE_PER_SECOND: '1000',
  };
  return { cloud, env };
}

const request = {
  runId: 'run-1',
  trigger: 'schedule',
  dryRun: false,
} as const;

async function sync(app: App, { dryRun = false, totalMs = 60_000 } = {}) {
  using deadline = deadlineIn(totalMs, systemClock);
  return await runSync(app, { ...request, dryRun }, deadline, []);
}

describe('a run', () => {
  test('reads list and token, calls DDM, and counts every instance', async () => {
    const { cloud, env } = await start({ instances: 150, failShare: 0.1 });
    const log = createFakeRunLog();

    const { report, stoppedBy } = await sync({ ...createApp(env), log });

    expect(stoppedBy).toBeUndefined();
    expect(report).toMatchObject({ total: 150, accepted: 135, failed: 15 });
    expect(log.outcomes.length).toBe(150);
    expect(log.reports).toEqual([report]);
    expect(cloud.ddm.stats().accepted).toBe(135);
  });

  test('calls nothing when it is dry, but needs list and token all the same', async () => {
    const { cloud, env } = await start({ instances: 5 });
    const app = { ...createApp(env), log: createFakeRunLog() };

    const { report } = await sync(app, { dryRun: true });
    for (const part of [1, 2]) cloud.ssm.delete(`${cloud.parameterPrefix}/token/${part}`);
    const fresh = { ...createApp(env), log: createFakeRunLog() };

    expect(report).toMatchObject({ total: 5, skipped: 5, attempts: 0 });
    await expect(sync(fresh, { dryRun: true })).rejects.toThrow(/token does not exist/);
    expect(cloud.ddm.stats().calls).toBe(0);
  });

  test('warns about an empty list, duplicates and malformed ids', async () => {
    const { cloud, env } = await start({ instances: 0 });
    const name = `${cloud.parameterPrefix}/instances`;
    const empty = createFakeRunLog();
    const untidy = createFakeRunLog();

    await sync({ ...createApp(env), log: empty });
    cloud.ssm.put({ name, type: 'String', value: 'nonsense,nonsense' });
    const { report } = await sync({ ...createApp(env), log: untidy });

    expect(empty.warnings).toEqual(['no instances to sync: the list is empty']);
    expect(untidy.warnings).toEqual(['duplicate instance ids ignored']);
    expect(report.errCodes).toEqual({ INVALID_INSTANCE_ID: 1 });
  });

  test('row 21: is stopped when the store has no newer token', async () => {
    const { cloud, env } = await start({ instances: 50 });
    cloud.iam.tokens.clear();

    const { report, stoppedBy } = await sync({ ...createApp(env), log: createFakeRunLog() });

    expect(String(stoppedBy)).toContain('the parameter store has no newer one');
    expect(report.failed).toBe(50);
    expect(cloud.ddm.stats().calls).toBe(4);
  });

  test('row 19: is stopped when the token is refused and the store cannot be read', async () => {
    const { cloud, env } = await start({ instances: 50 });
    const app = { ...createApp(env), log: createFakeRunLog() };
    await app.parameters.fleet(new AbortController().signal);
    await app.parameters.secret(new AbortController().signal);
    cloud.iam.tokens.clear();
    cloud.ssm.fault = () => ({ status: 400, type: 'AccessDeniedException' });

    const { stoppedBy } = await sync(app);

    expect(stoppedBy).toMatchObject({ cause: { code: 'SSM_UNAVAILABLE' } });
  });

  test('row 41: leaves no rejection unhandled and no timer behind', async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listen);
    onTestFinished(() => void process.off('unhandledRejection', listen));
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const { cloud, env } = await start({ instances: 30, failShare: 0.3, flakyShare: 0.3 });
    const app = { ...createApp(env), log: createFakeRunLog() };
    const before = timers();

    await sync(app);
    await cloud.ddm.close();
    await sync(app, { totalMs: 6_000 });

    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(unhandled).toEqual([]);
    expect(timers()).toBeLessThanOrEqual(before + 1);
  });
});

test('the handler builds its App once, from the environment', async () => {
  const { cloud, env } = await start({ instances: 10 });
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const context = {
    awsRequestId: 'request-1',
    functionName: 'scheduled',
    getRemainingTimeInMillis: () => 60_000,
  } as Context;

  const first = await handler({}, context);
  cloud.iam.tokens.clear();
  const second = handler({ detail: '{}' }, context);

  expect(first).toMatchObject({ runId: 'request-1', accepted: 10 });
  await expect(second).rejects.toThrow(/token was refused/);
  expect(cloud.ssm.calls.get('GetParameters')).toBe(2);
});

test('the system clock sleeps, and wakes up early when told to', async () => {
  const cancel = new AbortController();
  const startedAt = systemClock.monotonic();

  await systemClock.sleep(20);
  const slept = systemClock.monotonic() - startedAt;
  const long = systemClock.sleep(60_000, cancel.signal);
  cancel.abort();
  await long;
  await systemClock.sleep(60_000, cancel.signal);

  expect(slept).toBeGreaterThanOrEqual(19);
  expect(systemClock.monotonic() - startedAt).toBeLessThan(1_000);
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
});

describe('some instances of the fleet', () => {
  const [running = '', other = '', stopped = '', idle = ''] = instanceIds(4);
  const fleet = {
    ...{ instanceIds: [running, other], malformed: ['no-id'], duplicates: 2 },
    notRunning: [
      { instanceId: stopped, state: 'BACKUP' },
      { instanceId: idle, state: 'SHUTDOWN' },
    ],
    names: new Map([[running, 'shop-01']]),
  };

  function open(given: Fleet = fleet, { env = {}, broken = '' } = {}) {
    const calls: string[] = [];
    const app = createTestApp({
      env,
      parameters: { fleet: async () => given },
      http: () => ({
        close: () => {},
        send: async ({ url }) => {
          calls.push(url);
          const instanceId = /instances\/(\w+)\//.exec(url)?.[1];
          if (instanceId === broken) return answer(400, { errCode: 'DBS.280001' });
          return answer(200, { instanceId, jobId: 'job-1' });
        },
      }),
    });
    const run = (instanceIds?: readonly string[]) =>
      app.clock.run(runSync(app, { ...request, instanceIds }, deadlineIn(60_000, app.clock), []));
    return { app, calls, run };
  }

  test('are called if they run, once, and skipped with the reason if they do not', async () => {
    const { app, calls, run } = open();

    const { report } = await run([running, stopped, running]);

    expect(report).toMatchObject({ total: 2, accepted: 1, skipped: 1, failed: 0 });
    expect(calls.length).toBe(1);
    expect(app.log.outcomes).toMatchObject([
      {
        instanceId: stopped,
        status: 'skipped',
        externalMessage: 'the instance is in state BACKUP',
      },
      { instanceId: running, instanceName: 'shop-01', status: 'accepted' },
    ]);
    expect(app.log.warned).toEqual([]);
  });

  test('and all others of the list are what a share of errors is counted from', async () => {
    const env = { SYNC_MAX_ERRORS: '40%', SYNC_CONCURRENCY: '1' }; // two of five
    const { run } = open(fleet, { env, broken: running });

    const { report, stoppedBy } = await run();

    expect(stoppedBy).toBeUndefined();
    expect(report).toMatchObject({ total: 5, accepted: 1, failed: 2, skipped: 2 });
  });

  test('must be of the fleet: nothing is called otherwise', async () => {
    const { calls, run } = open();
    const foreign = `${'f'.repeat(32)}in09`;

    await expect(run([running, foreign])).rejects.toMatchObject({
      instanceIds: [foreign],
    });
    expect(calls).toEqual([]);
  });

  test('none of them: all are, and the entries that are no ids have failed', async () => {
    const { app, calls, run } = open();

    const { report } = await run();

    expect(report).toMatchObject({ total: 5, accepted: 2, skipped: 2, failed: 1 });
    expect(calls.length).toBe(2);
    const failed = app.log.outcomes.find(({ status }) => status === 'failed');
    expect(failed).toMatchObject({ instanceId: 'no-id', errCode: 'INVALID_INSTANCE_ID' });
    const parameterName = '/ddm-sync/test/instances';
    expect(app.log.warned).toEqual([
      { message: 'duplicate instance ids ignored', parameterName, duplicates: 2, runId: 'run-1' },
    ]);
  });

  test.each<[string, Partial<Fleet>, boolean]>([
    ['nothing', {}, true],
    ['one that does not run', { notRunning: fleet.notRunning }, false],
    ['one that is no id', { malformed: ['no-id'] }, false],
    [
      'as many of one kind as of another',
      { notRunning: fleet.notRunning, malformed: ['a', 'b'] },
      false,
    ],
  ])('a list of %s is told as empty only if it is', async (_, given, isEmpty) => {
    const empty = { instanceIds: [], malformed: [], duplicates: 0, notRunning: [] };
    const { app, run } = open({ ...empty, ...given });

    await run();

    const message = 'no instances to sync: the list is empty';
    const parameterName = '/ddm-sync/test/instances';
    expect(app.log.warned).toEqual(isEmpty ? [{ message, parameterName, runId: 'run-1' }] : []);
  });
});
