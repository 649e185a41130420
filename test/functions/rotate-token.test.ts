import { describe, expect, test } from 'vitest';
import type { Cloud } from '../../emulator/cloud.ts';
import { findClosedPort } from '../support/http-server.ts';
import { sample, sharePackaged, startPackaged } from '../support/packaged.ts';

// It keeps nothing from one invocation to the next.
const { calls, cloud, invoke, lines, output } = await sharePackaged('rotate-token', {
  instances: 20,
});

/** The token as a plain reader of the contract finds it: `token`, or its parts in numeric order. */
function storedToken({ parameterPrefix, ssm }: Cloud): string {
  const whole = ssm.value(`${parameterPrefix}/token`);
  const numberOf = (name: string): number => Number(name.split('/').at(-1));
  const parts = [...ssm.parameters.values()]
    .filter(({ name }) => name.startsWith(`${parameterPrefix}/token/`))
    .sort((a, b) => numberOf(a.name) - numberOf(b.name));
  return whole ?? parts.map(({ value }) => value).join('');
}

function writeCredentials({ parameterPrefix, ssm }: Cloud, value: string): void {
  ssm.put({ name: `${parameterPrefix}/credentials`, type: 'SecureString', value });
}

describe('the packaged rotate-token handler', () => {
  test('replaces the token by a fresh one, split over parameters of the Standard tier', async () => {
    const before = storedToken(cloud);

    const result = await invoke(sample('rotate-token'));

    const after = storedToken(cloud);
    expect(result).toMatchObject({ ok: true, response: { rotated: true, parameters: 2 } });
    expect(after).not.toBe(before);
    expect(cloud.iam.tokens.has(after)).toBe(true);
    expect(lines().map(({ message }) => message)).toContain('token rotated');
  });

  test('says when the token expires: in its answer, its log and its metric', async () => {
    const result = await invoke({});

    const hoursLeft = expect.closeTo(24, 1);
    const response = { hoursLeft, expiresAt: expect.stringMatching(/^20\d\d-.*Z$/) };
    expect(result).toMatchObject({ response });
    expect(lines().find(({ message }) => message === 'token rotated')).toMatchObject(response);
    const metric = lines().find((line) => line._aws !== undefined);
    expect(metric).toMatchObject({
      TokenHoursLeft: hoursLeft,
      service: 'ddm-sync-local',
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: 'ddm-sync',
            Dimensions: [['service']],
            Metrics: [{ Name: 'TokenHoursLeft' }],
          },
        ],
      },
    });
  });

  test('gives the other functions a token to work with, again and again', async () => {
    const scheduled = await startPackaged('scheduled', { cloud });

    for (let rotation = 0; rotation < 4; rotation += 1) {
      cloud.iam.tokens.clear(); // the old one dies at once
      await invoke({});

      expect(await scheduled.invoke({})).toMatchObject({ ok: true, response: { accepted: 20 } });
    }
    expect(scheduled.lines().filter((line) => 'TokenHoursLeft' in line).length).toBe(4);
  });

  test('row 23: takes tokens of 20 and of 32 KB, and refuses what the gateway would not take', async () => {
    const scheduled = await startPackaged('scheduled', { cloud });

    for (const [bytes, parameters] of [
      [15_000, 5],
      [24_576, 8],
    ] as const) {
      cloud.iam.issue.bytes = bytes;
      expect(await invoke({})).toMatchObject({ ok: true, response: { parameters } });
      expect(await scheduled.invoke({})).toMatchObject({ response: { accepted: 20 } });
    }
    cloud.iam.issue.bytes = 24_600;
    const before = storedToken(cloud);

    expect(await invoke({})).toMatchObject({
      ok: false,
      error: { errorType: 'RotationError', errorMessage: expect.stringContaining('longer than') },
    });
    expect(storedToken(cloud)).toBe(before);
  });

  test('encrypts with the key that is configured', async () => {
    const arn = 'arn:aws:kms:eu-central-1:123456789012:key/0b1c2d3e-1111-2222-3333-444455556666';
    const { invoke } = await startPackaged('rotate-token', {
      cloud,
      env: { PARAMETER_KMS_ARN: arn },
    });

    await invoke({});

    const written = [...cloud.ssm.parameters.values()].filter(({ name }) =>
      /\/token(-set|\/1\d)$/.test(name),
    );
    expect(written.length).toBe(3);
    expect(written.every(({ keyId, type }) => keyId === arn && type === 'SecureString')).toBe(true);
  });

  test('has nothing to do with access keys', async () => {
    const env = { AUTH_MODE: 'aksk' };
    const { calls, invoke } = await startPackaged('rotate-token', { cloud, env });

    expect(await invoke({})).toMatchObject({ ok: true, response: { rotated: false } });
    expect(calls().signIns).toBe(0);
  });
});

