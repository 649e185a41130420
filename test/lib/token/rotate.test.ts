import { describe, expect, test } from 'vitest';
import type { Parameters } from '../../../lib/aws/parameters.ts';
import { ParameterError } from '../../../lib/errors.ts';
import { type HttpAnswer, type HttpClient, HttpError } from '../../../lib/huawei/http.ts';
import type { Token } from '../../../lib/secret.ts';
import { warnOfExpiry } from '../../../lib/token/expiry.ts';
import { rotateToken } from '../../../lib/token/rotate.ts';
import { createFakeClock } from '../../fakes/clock.ts';
import { answer } from '../../fakes/cts-http.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';

const hour = 3_600_000;
const newToken = 'a-new-token-of-the-test';
const oldToken = 'an-old-token-of-the-test';

interface Given {
  /** IAM's answer to every sign-in; absent: a token for 24 hours. */
  readonly iam?: HttpAnswer | Error;
  /** DDM's answer to the list; absent: an empty one. */
  readonly ddm?: HttpAnswer | Error;
  /** Hours that the old token is valid; a text is the code of the ParameterError. */
  readonly old?: number | 'PARAMETER_INVALID' | 'SSM_UNAVAILABLE';
  readonly env?: Readonly<Record<string, string>>;
  readonly timeMs?: number;
}

interface World {
  readonly app: TestApp;
  readonly written: Required<Token>[];
  /** Paths of the requests. */
  readonly calls: string[];
  readonly open: () => number;
  rotate(): ReturnType<typeof rotateToken>;
}

function issued(validMs: number, at: number): HttpAnswer {
  const body = { token: { expires_at: new Date(at + validMs).toISOString() } };
  return { ...answer(201, body), header: () => newToken };
}

function reply(given: HttpAnswer | Error): HttpAnswer {
  if (given instanceof Error) throw given;
  return given;
}

function createWorld({ ddm, env, iam, old = 24, timeMs = 60_000 }: Given = {}): World {
  const clock = createFakeClock();
  const written: Required<Token>[] = [];
  const calls: string[] = [];
  let open = 0;
  const http = (): HttpClient => {
    open += 1;
    return {
      close: () => {
        open -= 1;
      },
      send: async ({ headers, url }) => {
        const { pathname } = new URL(url);
        calls.push(pathname);
        if (pathname === '/v3/auth/tokens') return reply(iam ?? issued(24 * hour, clock.now()));
        expect(headers?.['X-Auth-Token']).toBe(newToken);
        return reply(ddm ?? answer(200, { instances: [], total_record: 0 }));
      },
    };
  };
  const parameters: Partial<Parameters> = {
    password: async () => ({ domainName: 'd', userName: 'u', password: 'a-secret-password' }),
    refreshSecret: async () => {
      if (typeof old === 'string') throw new ParameterError(old, 'token', 'unreadable');
      return { token: oldToken, expiresAt: clock.now() + old * hour };
    },
    writeToken: async (token) => {
      written.push(token);
      return { parameters: 2 };
    },
  };
  const app = createTestApp({ clock, env: env ?? {}, http, parameters });
  const rotate = () => clock.run(rotateToken(app, deadlineIn(timeMs, clock)));
  return { app, written, calls, open: () => open, rotate };
}

/** Why the rotation failed; nothing was written and no connection is open. */
async function failureOf(given: Given): Promise<string> {
  const world = createWorld(given);
  const error = await world.rotate().catch((reason: unknown) => reason);

  expect(world.written).toEqual([]);
  expect(world.open()).toBe(0);
  expect(error).toBeInstanceOf(Error);
  const { message, name } = error instanceof Error ? error : new Error('none');
  expect(world.app.log.problems).toEqual([
    { message: 'token rotation failed', error: name, reason: message },
  ]);
  return message;
}

test('a token is fetched, tried and written, and its end is told', async () => {
  const { app, calls, open, rotate, written } = createWorld();
  const expiresAt = app.clock.now() + 24 * hour;

  const rotation = await rotate();

  const told = { expiresAt: new Date(expiresAt).toISOString(), hoursLeft: 24, parameters: 2 };
  expect(rotation).toEqual({ rotated: true, ...told });
  expect(written).toEqual([{ token: newToken, expiresAt }]);
  expect(calls).toEqual(['/v3/auth/tokens', '/v1/project/instances']);
  expect(open()).toBe(0);
  expect([app.log.hoursLeft, app.log.warned]).toEqual([[24], []]);
  expect(app.log.notices).toEqual([{ message: 'token rotated', rotated: true, ...told }]);
});

test('with access keys there is nothing to rotate', async () => {
  const { app, calls, rotate } = createWorld({ env: { AUTH_MODE: 'aksk' } });

  expect(await rotate()).toEqual({ rotated: false });
  expect(calls).toEqual([]);
  expect(app.log.warned).toEqual([{ message: 'nothing to rotate: AUTH_MODE is aksk' }]);
});

