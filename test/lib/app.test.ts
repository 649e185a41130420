import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Cloud, type CloudOptions, changeQueue, startCloud } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { handler as changed } from '../../functions/changed.ts';
import { type App, createApp, requireNeeds } from '../../lib/app.ts';
import { ownersKey } from '../../lib/aws/owner-store.ts';
import { runSync } from '../../lib/sync/run.ts';
import { rotateToken } from '../../lib/token/rotate.ts';
import { createFakeRunLog, type FakeRunLog } from '../fakes/run-log.ts';
import { deadlineIn } from '../support/deadline.ts';
import { startServer } from '../support/http-server.ts';
import { sample } from '../support/packaged.ts';

// The real dependencies in this process, so that coverage sees them; test/functions has them packaged.
let cloud: Cloud;

async function start(
  options: Partial<CloudOptions> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<App & { readonly log: FakeRunLog }> {
  cloud = await startCloud({ instances: 12, ...options });
  const all = { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '1000', ...env };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
  return { ...createApp(all), log: createFakeRunLog() };
}

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});

afterEach(() => cloud.close());

function sync(app: App, dryRun = false) {
  const request = { runId: 'run-1', trigger: 'schedule', dryRun } as const;
  return runSync(app, request, deadlineIn(60_000, app.clock), []);
}

function rotate(app: App) {
  requireNeeds(app, ['iamEndpoint']);
  return rotateToken(app, deadlineIn(60_000, app.clock));
}

/** Changes when the token in the store expires. */
function expireIn(hours: number): void {
  const name = `${cloud.parameterPrefix}/token-set`;
  const set = JSON.parse(cloud.ssm.value(name) ?? '');
  const expiresAt = new Date(Date.now() + hours * 3_600_000).toISOString();
  cloud.ssm.put({ name, type: 'SecureString', value: JSON.stringify({ ...set, expiresAt }) });
}

function rejected(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => new Error('it worked'),
    (error: Error) => error,
  );
}

describe('rotate-token', () => {
  test('replaces the token, and the next run works with it', async () => {
    const app = await start();
    cloud.iam.tokens.clear();

    const rotation = await rotate(app);
    const { report } = await sync(app);

    expect(rotation).toMatchObject({ rotated: true, parameters: 2 });
    expect(report).toMatchObject({ accepted: 12, failed: 0 });
    expect(app.log.hoursLeft.length).toBe(2);
    expect(app.log.warnings).toEqual([]);
  });

  test('has nothing to do with an access key', async () => {
    const app = await start({ auth: 'aksk' }, { AUTH_MODE: 'aksk' });

    expect(await rotate(app)).toEqual({ rotated: false });
  });

  test.each<[string, (cloud: Cloud) => void, RegExp]>([
    [
      'a wrong password',
      ({ iam, parameterPrefix, ssm }) =>
        ssm.put({
          name: `${parameterPrefix}/credentials`,
          type: 'SecureString',
          value: JSON.stringify({ ...iam.user, password: 'wrong' }),
        }),
      /IAM issued no token after 1 attempt: UNAUTHORIZED.*IAM locks accounts/,
    ],
    [
      'a service that fails',
      ({ iam }) => {
        iam.fault = () => ({ status: 503, body: {} });
      },
      /after 3 attempts/,
    ],
    [
      'a user without the right',
      ({ iam }) => {
        iam.fault = () => ({ status: 403, body: { error_code: 'IAM.0081', error_msg: 'no' } });
      },
      /IAM\.0081 \(HTTP 403\)/,
    ],
    [
      'a token that lives too short',
      ({ iam }) => {
        iam.issue.lifetimeMs = 3_600_000;
      },
      /is valid for (1|0\.99) hours/,
    ],
    [
      'an answer without a token',
      ({ iam }) => {
        iam.fault = () => ({ status: 201, body: {} });
      },
      /X-Subject-Token is empty/,
    ],
    [
      'an answer without an end',
      ({ iam }) => {
        const headers = { 'X-Subject-Token': 'MIIPAgYJKoZIhvcNAQcC' };
        iam.fault = () => ({ status: 201, body: { token: {} }, headers });
      },
      /does not say when the token expires/,
    ],
    [
      'a token that DDM does not take',
      ({ iam }) => {
        iam.tokens.add = () => iam.tokens;
      },
      /DDM refused the new token/,
    ],
    [
      'a parameter store that does not take it',
      ({ ssm }) => {
        ssm.fault = (operation) =>
          operation === 'PutParameter' ? { status: 400, type: 'AccessDeniedException' } : undefined;
      },
      /Writing .* failed: AccessDeniedException; allow ssm:PutParameter/,
    ],
  ])(
    'keeps the old token with %s, and says why',
    async (_, break_, message) => {
      const app = await start();
      const before = [...cloud.ssm.parameters.keys()];
      break_(cloud);

      const error = await rejected(rotate(app));

      expect(error.message).toMatch(message);
      expect(app.log.problems).toMatchObject([{ message: 'token rotation failed' }]);
      expect([...cloud.ssm.parameters.keys()]).toEqual(before);
    },
    20_000,
  );

  test('replaces a valid token only by one that DDM has seen, and one that expires by any', async () => {
    const app = await start();
    const errors: string[] = [];
    for (const [status, hours] of [
      [403, 24],
      [404, 24],
      [500, 24],
      [500, 7],
    ] as const) {
      cloud.ddm.listFault = () => undefined;
      await rotate(app);
      expireIn(hours);
      cloud.ddm.listFault = () => ({ status, body: {} });
      errors.push((await rejected(rotate(app))).message);
    }

    expect(errors).toEqual([
      expect.stringContaining('ddm:instance:list'),
      expect.stringContaining('Check DDM_ENDPOINT and DDM_PROJECT_ID'),
      expect.stringContaining('The next rotation tries again'),
      'it worked',
    ]);
    expect(app.log.warnings).toEqual(['new token not tested: DDM returned an error or no answer']);
  });

  test('takes a new token untested where there is no old one', async () => {
    const app = await start();
    for (const name of [...cloud.ssm.parameters.keys()]) {
      if (name.includes('/token')) cloud.ssm.delete(name);
    }
    cloud.ddm.listFault = () => ({ status: 500, body: {} });

    expect(await rotate(app)).toMatchObject({ rotated: true });
  });

  test.each([
    ['expires soon', 7],
    ['has expired', -1],
  ])('the run warns when the token %s', async (state, hours) => {
    const app = await start();
    await rotate(app);
    expireIn(hours);

    await sync(app, true);

    expect(app.log.warnings).toEqual([`token ${state}`]);
  });
});

