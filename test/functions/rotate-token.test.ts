import { describe, expect, test } from 'vitest';
import type { Cloud } from '../../emulator/cloud.ts';
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

// test/lib/token/rotate.test.ts has more of them, in process.
describe('a failed rotation keeps the old token, fails and says why', () => {
  test.each<[string, number, IamFault, RegExp]>([
    [
      'a wrong password: IAM locks accounts',
      1,
      keystone(401, 'The password is wrong.'),
      refusedOnce,
    ],
    ['an IAM that throttles', 3, iamError(429, 'IAM.0012'), /after 3 attempts: IAM\.0012/],
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

test('a new token does not replace a valid one while DDM forbids the list that would prove it', async () => {
  await invoke({});

  await expectFailure(
    /^RotationError: .*IAM\.0002 \(HTTP 403\).*ROTATION_PROOF=off.*old token/,
    2,
    ({ ddm }) => {
      ddm.listFault = () => ({ status: 403, body: { error_code: 'IAM.0002', error_msg: 'no' } });
    },
  );
});

test('a new token that DDM did not prove is written, with a warning, where there is none', async () => {
  await invoke({});
  removeToken(cloud);
  cloud.ddm.listFault = () => listFails;

  const result = await invoke({});

  expect(result).toMatchObject({ ok: true, response: { rotated: true } });
  expect(cloud.iam.tokens.has(storedToken(cloud))).toBe(true);
  expect(lines().find(({ level }) => level === 'WARN')).toMatchObject({
    message: 'new token not tested: DDM returned an error or no answer',
    errCode: 'DBS.200412',
  });
});

function removeToken({ parameterPrefix, ssm }: Cloud): void {
  for (const name of [...ssm.parameters.keys()]) {
    if (name.startsWith(`${parameterPrefix}/token`)) ssm.delete(name);
  }
}

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