test('a token must be valid for 12 hours', async () => {
  const at = createFakeClock().now();

  expect(await createWorld({ iam: issued(12 * hour, at) }).rotate()).toMatchObject({
    hoursLeft: 12,
  });
  expect(await failureOf({ iam: issued(12 * hour - 1, at) })).toBe(
    'IAM issued a token that is valid for 11.99 hours, less than 12: check the clock of this machine and the token policy of the account',
  );
});

const support = 'If this continues, open a support ticket with the request time.';
const signIn =
  'Check domainName, userName and password of the credentials parameter, and that the user is not locked. It was not tried again: IAM locks accounts.';
const endpoint =
  'Check IAM_ENDPOINT: it must be the API endpoint of IAM in the region, not a console address.';

describe('a failed sign-in says what to do about the sign-in', () => {
  const refused = (status: number, error_code: string): HttpAnswer =>
    answer(status, { error_code, error_msg: 'Refused.' });
  const worked =
    'The sign-in worked, but its token cannot be used. Check IAM_ENDPOINT and DDM_PROJECT_ID. If they are right, open a support ticket with this message.';

  test.each<[string, HttpAnswer | Error, string]>([
    ['a wrong password', refused(401, 'IAM.0061'), `1 attempt: IAM.0061 (HTTP 401). ${signIn}`],
    [
      'a malformed request',
      refused(400, 'IAM.0011'),
      '1 attempt: IAM.0011 (HTTP 400). Check the credentials parameter and DDM_PROJECT_ID.',
    ],
    [
      'no programmatic access',
      refused(403, 'IAM.0081'),
      '1 attempt: IAM.0081 (HTTP 403). Allow the IAM user programmatic access, and give its group permissions in this project.',
    ],
    [
      'an unknown project',
      refused(404, 'IAM.0004'),
      '1 attempt: IAM.0004 (HTTP 404). Check that DDM_PROJECT_ID is a project of this account, and that IAM_ENDPOINT is of its cloud.',
    ],
    [
      'an IAM that fails',
      refused(500, 'IAM.0999'),
      `3 attempts: IAM.0999 (HTTP 500). The next rotation tries again. ${support}`,
    ],
    ['a web page', answer(200, '<html></html>'), `1 attempt: BAD_RESPONSE (HTTP 200). ${endpoint}`],
    [
      'a 201 without a token',
      answer(201, {}),
      `1 attempt: BAD_RESPONSE (HTTP 201) "X-Subject-Token is empty". ${worked}`,
    ],
    [
      'the token of another project',
      {
        ...answer(201, { token: { expires_at: '2099-01-01T00:00:00Z', project: { id: 'other' } } }),
        header: () => newToken,
      },
      `1 attempt: BAD_RESPONSE (HTTP 201) "the token is for another project". ${worked}`,
    ],
    [
      'an IAM that cannot be reached',
      new HttpError('NETWORK', 'ECONNREFUSED', true),
      '3 attempts: NETWORK "ECONNREFUSED". Check IAM_ENDPOINT, and that the function can reach the internet (VPC, NAT gateway, security group).',
    ],
    [
      'a certificate that is not trusted',
      new HttpError('TLS', 'self-signed certificate', false),
      '1 attempt: TLS "self-signed certificate". The connection may be intercepted. Check IAM_ENDPOINT and any TLS-inspecting proxy before you do anything else.',
    ],
    ['a redirect', answer(302, ''), `1 attempt: REDIRECT_REFUSED (HTTP 302). ${endpoint}`],
  ])('%s', async (_, iam, message) => {
    expect(await failureOf({ iam })).toBe(`IAM issued no token after ${message}`);
  });

  test('and does not wait longer than there is time', async () => {
    const iam = answer(503, { error_code: 'IAM.0999' });
    const patient = createWorld({ iam });
    await patient.rotate().catch(() => undefined);
    const throttling = { ...iam, header: () => '600' };

    expect(patient.calls.length).toBe(3);
    expect(await failureOf({ iam: throttling, timeMs: 30_000 })).toMatch(/^.* after 1 attempt: /);
  });

  test('but what is no failure of IAM is passed on as it is', async () => {
    expect(await failureOf({ iam: new TypeError('a bug') })).toBe('a bug');
  });
});

const kept = ' The old token is still in place.';
const notPassed = "The new token did not pass its test, the first page of DDM's instance list: ";