describe('with an access key', () => {
  const aksk = { AUTH_MODE: 'aksk' };

  test('the fleet is synced', async () => {
    const app = await start({ auth: 'aksk' }, aksk);

    expect((await sync(app)).report).toMatchObject({ accepted: 12 });
  });

  test('a refused one ends the run, and the clock is named where it is wrong', async () => {
    const app = await start({ auth: 'aksk' }, aksk);
    const { stoppedBy: none } = await sync(app);
    cloud.ddm.clockSkewMs = 3_600_000;
    const { stoppedBy: skewed } = await sync(app);
    cloud.ddm.clockSkewMs = 0;
    Object.assign(cloud.accessKeys, { secretAccessKey: 'x'.repeat(40) });
    const { stoppedBy: refused } = await sync(app);

    expect(none).toBeUndefined();
    expect(String(skewed)).toContain('the clock here is 60 minutes behind');
    expect(String(refused)).toContain('The access key was refused');
  });

  test.each(['{}', 'no JSON', '{"accessKeyId":"a b","secretAccessKey":"c"}'])(
    'credentials that are %o are refused by name',
    async (value) => {
      const app = await start({ auth: 'aksk' }, aksk);
      const name = `${cloud.parameterPrefix}/credentials`;
      cloud.ssm.put({ name, type: 'SecureString', value });

      expect((await rejected(sync(app))).message).toContain(`Parameter ${name} is not usable`);
    },
  );

  test('without credentials it says how to write them', async () => {
    const app = await start({ auth: 'aksk' }, aksk);
    cloud.ssm.delete(`${cloud.parameterPrefix}/credentials`);

    expect((await rejected(sync(app))).message).toContain('npm run setup writes it');
  });
});

describe('with discovery', () => {
  test('the fleet is what the list shows, but for the excluded and those that do not run', async () => {
    const app = await start({}, { DDM_DISCOVERY: 'on' });
    const [a = '', b = ''] = cloud.ddm.instanceIds;
    cloud.ddm.states.set(a, 'CREATING');
    const name = `${cloud.parameterPrefix}/exclude`;
    cloud.ssm.put({ name, type: 'StringList', value: b });

    const { report } = await sync(app);

    expect(report).toMatchObject({ total: 11, accepted: 10, skipped: 1 });
  });

  test('is asked once in five minutes', async () => {
    const app = await start({}, { DDM_DISCOVERY: 'on' });

    await sync(app, true);
    await sync(app, true);

    expect(cloud.ddm.stats().calls).toBe(1);
  });
});

test('a store that cannot be read is named with what to do', async () => {
  const app = await start();
  cloud.ssm.fault = () => ({ status: 400, type: 'AccessDeniedException' });

  const { message } = await rejected(sync(app));

  expect(message).toMatch(/Reading .* failed: AccessDeniedException; allow the function's role/);
});

test('an event goes to the change queue', async () => {
  await start();
  const context = { getRemainingTimeInMillis: () => 15_000, awsRequestId: 'run-1' };

  const result = await changed(sample('changed'), context as never);

  expect(result).toEqual({ enqueued: 1 });
  const dataNodeId = 'c6f68fed9e74478c8679479a07d7d568in01';
  expect(cloud.sqs.messages(changeQueue).map(({ body }) => JSON.parse(body))).toEqual([
    { dataNodeId, changedAt: expect.any(Number), trigger: 'change', runId: 'run-1' },
  ]);
});

test('the owners of data nodes are shared by a bucket', async () => {
  const paths: unknown[] = [];
  const { url } = await startServer(({ url: path }, response) => {
    paths.push(path);
    response.writeHead(404).end();
  });
  const app = await start({}, { OWNERS_BUCKET: 'bucket', AWS_ENDPOINT_URL_S3: url });

  await app.dataNodeOwners.load(new AbortController().signal);

  expect(paths).toEqual([expect.stringContaining(ownersKey)]);
});

test('a function that lacks settings names all of them', async () => {
  const app = await start({}, { CTS_ENDPOINT: '', CHANGE_QUEUE_URL: '' });

  expect(() => requireNeeds(app, ['ctsEndpoint', 'changeQueue', 'syncQueue'])).toThrow(
    'CTS_ENDPOINT is not set: this function needs it; CHANGE_QUEUE_URL is not set: this function needs it',
  );
});