type IamFault = ReturnType<Cloud['iam']['fault']>;

function keystone(code: number, message: string): IamFault {
  return { status: code, body: { error: { code, title: 'Error', message } } };
}

function iamError(status: number, error_code: string): IamFault {
  return { status, body: { error_code, error_msg: 'Refused.' } };
}

/** The answer to a sign-in for another project. */
const foreignToken: IamFault = {
  status: 201,
  body: { token: { expires_at: '2099-01-01T00:00:00.000000Z', project: { id: 'other' } } },
  headers: { 'X-Subject-Token': 'canary-canary-canary' },
};

/** `message` begins with the type of the error. */
async function expectFailure(message: RegExp, signIns: number, plant: (cloud: Cloud) => void) {
  const before = storedToken(cloud);
  plant(cloud);

  const result = await invoke({});

  const { errorMessage, errorType } = result.ok ? {} : result.error;
  expect(`${errorType}: ${errorMessage}`).toMatch(message);
  expect(storedToken(cloud)).toBe(before);
  expect(calls().signIns).toBe(signIns);
  expect(lines().find((line) => line.message === 'token rotation failed')).toMatchObject({
    level: 'ERROR',
    reason: errorMessage,
  });
  expect(output.join('') + JSON.stringify(result)).not.toContain('canary');
}

const refusedOnce = /after 1 attempt: UNAUTHORIZED \(HTTP 401\).*not tried again/;