describe('a new token that DDM did not take', () => {
  test.each<[string, HttpAnswer | Error, string]>([
    [
      'is refused',
      answer(401, { errCode: 'DBS.280008', externalMessage: 'no' }),
      'DDM refused the new token: DBS.280008 (HTTP 401). Check that DDM_PROJECT_ID and IAM_ENDPOINT belong to the same cloud and region as DDM_ENDPOINT.',
    ],
    [
      'may not list',
      answer(403, { error_code: 'IAM.0002', error_msg: 'no' }),
      `${notPassed}IAM.0002 (HTTP 403). Give the IAM user ddm:instance:list in this project. If it must not list, deploy with ROTATION_PROOF=off.`,
    ],
    [
      'is of a project that DDM does not know',
      answer(404, ''),
      `${notPassed}BAD_RESPONSE (HTTP 404). Check DDM_ENDPOINT and DDM_PROJECT_ID.`,
    ],
    [
      'meets a DDM that fails',
      answer(500, { errCode: 'DBS.200412', externalMessage: 'no' }),
      `${notPassed}DBS.200412 (HTTP 500). The next rotation tries again.`,
    ],
    [
      'meets a DDM that does not answer',
      new HttpError('NETWORK', 'ECONNREFUSED', true),
      `${notPassed}NETWORK. The next rotation tries again.`,
    ],
  ])('%s: the old one stays', async (_, ddm, message) => {
    expect(await failureOf({ ddm })).toBe(message + kept);
  });

  const failing = answer(500, { errCode: 'DBS.200412', externalMessage: 'no' });

  test.each<[string, NonNullable<Given['old']>]>([
    ['is valid for less than 8 hours', 7.98],
    ['has expired', -1],
    ['is unusable', 'PARAMETER_INVALID'],
  ])('replaces an old one that %s, where nothing says that it is wrong', async (_, old) => {
    const { app, rotate, written } = createWorld({ ddm: failing, old });

    expect(await rotate()).toMatchObject({ rotated: true });
    expect(written).toMatchObject([{ token: newToken }]);
    expect(app.log.warned).toEqual([
      {
        message: 'new token not tested: DDM returned an error or no answer',
        errCode: 'DBS.200412',
      },
    ]);
  });

  test('never replaces one that is valid for 8 hours, or that cannot be read now', async () => {
    expect(await failureOf({ ddm: failing, old: 8 })).toContain(kept);
    expect(await failureOf({ ddm: failing, old: 'SSM_UNAVAILABLE' })).toBe('unreadable');
  });

  test('is not replaced by a refused one, however old it is', async () => {
    const ddm = answer(403, { error_code: 'IAM.0002', error_msg: 'no' });

    expect(await failureOf({ ddm, old: -1 })).toContain(kept);
  });

  test('is written untested with ROTATION_PROOF=off', async () => {
    const { calls, rotate } = createWorld({ ddm: failing, env: { ROTATION_PROOF: 'off' } });

    expect(await rotate()).toMatchObject({ rotated: true });
    expect(calls).toEqual(['/v3/auth/tokens']);
  });

  test('hides no bug', async () => {
    expect(await failureOf({ ddm: new TypeError('a bug') })).toBe('a bug');
  });
});

test('what could not be removed of the old token is told', async () => {
  const { app } = createWorld();
  const writeToken: Parameters['writeToken'] = async () => ({ leftOver: 'why', parameters: 1 });
  const parameters = { ...app.parameters, writeToken };

  await app.clock.run(rotateToken({ ...app, parameters }, deadlineIn(60_000, app.clock)));

  expect(app.log.warned).toEqual([{ message: 'old token parameters not removed', reason: 'why' }]);
});

describe('the end of a token', () => {
  async function warnOf(secret: Token | { accessKeyId: string; secretAccessKey: string }) {
    const { app } = createWorld();
    const parameters = { ...app.parameters, secret: async () => secret };
    await warnOfExpiry({ ...app, parameters }, 'run-1', deadlineIn(60_000, app.clock));
    return { hours: app.log.hoursLeft, warnings: app.log.warned };
  }
  const { now } = createFakeClock();
  const advice =
    'rotate-token has failed since this token was issued. Look at its last log lines, fix what they name, and invoke it.';

  test.each<[number, string | undefined]>([
    [24, undefined],
    [8, undefined],
    [7.99, 'token expires soon'],
    [0.01, 'token expires soon'],
    [0, 'token has expired'],
    [-2, 'token has expired'],
  ])('in %d hours: %s', async (hoursLeft, message) => {
    const at = now() + hoursLeft * hour;
    const expiresAt = new Date(at).toISOString();

    expect(await warnOf({ token: oldToken, expiresAt: at })).toEqual({
      hours: [hoursLeft],
      warnings: message ? [{ message, runId: 'run-1', expiresAt, hoursLeft, advice }] : [],
    });
  });

  test('is not known of every token, and access keys have none', async () => {
    const nothing = { hours: [], warnings: [] };

    expect(await warnOf({ token: oldToken })).toEqual(nothing);
    expect(await warnOf({ accessKeyId: 'a', secretAccessKey: 's' })).toEqual(nothing);
  });
});