// test/lib/app.test.ts has more of them, in process.
describe('a failed rotation keeps the old token, fails and says why', () => {
  test.each<[string, number, IamFault, RegExp]>([
    [
      'a wrong password: IAM locks accounts',
      1,
      keystone(401, 'The password is wrong.'),
      refusedOnce,
    ],
    ['a locked user', 1, iamError(401, 'IAM.0061'), /after 1 attempt: IAM\.0061.*locked/],
    [
      'no programmatic access',
      1,
      iamError(403, 'IAM.0081'),
      /IAM\.0081 \(HTTP 403\).*programmatic/,
    ],
    ['an unknown project', 1, keystone(404, 'Not found.'), /HTTP 404.*DDM_PROJECT_ID/],
    ['an IAM that throttles', 3, iamError(429, 'IAM.0012'), /after 3 attempts: IAM\.0012/],
    ['the token of another project', 1, foreignToken, /another project/],
    [
      'a redirect',
      1,
      { status: 302, body: '', headers: { Location: '/elsewhere' } },
      /REDIRECT_REFUSED/,
    ],
  ])('%s: IAM is asked %i times', async (_, signIns, fault, message) => {
    await expectFailure(new RegExp(`^RotationError: .*${message.source}`), signIns, ({ iam }) => {
      iam.fault = () => fault;
    });
  });

  test('and publishes how long the old one is valid: without runs, nothing else does', async () => {
    await invoke({});
    cloud.iam.fault = () => keystone(401, 'The password is wrong.');

    await invoke({});

    const published = lines().filter((line) => 'TokenHoursLeft' in line);
    expect(published.map((line) => line.TokenHoursLeft)).toEqual([
      expect.closeTo(24, 1),
      expect.closeTo(24, 1),
    ]);
  });

  test('and says why, whatever else it cannot read', async () => {
    const { invoke, lines } = await startPackaged('rotate-token', { cloud });
    cloud.ssm.fault = () => ({ status: 400, type: 'AccessDeniedException' });

    const result = await invoke({});

    expect(result).toMatchObject({ ok: false, error: { errorType: 'ParameterError' } });
    expect(JSON.stringify(result)).toContain('/credentials');
    expect(lines().filter((line) => 'TokenHoursLeft' in line)).toEqual([]);
  });

  test('a token that is valid for less than 12 hours', async () => {
    await expectFailure(/^RotationError: .* is valid for 1[01](\.\d+)? hours/, 1, ({ iam }) => {
      iam.issue.lifetimeMs = 11 * 3_600_000;
    });
  });

  test.each([
    ['{"domainName":"canary-d","userName":"canary-u"}', /\(password missing/],
    [
      '{"accessKeyId":"canary-a","secretAccessKey":"canary-s"}',
      /domainName, userName, password missing/,
    ],
    ['canary-canary', /credentials is not usable/],
  ])('credentials that are %s', async (credentials, message) => {
    await expectFailure(new RegExp(`^ParameterError: .*${message.source}`), 0, (cloud) =>
      writeCredentials(cloud, credentials),
    );
  });

  test('no credentials', async () => {
    const message = /^ParameterError: .*credentials does not exist.*npm run setup/;

    await expectFailure(message, 0, ({ parameterPrefix, ssm }) =>
      ssm.delete(`${parameterPrefix}/credentials`),
    );
  });
});

test('tries again what failed for a moment', async () => {
  let left = 2;
  cloud.iam.fault = () => {
    left -= 1;
    return left >= 0 ? { status: 502, body: 'no' } : undefined;
  };

  expect(await invoke({})).toMatchObject({ ok: true, response: { rotated: true } });
});

/** Nothing says whether the new token works. */
const listFails: ReturnType<Cloud['ddm']['listFault']> = {
  status: 500,
  body: { errCode: 'DBS.200412', externalMessage: 'Server failure.' },
};

describe('a new token that DDM did not prove', () => {
  test.each<[string, ReturnType<Cloud['ddm']['listFault']>, RegExp]>([
    [
      'DDM forbids the list',
      { status: 403, body: { error_code: 'IAM.0002', error_msg: 'no' } },
      /IAM\.0002 \(HTTP 403\).*ddm:instance:list.*ROTATION_PROOF=off/,
    ],
    ['DDM fails', listFails, /DBS\.200412 \(HTTP 500\).*next rotation/],
    ['DDM throttles', { status: 429, body: { error_code: 'APIGW.0308' } }, /APIGW\.0308.*next/],
    [
      'the project is unknown',
      { status: 404, body: '' },
      /BAD_RESPONSE \(HTTP 404\).*DDM_PROJECT_ID/,
    ],
    [
      'a page answers',
      { status: 200, body: '<html></html>' },
      /BAD_RESPONSE \(HTTP 200\).*DDM_ENDPOINT/,
    ],
  ])('does not replace one that is valid: %s', async (_, fault, message) => {
    await invoke({});

    await expectFailure(
      new RegExp(`^RotationError: .*${message.source}.*old token`),
      2,
      (cloud) => {
        cloud.ddm.listFault = () => fault;
      },
    );
  });

  test.each<[string, (cloud: Cloud) => void]>([
    ['is valid for less than 8 more hours', (cloud) => expireIn(cloud, 7.9)],
    ['has expired', (cloud) => expireIn(cloud, -1)],
    ['does not exist', removeToken],
  ])('is written, with a warning, if the old one %s', async (_, age) => {
    await invoke({});
    age(cloud);
    const before = storedToken(cloud);
    cloud.ddm.listFault = () => listFails;

    const result = await invoke({});

    expect(result).toMatchObject({ ok: true, response: { rotated: true } });
    expect(storedToken(cloud)).not.toBe(before);
    expect(lines().find(({ level }) => level === 'WARN')).toMatchObject({
      message: 'new token not tested: DDM returned an error or no answer',
      errCode: 'DBS.200412',
    });
  });

  test('is not written if DDM refused it, however old the other one is', async () => {
    await invoke({});
    expireIn(cloud, 1);

    await expectFailure(/^RotationError: .*IAM\.0002/, 2, ({ ddm }) => {
      ddm.listFault = () => ({ status: 403, body: { error_code: 'IAM.0002', error_msg: 'no' } });
    });
  });
});

function expireIn({ parameterPrefix, ssm }: Cloud, hours: number): void {
  const name = `${parameterPrefix}/token-set`;
  const set = JSON.parse(ssm.value(name) ?? '');
  const expiresAt = new Date(Date.now() + hours * 3_600_000).toISOString();
  ssm.put({ name, type: 'SecureString', value: JSON.stringify({ ...set, expiresAt }) });
}

function removeToken({ parameterPrefix, ssm }: Cloud): void {
  for (const name of [...ssm.parameters.keys()]) {
    if (name.startsWith(`${parameterPrefix}/token`)) ssm.delete(name);
  }
}

describe('the advice of a failed sign-in is about the sign-in', () => {
  test.each<[string, IamFault, RegExp]>([
    ['a 201 without a token', { status: 201, body: {} }, /sign-in worked/],
    ['the token of another project', foreignToken, /another project.*sign-in worked/],
    ['a page with status 200', { status: 200, body: '<html></html>' }, /Check IAM_ENDPOINT/],
    ['a redirect', { status: 302, body: '' }, /Check IAM_ENDPOINT/],
    ['a failure', { status: 500, body: '' }, /next rotation tries again/],
  ])('%s', async (_, fault, advice) => {
    cloud.iam.fault = () => fault;

    const result = await invoke({});

    const message = result.ok ? '' : result.error.errorMessage;
    expect(message).toMatch(advice);
    expect(message).not.toMatch(/sync|instance|DDM_ENDPOINT|DDM_API_VERSION|SYNC_/);
  });

  test('an IAM that cannot be reached', async () => {
    const env = { IAM_ENDPOINT: `http://127.0.0.1:${await findClosedPort()}` };
    const { invoke } = await startPackaged('rotate-token', { cloud, env });

    const result = await invoke({});

    const message = result.ok ? '' : result.error.errorMessage;
    expect(message).toMatch(/after 3 attempts: NETWORK.*Check IAM_ENDPOINT/);
    expect(message).not.toMatch(/DDM_ENDPOINT/);
  });
});

test('ROTATION_PROOF=off makes no call to DDM', async () => {
  const env = { ROTATION_PROOF: 'off' };
  const { calls, invoke } = await startPackaged('rotate-token', { cloud, env });

  expect(await invoke({})).toMatchObject({ ok: true, response: { rotated: true } });

  expect(calls().ddm).toBe(0);
});

test('tells of old parameters that it could not remove', async () => {
  cloud.ssm.fault = (operation) =>
    operation === 'DeleteParameters' ? { status: 400, type: 'AccessDeniedException' } : undefined;

  expect(await invoke({})).toMatchObject({ ok: true });
  expect(lines().find(({ level }) => level === 'WARN')).toMatchObject({
    message: 'old token parameters not removed',
    reason: expect.stringContaining('ssm:DeleteParameters'),
  });
});

test('row 44: shows neither token nor password, whatever IAM answers', async () => {
  const { domainName, userName } = cloud.iam.user;
  const password = 'canary"passwörd\\1';
  writeCredentials(cloud, JSON.stringify({ domainName, userName, password }));
  const results: unknown[] = [await invoke({})];
  for (const status of [200, 201, 400, 401, 403, 500]) {
    const message = `You said {"password":${JSON.stringify(password)}}, that is ${password}`;
    cloud.iam.fault = () => ({
      status,
      body: { error: { message } },
      headers: { 'X-Subject-Token': 'canary-token-canary-token' },
    });
    results.push(await invoke({}));
  }
  cloud.iam.fault = () => undefined;
  writeCredentials(cloud, JSON.stringify(cloud.iam.user));
  results.push(await invoke({}));

  const printed = output.join('\n') + JSON.stringify(results);
  expect(results.at(-1)).toMatchObject({ ok: true });
  expect(printed).not.toContain('canary');
  expect(printed).not.toContain('passw\u00f6rd');
  expect(printed).not.toContain(cloud.iam.user.password);
  expect(printed).not.toContain(storedToken(cloud).slice(0, 24));
});

test('row 44: shows no password in another spelling, whatever IAM answers', async () => {
  const { domainName, userName } = cloud.iam.user;
  const password = 'Summer  canary/"pässwörd" <1>\t%2';
  const json = JSON.stringify(password).slice(1, -1);
  const spellings = [
    password,
    password.replace(/\s+/g, ' '),
    password.toLowerCase(),
    password.toUpperCase(),
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', '\\/'),
    json.replace(/[ä-ö]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`),
    encodeURIComponent(password),
    encodeURIComponent(password).replaceAll('%20', '+'),
    password.replaceAll('"', '&quot;').replaceAll('ä', '&auml;').replaceAll('<', '&lt;'),
    password.replace(/[ä-ö]/g, (letter) => `&#${letter.charCodeAt(0)};`),
    [...password].join(' '),
  ];
  writeCredentials(cloud, JSON.stringify({ domainName, userName, password }));
  const results: unknown[] = [];
  for (const [index, spelling] of spellings.entries()) {
    const status = [400, 401, 403, 404][index % 4] ?? 400;
    const message = `Invalid password ${spelling}`;
    cloud.iam.fault = () => ({
      status,
      body: { error: { code: status, message, title: message } },
    });
    results.push(await invoke({}));
    cloud.iam.fault = () => ({ status, body: { error_code: 'IAM.0001', error_msg: message } });
    results.push(await invoke({}));
  }

  const printed = (output.join('\n') + JSON.stringify(results)).replace(/\s/g, '').toLowerCase();
  expect(results.length).toBe(26);
  for (const part of ['summer', 'canary', 'sswörd', 'sw\\u00f6rd', 'invalidpassword']) {
    expect(printed).not.toContain(part);
  }
});

test('row 44: shows no password that looks like an error code', async () => {
  const { domainName, userName } = cloud.iam.user;
  writeCredentials(cloud, JSON.stringify({ domainName, userName, password: 'Canary.2024' }));
  cloud.iam.fault = () => ({ status: 400, body: { error_code: 'CANARY.2024', error_msg: 'no' } });

  const result = await invoke({});

  expect((output.join('\n') + JSON.stringify(result)).toLowerCase()).not.toContain('canary');
  expect(result).toMatchObject({ error: { errorMessage: expect.stringContaining('HTTP 400') } });
});
