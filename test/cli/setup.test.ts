import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeHelp, OptionError, parseOptions } from '../../cli/options.ts';
import { explainSignIn } from '../../cli/setup/explain.ts';
import { collectAnswers, setupCommand } from '../../cli/setup/options.ts';
import type { Cloud } from '../../emulator/cloud.ts';
import { findClosedPort } from '../support/http-server.ts';
import { instanceIds } from '../support/instances.ts';
import { startPackaged } from '../support/packaged.ts';
import { temporaryFolder } from '../support/process.ts';
import {
  allFlags,
  aws,
  bare,
  type Environment,
  environment,
  everySecret,
  flagsFor,
  listNames,
  openCloud,
  openSetUp,
  runSetUp,
  setUpAll,
  spawnSetUp,
  stored,
  wholeEnvironment,
} from '../support/setup.ts';
import { keys, type Terminal } from '../support/terminal.ts';

async function expectAccepted(
  cloud: Cloud,
  accepted: number,
  authMode: 'token' | 'aksk' = 'token',
): Promise<void> {
  const scheduled = await startPackaged('scheduled', {
    cloud,
    instances: 0,
    env: { AUTH_MODE: authMode },
  });
  const result = await scheduled.invoke({});
  expect(result).toMatchObject({ ok: true, response: { total: accepted, accepted } });
}

/** What is set in the file of a stage. */
function readSettings(cwd: string, stage: string) {
  return parseEnv(readFileSync(join(cwd, `stages/${stage}.env`), 'utf8'));
}

function expectNoSecret(cloud: Cloud, printed: string): void {
  for (const secret of everySecret(cloud)) expect(printed).not.toContain(secret);
}

describe('the service types that watch looks at', () => {
  const typesOf = async (types: string, fault?: { status: number; body: object }) => {
    const cloud = await openCloud();
    if (fault) cloud.cts.fault = () => fault;
    const run = await runSetUp({
      ...{ cloud, args: allFlags(cloud) },
      env: { WATCH_SERVICE_TYPES: types },
    });
    expectNoSecret(cloud, run.stdout);
    return run.stdout.split('\n').filter((line) => line.startsWith('Warning: '));
  };

  test('are fine if CTS knows them', async () => {
    expect(await typesOf('')).toEqual([]);
  });

  test('lead to a warning each if CTS does not know them, or none of their operations', async () => {
    expect(await typesOf('RDS,GaussDB(for MySQL),ECS')).toEqual([
      'Warning: CTS knows no service type "GaussDB(for MySQL)", so watch will not see its changes. Types of data nodes that it knows: RDS, GaussDB. Set WATCH_SERVICE_TYPES.',
      expect.stringContaining('CTS knows the service type "ECS", but none of the operations'),
    ]);
  });

  test('lead to a warning if CTS does not tell which ones it knows, as on Open Telekom Cloud', async () => {
    const fault = { status: 404, body: { error_code: 'APIGW.0101', error_msg: 'no such API' } };

    expect(await typesOf('RDS', fault)).toEqual([
      expect.stringMatching(/CTS does not tell which service types it knows .*APIGW.0101/),
    ]);
  });
});
/** The parameter `instances`: ids and the names of the embedded cloud. */
function listOf(ids: readonly string[]): string {
  return ids.map((id) => `${id} ddm-${id.slice(0, 8)}`).join(',');
}

describe('npm run setup with flags', () => {
  test('writes list, credentials and a first token, and the service works at once', async () => {
    const cloud = await openCloud();

    const cwd = temporaryFolder();
    const { status, stderr, stdout } = await spawnSetUp(
      allFlags(cloud),
      wholeEnvironment(cloud),
      cwd,
    );

    expect([status, stderr]).toEqual([0, '']);
    expect(stored(cloud, 'instances')).toMatchObject({
      type: 'StringList',
      value: listOf(cloud.ddm.instanceIds),
    });
    const credentials = stored(cloud, 'credentials');
    expect(credentials?.type).toBe('SecureString');
    expect(JSON.parse(credentials?.value ?? '')).toEqual(cloud.iam.user);
    expect(stored(cloud, 'token-set')?.type).toBe('SecureString');
    expect(stdout).toMatch(/reads 6 instances and a token that is valid for 24 hours/);
    expect(stdout).toContain('Written: stages/prod.env\n');
    expect(stdout).toContain('Set up. Next:\n  npm run deploy -- --stage prod\n');
    expect(readSettings(cwd, 'prod')).toEqual({
      DDM_ENDPOINT: cloud.ddm.endpoint,
      IAM_ENDPOINT: cloud.iam.endpoint,
      DDM_PROJECT_ID: cloud.projectId,
      PARAMETER_PREFIX: '/ddm-sync/local',
      AUTH_MODE: 'token',
      AWS_REGION: 'eu-central-1',
    });
    expectNoSecret(cloud, readFileSync(join(cwd, 'stages/prod.env'), 'utf8'));
    expectNoSecret(cloud, stdout);
    await expectAccepted(cloud, 6);
  });

  test('writes an access key and some of the instances, and the AUTH_MODE of the stage', async () => {
    const cloud = await openCloud();
    const cwd = temporaryFolder();
    const [first = '', , third = ''] = cloud.ddm.instanceIds;
    const args = [...flagsFor(cloud, 'aksk'), '--instances', `${third}, ${first},${first}`];

    const { refusal, stdout } = await runSetUp({ cloud, args, cwd });

    expect(refusal).toBeUndefined();
    expect(stored(cloud, 'instances')?.value).toBe(listOf([third, first]));
    expect(JSON.parse(stored(cloud, 'credentials')?.value ?? '')).toEqual(cloud.accessKeys);
    expect(stored(cloud, 'token-set')).toBeUndefined();
    expect(cloud.iam.signIns()).toBe(0);
    expect(readSettings(cwd, 'prod').AUTH_MODE).toBe('aksk');
    expectNoSecret(cloud, stdout);
    await expectAccepted(cloud, 2, 'aksk');
  });

  test('says names and types before it writes, and takes the prefix of the stage', async () => {
    const cloud = await openCloud();
    const flags = flagsFor(cloud, 'aksk').filter(
      (flag) => flag !== '--prefix' && flag !== cloud.parameterPrefix,
    );

    const cwd = temporaryFolder();
    const { stdout } = await runSetUp({
      cloud,
      args: [...flags, '--instances', 'all', '--stage', 'test', '--alarm-email', 'a@b.example'],
      cwd,
    });

    expect(stdout).toMatch(/\/ddm-sync\/test\/instances +StringList +6 instances\n/);
    expect(stdout).toMatch(
      /\/credentials +SecureString +accessKeyId, secretAccessKey\n[\s\S]*Written/,
    );
    expect(stdout).toContain('npm run deploy -- --stage test');
    expect(readSettings(cwd, 'test')).toMatchObject({
      PARAMETER_PREFIX: '/ddm-sync/test',
      ALARM_EMAIL: 'a@b.example',
    });
    expect(cloud.ssm.value('/ddm-sync/test/instances')).toBeDefined();
  });

  test('keeps what a person wrote into the file of the stage, and says what changes', async () => {
    const cloud = await openCloud();
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'stages'));
    const own = '# ours\nSYNC_RATE_PER_SECOND=5\nDDM_PROJECT_ID=former\n# AUTH_MODE=aksk\n';
    writeFileSync(join(cwd, 'stages/prod.env'), own);

    const { stdout } = await runSetUp({
      cloud,
      args: allFlags(cloud),
      cwd,
      env: { AWS_PROFILE: 'company' },
    });

    const text = readFileSync(join(cwd, 'stages/prod.env'), 'utf8');
    expect(text).toMatch(
      /^# ours\nSYNC_RATE_PER_SECOND=5\nDDM_PROJECT_ID=(?!former).*\nAUTH_MODE=token\n/,
    );
    expect(readSettings(cwd, 'prod').AWS_PROFILE).toBe('company');
    expect(stdout).toContain(`  DDM_PROJECT_ID ${cloud.projectId} (so far former)\n`);
    expect(stdout).not.toContain('SYNC_RATE');
  });

  test('writes to the region, and with the key, that the file of the stage names', async () => {
    const cloud = await openCloud();
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'stages'));
    const kmsArn = 'arn:aws:kms:eu-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const settings = `AWS_REGION=eu-north-1\nPARAMETER_KMS_ARN=${kmsArn}\n`;
    writeFileSync(join(cwd, 'stages/prod.env'), settings);

    const { status, stdout } = await spawnSetUp(allFlags(cloud), wholeEnvironment(cloud), cwd);

    expect(status).toBe(0);
    expect(stdout).toContain('Parameters in SSM Parameter Store, eu-north-1:');
    expect(readSettings(cwd, 'prod')).toMatchObject({
      AWS_REGION: 'eu-north-1',
      PARAMETER_KMS_ARN: kmsArn,
    });
  });

  test('warns of an access key for Open Telekom Cloud, which documents only tokens', async () => {
    const cloud = await openCloud();

    const otc = await runSetUp({ cloud, args: [...allFlags(cloud, 'aksk'), '--cloud', 'otc'] });
    const huawei = await runSetUp({
      cloud,
      args: [...allFlags(cloud, 'aksk'), '--cloud', 'huawei'],
    });

    expect(otc.stdout).toContain('Warning: Open Telekom Cloud documents only tokens for DDM');
    expect(huawei.stdout).not.toContain('Warning');
  });

  test("writes the domain of a partner's cloud into the file of the stage", async () => {
    const cloud = await openCloud();
    const cwd = temporaryFolder();
    const other = ['--cloud', 'other', '--domain', 'Prod-Cloud-Ocb.orange-business.com'];

    await runSetUp({ cloud, args: [...allFlags(cloud), ...other], cwd });

    expect(readSettings(cwd, 'prod').CLOUD_DOMAINS).toBe('prod-cloud-ocb.orange-business.com');
  });

  test('splits a long list, and removes what was there in the other form', async () => {
    const cloud = await openCloud({ instances: 250 });
    const some = cloud.ddm.instanceIds.slice(0, 3).join(',');
    const write = (ids: string) =>
      runSetUp({ cloud, args: [...flagsFor(cloud, 'aksk'), '--instances', ids] });

    await write(some);
    expect(listNames(cloud)).toEqual(['instances']);

    const whole = await setUpAll(cloud, 'aksk');
    expect(whole.stdout).toMatch(/\/instances +removed/);
    const parts = [1, 2, 3, 4].map((part) => `instances/${part}`);
    expect(listNames(cloud)).toEqual(parts);
    await expectAccepted(cloud, 250, 'aksk');

    const two = cloud.ddm.instanceIds.slice(0, 100).join(',');
    await write(two);
    expect(listNames(cloud)).toEqual(['instances/1', 'instances/2']);

    await write(some);
    expect(listNames(cloud)).toEqual(['instances']);
    await expectAccepted(cloud, 3, 'aksk');
  }, 60_000);

  test('replaces parameters of another type, and a token that was written by hand', async () => {
    const cloud = await openCloud();
    const put = (name: string, type: 'String' | 'SecureString', value: string): void =>
      cloud.ssm.put({ name: `${cloud.parameterPrefix}/${name}`, type, value });
    put('instances', 'String', '[]');
    put('credentials', 'String', '{}');
    put('token', 'SecureString', 'a-token-from-yesterday');

    const { refusal, stdout } = await setUpAll(cloud);

    expect(refusal).toBeUndefined();
    expect(stored(cloud, 'instances')?.type).toBe('StringList');
    expect(stored(cloud, 'credentials')?.type).toBe('SecureString');
    expect(stored(cloud, 'token')).toBeUndefined();
    expect(stdout).toMatch(
      /6 instances \(replaces the one that is there, which has another type\)/,
    );
    expect(stdout).not.toContain('yesterday');
    await expectAccepted(cloud, 6);
  });

  test('encrypts with a key of its own', async () => {
    const cloud = await openCloud();
    const arn = 'arn:aws:kms:eu-central-1:123456789012:key/0b1c2d3e-1111-2222-3333-444455556666';
    const args = allFlags(cloud, 'aksk');

    await runSetUp({ cloud, args, env: { PARAMETER_KMS_ARN: arn } });

    expect(stored(cloud, 'credentials')?.keyId).toBe(arn);
  });

  test('tells of instances that are not RUNNING, and takes them', async () => {
    const cloud = await openCloud();
    const [first = ''] = cloud.ddm.instanceIds;
    cloud.ddm.states.set(first, 'RESTARTING');

    const { stdout } = await setUpAll(cloud, 'aksk');

    expect(stdout).toMatch(new RegExp(`Note: ${first} \\(.+\\) is RESTARTING`));
    expect(stored(cloud, 'instances')?.value).toContain(first);
  });

  test('takes the named instances where the list is not allowed', async () => {
    const cloud = await openCloud();
    const ids = cloud.ddm.instanceIds.slice(0, 2).join(',');
    cloud.ddm.listFault = () => notAllowed;

    const cwd = temporaryFolder();

    const { refusal, stdout } = await runSetUp({
      cloud,
      args: [...flagsFor(cloud), '--instances', ids],
      cwd,
    });

    expect(refusal).toBeUndefined();
    expect(stdout).toContain('Warning: DDM did not list the instances');
    expect(readSettings(cwd, 'prod').ROTATION_PROOF).toBe('off');
    await expectAccepted(cloud, 2);
  });

  test('can be tried without any account', async () => {
    for (const auth of [[], ['--auth', 'aksk']]) {
      const { status, stdout } = await spawnSetUp(['--embedded', ...auth], bare);

      expect(status).toBe(0);
      expect(stdout).toMatch(/Dry run: the service reads 12 instances/);
      expect(stdout).toContain('This was the embedded cloud');
    }
  });

  test('has a help', () => {
    const help = describeHelp(setupCommand);

    for (const name of [
      ...['cloud', 'region', 'project', 'auth', 'domain-name', 'user-name', 'instances'],
      ...['stage', 'prefix', 'alarm-email', 'yes', 'embedded'],
    ]) {
      expect(help).toContain(`--${name}`);
    }
    expect(help).toContain('  --project <project id> ');
    expect(help).toMatch(/hidden prompts\.\n\nAWS: /); // a paragraph of its own
  });
});

const notAllowed = {
  status: 403,
  body: { error_code: 'APIGW.0302', error_msg: 'Access denied.' },
};

type Prepare = (cloud: Cloud) => Environment | Promise<Environment>;

function give(env: Environment): Prepare {
  return () => env;
}

function iamAnswers(status: number, body: unknown): Prepare {
  return ({ iam }) => {
    iam.fault = () => ({ status, body });
    return {};
  };
}

function iamRefuses(status: number, error_code: string): Prepare {
  return iamAnswers(status, { error_code, error_msg: 'Refused.' });
}

function ddmLists(status: number, body: object): Prepare {
  return ({ ddm }) => {
    ddm.listFault = () => ({ status, body });
    return {};
  };
}

function ssmRefuses(refused: string, type: string): Prepare {
  return ({ ssm }) => {
    ssm.fault = (operation) => (operation === refused ? { status: 400, type } : undefined);
    return {};
  };
}

function closed(variable: string): Prepare {
  return async () => ({ [variable]: `http://127.0.0.1:${await findClosedPort()}` });
}

function expectRefusal(auth: 'token' | 'aksk') {
  return async (_name: string, prepare: Prepare, expected: RegExp): Promise<void> => {
    const cloud = await openCloud();
    const env = await prepare(cloud);
    const args = allFlags(cloud, auth);

    const { refusal = '', stdout } = await runSetUp({ cloud, args, env });

    expect(refusal).toMatch(expected);
    expect(refusal).toMatch(/^[^\n]+$/);
    expect(cloud.ssm.parameters.size).toBe(0);
    expect(cloud.iam.signIns()).toBeLessThanOrEqual(1);
    expectNoSecret(cloud, stdout + refusal);
    expect(stdout + refusal).not.toContain('canary');
  };
}

const wrongSecretKey = 'canary0123456789012345678901234567890123';
const foreign = { id: 'other', name: 'other', status: 'RUNNING' };

describe('what cannot work is said in one line, and nothing is written', () => {
  test.each<[string, Prepare, RegExp]>([
    [
      'a wrong password, sent once',
      give({ DDM_SYNC_PASSWORD: 'canary-wrong' }),
      /^IAM refused the sign-in: UNAUTHORIZED \(HTTP 401\).*Check account name.*not tried again: IAM locks/,
    ],
    ['a locked user', iamRefuses(401, 'IAM.0061'), /IAM\.0061.*user is locked.*not tried again/],
    ['no programmatic access', iamRefuses(403, 'IAM.0081'), /IAM\.0081.*programmatic access/],
    ['an unknown project', iamAnswers(404, {}), /HTTP 404.*is a project of this account in this/],
    ['an IAM that fails', iamAnswers(500, {}), /IAM gave no token.*HTTP 500.*later/],
    [
      'an IAM that cannot be reached',
      closed('IAM_ENDPOINT'),
      /^127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\): check cloud and region/,
    ],
    [
      'no permission to list',
      ddmLists(403, notAllowed.body),
      /APIGW\.0302 \(HTTP 403\).*DDM FullAccess/,
    ],
    ['no instances', ddmLists(200, { instances: [], total_record: 0 }), /has no DDM instances/],
    [
      'no instance with a DDM id',
      ddmLists(200, { instances: [foreign], total_record: 1 }),
      /None of the instances/,
    ],
    [
      'AWS credentials that AWS refuses',
      ssmRefuses('GetParameters', 'UnrecognizedClientException'),
      /UnrecognizedClientException.*sign in again/,
    ],
    [
      'a parameter store that may not be read',
      ssmRefuses('GetParameters', 'AccessDeniedException'),
      /AccessDeniedException\. Allow your AWS user or role ssm:GetParameters.*docs\/setup\.md/,
    ],
    [
      'a parameter store that may not be written',
      ssmRefuses('PutParameter', 'AccessDeniedException'),
      /^Writing .*\/credentials failed: AccessDenied.*ssm:PutParameter/,
    ],
    [
      'a parameter store that fails',
      ssmRefuses('GetParametersByPath', 'InternalServerError'),
      /InternalServerError\. Check that eu-central-1 is your AWS region/,
    ],
  ])('with a token: %s', expectRefusal('token'));

  test.each<[string, Prepare, RegExp]>([
    ['a DDM that cannot be reached', closed('DDM_ENDPOINT'), /^127.* reached \(ECONNREFUSED\)/],
    [
      'a wrong secret access key',
      give({ DDM_SYNC_SECRET_ACCESS_KEY: wrongSecretKey }),
      /APIGW\.0301.*Check the access key/,
    ],
    [
      'a clock that is wrong',
      ({ ddm }) => {
        ddm.clockSkewMs = 3_600_000;
        return {};
      },
      /The clock of this machine is 60 minutes behind.*set the clock/,
    ],
    [
      'a project that DDM does not know',
      ddmLists(404, { errCode: 'DBS.280001' }),
      /HTTP 404.*project id belongs to this region/,
    ],
    ['a DDM that fails', ddmLists(500, {}), /HTTP 500/],
  ])('with an access key: %s', expectRefusal('aksk'));

  test.each<[string, Environment, RegExp]>([
    ['a wrong password', { DDM_SYNC_PASSWORD: 'canary-wrong' }, /^IAM refused the sign-in: /],
    ['no AWS region', { AWS_REGION: '' }, /^No AWS region: set AWS_REGION/],
    ['no AWS credentials', { AWS_ACCESS_KEY_ID: '' }, /^No AWS credentials: set AWS_PROFILE/],
  ])('%s: the process ends with 1', async (_name, change, expected) => {
    const cloud = await openCloud();
    const env = { ...wholeEnvironment(cloud), ...change };

    const ended = await spawnSetUp(allFlags(cloud), env);

    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(expected);
    expect(ended.stderr).toMatch(/^[^\n]+\n$/);
    expect(cloud.ssm.parameters.size).toBe(0);
    expectNoSecret(cloud, ended.stdout + ended.stderr);
    expect(ended.stdout + ended.stderr).not.toContain('canary');
  });

  test('an instance that is not in the project', async () => {
    const cloud = await openCloud();
    const [foreign = ''] = instanceIds(1);

    const { refusal } = await runSetUp({
      cloud,
      args: [...flagsFor(cloud), '--instances', foreign],
    });

    expect(refusal).toContain(`${foreign}, which is not one of the 6 DDM instances`);
    expect(cloud.ssm.parameters.size).toBe(0);
  });

  test('a list that cannot be written: says what was written before', async () => {
    const cloud = await openCloud();
    let puts = 0;
    cloud.ssm.fault = (operation) => {
      if (operation === 'PutParameter') puts += 1;
      return puts > 1 ? { status: 400, type: 'AccessDeniedException' } : undefined;
    };

    const { refusal, stdout } = await setUpAll(cloud, 'aksk');

    expect(stdout).toContain('Written: /ddm-sync/local/credentials\n');
    expect(refusal).toMatch(/Writing \/ddm-sync\/local\/instances failed/);
  });

  test('an unknown region', () => {
    const place = {
      ddmEndpoint: 'https://ddm.eu-dee.otc.t-systems.com',
      iamEndpoint: 'https://iam.eu-dee.otc.t-systems.com',
      projectId: 'p',
    };
    const failure = {
      errCode: 'NETWORK',
      retryClass: 'retry',
      externalMessage: 'ENOTFOUND',
    } as const;

    const { message, topic } = explainSignIn(failure, place);

    expect(topic).toBe('region');
    expect(message).toMatch(
      /^iam\.eu-dee\.otc\.t-systems\.com is not known.*check cloud and region/,
    );
  });

  test('never shows a password that the service quotes', async () => {
    const cloud = await openCloud();
    const password = 'canary"passwörd\\1';
    const quoted = `You said {"password":${JSON.stringify(password)}}, that is ${password}`;
    cloud.iam.fault = () => ({ status: 400, body: { error: { message: quoted } } });
    const args = allFlags(cloud);

    const { refusal, stdout } = await runSetUp({
      cloud,
      args,
      env: { DDM_SYNC_PASSWORD: password },
    });

    expect(refusal).toContain('IAM refused the sign-in: BAD_RESPONSE (HTTP 400).');
    expect(refusal + stdout).not.toContain('You said');
    expect(refusal + stdout).not.toContain('canary');
    expect(refusal + stdout).not.toContain('wörd');
  });
});

describe('wrong options are refused with one line', () => {
  test.each<[readonly string[], RegExp, Environment?]>([
    [['--cloud', 'aws'], /--cloud takes huawei, huawei-eu, otc or other/],
    [['--auth', 'basic'], /--auth takes token or aksk/],
    [['--domain', 'https://x.y'], /--domain: "https:\/\/x\.y" is not a domain: give what follows/],
    [['--region', 'Frankfurt!'], /--region: "frankfurt!" is not a region: give its id/],
    [['--project', 'eu-de'], /--project: "eu-de" is the name of a project: give its id/],
    [['--project', 'a b'], /--project: "a b" is not a project id: the console shows it/],
    [['--prefix', 'ddm-sync/'], /--prefix: The parameter prefix is "ddm-sync\/": set the path/],
    [['--stage', 'a b'], /--stage: "a b" is not a stage/],
    [['--instances', 'i-1'], /--instances: "i-1" is not an instance id: 32 hex/],
    [['--instances', ','], /--instances: Give at least one instance id/],
    [['--user-name', ' '], /--user-name: The user name is empty/],
    [['--domain-name', 'x'.repeat(257)], /--domain-name: The account name is longer than 256/],
    [['--password', 'canary'], /--password is not an option.*hidden prompt/],
    [['--secret-access-key=canary'], /--secret-access-key is not an option/],
    [['--unknown'], /Unknown option '--unknown'.*--help/],
    [['stray'], /Too many arguments.*--help/],
    [[], /DDM_SYNC_ACCESS_KEY_ID: This is not an access/, { DDM_SYNC_ACCESS_KEY_ID: 'canary' }],
    [[], /a secret access key has 40/, { DDM_SYNC_ACCESS_KEY_ID: `canary${'x'.repeat(34)}` }],
    [[], /not a secret access key/, { DDM_SYNC_SECRET_ACCESS_KEY: 'canary' }],
  ])('%j', (args, expected, env = {}) => {
    const parse = () => collectAnswers(parseOptions(setupCommand, args), env);

    expect(parse).toThrow(OptionError);
    expect(parse).toThrow(expected);
    expect(parse).toThrow(/^[^\n]+$/);
    expect(parse).not.toThrow(/canary/);
  });
});

describe('what cannot be asked without a terminal ends with 2 and one line', () => {
  test.each<[readonly string[], RegExp, Environment?]>([
    [[], /no terminal.*--cloud, --region, --project, --auth, --instances, --yes/],
    [['--cloud', 'other'], /give --region, --domain, --project/],
    [['--auth', 'token', '--yes'], /--domain-name, --user-name, DDM_SYNC_PASSWORD/],
    [['--auth', 'aksk'], /DDM_SYNC_ACCESS_KEY_ID \(env.*DDM_SYNC_SECRET_ACCESS_KEY/],
    [[], /IAM_ENDPOINT is not: set both/, { DDM_ENDPOINT: 'http://127.0.0.1:9' }],
    [[], /DDM_ENDPOINT is not: set both/, { IAM_ENDPOINT: 'http://127.0.0.1:9' }],
  ])('%j', async (args, expected, env = {}) => {
    const { status, stderr, stdout } = await spawnSetUp(args, { ...bare, ...env });

    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(expected);
    expect(stderr).toMatch(/^[^\n]+\n$/);
  });

  test('a malformed PARAMETER_KMS_ARN', async () => {
    const cloud = await openCloud();
    const env = { ...wholeEnvironment(cloud), PARAMETER_KMS_ARN: 'my-key' };

    const { status, stderr } = await spawnSetUp(allFlags(cloud), env);

    expect([status, stderr]).toEqual([2, expect.stringContaining('PARAMETER_KMS_ARN is "my-key"')]);
  });
});

/** Types an answer when its prompt is there. */
async function answer(terminal: Terminal, prompt: string, typed: string): Promise<void> {
  await terminal.reads(prompt);
  terminal.type(`${typed}${keys.enter}`);
}

describe('npm run setup in a terminal', () => {
  test('asks, lets a person correct what was wrong, and sets up', async () => {
    const cloud = await openCloud();
    const [first = '', second = ''] = cloud.ddm.instanceIds;
    cloud.ddm.states.set(second, 'RESIZING');
    const terminal = openSetUp(environment(cloud));

    await answer(terminal, 'Stage: the name of this deployment', 'all');
    await answer(terminal, '"all" is not a stage', `${keys.clear}local`);
    await answer(terminal, 'Project id', 'eu-de');
    await answer(terminal, 'is the name of a project', `${keys.clear}${cloud.projectId}`);
    await answer(terminal, 'Way of authentication', '');
    await answer(terminal, 'Account name', cloud.iam.user.domainName);
    await answer(terminal, 'IAM user name', cloud.iam.user.userName);
    await answer(terminal, 'Password', 'canary-wrong');
    await terminal.reads('not tried again: IAM locks accounts');
    await answer(terminal, 'Correct the sign-in', '');
    expect(cloud.iam.signIns()).toBe(1);
    await answer(terminal, 'Way of authentication', '');
    await answer(terminal, 'Account name', '');
    await answer(terminal, 'IAM user name', '');
    await answer(terminal, 'Password', cloud.iam.user.password);
    await answer(terminal, 'RESIZING', keys.space);
    await answer(terminal, 'Whom shall alarms tell', 'on-call');
    await answer(terminal, 'is not an e-mail address', `${keys.clear}a@b.example, c@d.example`);
    await answer(terminal, 'Write them?', '');
    await terminal.reads('npm run deploy');

    expect(await terminal.exitCode).toBe(0);
    expect(stored(cloud, 'instances')?.value).toBe(listOf(cloud.ddm.instanceIds.slice(1)));
    expect(JSON.parse(stored(cloud, 'credentials')?.value ?? '')).toEqual(cloud.iam.user);
    expect(terminal.output()).toContain('5 of 6');
    expect(terminal.output()).toContain(first);
    expect(terminal.output()).not.toContain('canary');
    expectNoSecret(cloud, terminal.output());
    await expectAccepted(cloud, 5);
  }, 60_000);

  test('takes an access key, and says what is wrong with its shape', async () => {
    const cloud = await openCloud();
    const { accessKeyId, secretAccessKey } = cloud.accessKeys;
    const terminal = openSetUp(environment(cloud), [
      '--stage',
      'prod',
      '--prefix',
      cloud.parameterPrefix,
    ]);

    await answer(terminal, 'Project id', cloud.projectId);
    await answer(terminal, 'Way of authentication', keys.down);
    await answer(terminal, 'Access key id', secretAccessKey);
    await answer(terminal, 'not an access key id', `${keys.clear}${accessKeyId}`);
    await answer(terminal, 'Secret access key', 'short');
    await answer(terminal, 'not a secret access key', `${keys.clear}${secretAccessKey}`);
    await answer(terminal, '6 found', '');
    await answer(terminal, 'Whom shall alarms tell', '');
    await answer(terminal, 'Write them?', 'y');
    await terminal.reads('npm run deploy -- --stage prod');

    expect(await terminal.exitCode).toBe(0);
    expect(terminal.output()).not.toContain('ALARM_EMAIL');
    expectNoSecret(cloud, terminal.output());
    await expectAccepted(cloud, 6, 'aksk');
  }, 60_000);

  test('asks for cloud and region, corrects a region, and ends with one line at Ctrl-C', async () => {
    const terminal = openSetUp({ ...bare, ...aws });

    await answer(terminal, 'Stage: the name of this deployment', '');
    await answer(terminal, 'Open Telekom Cloud', keys.down + keys.down);
    await answer(terminal, 'Region', 'Frankfurt!');
    await answer(terminal, 'is not a region', `${keys.clear}EU-DE`);
    await terminal.reads('Project id');
    terminal.type(keys.ctrlC);

    expect(await terminal.exitCode).toBe(130);
    expect(terminal.output()).toMatch(/\nStopped\. Nothing was written\.\r?\n$/);
  });

  test("asks for the domain of a partner's cloud", async () => {
    const terminal = openSetUp({ ...bare, ...aws }, ['--stage', 'prod']);

    await answer(terminal, 'private cloud', keys.down.repeat(3));
    await answer(terminal, 'Domain: what follows the region', 'https://cloud.example');
    await answer(terminal, 'is not a domain', `${keys.clear}cloud.example`);
    await answer(terminal, 'Region', 'xx-1');
    await terminal.reads('Project id');
    terminal.type(keys.ctrlC);

    expect(await terminal.exitCode).toBe(130);
  });

  test.each(['ctrlC', 'ctrlD'] as const)(
    'writes nothing when it ends with %s before the end',
    async (key) => {
      const cloud = await openCloud();
      const flags = allFlags(cloud).filter((flag) => flag !== '--yes');
      const terminal = openSetUp(wholeEnvironment(cloud), flags);

      await answer(terminal, 'Whom shall alarms tell', '');
      await terminal.reads('Write them?');
      terminal.type(keys[key]);

      expect(await terminal.exitCode).toBe(130);
      expect(terminal.output()).toMatch(/\nStopped\. Nothing was written\.\r?\n$/);
      expect(cloud.ssm.parameters.size).toBe(0);
    },
  );

  test('ends at Ctrl-C while it waits for the service', async () => {
    const cloud = await openCloud({ latencyMs: 10_000 });
    const terminal = openSetUp(wholeEnvironment(cloud), allFlags(cloud));

    await terminal.reads('for the instances ...');
    terminal.type(keys.ctrlC);

    expect(await terminal.exitCode).toBe(130);
    expect(terminal.output()).toMatch(/\nStopped\. Nothing was written\.\r?\n$/);
  });

  test('finishes what it is writing before a Ctrl-C takes effect', async () => {
    const cloud = await openCloud({ latencyMs: 700 }); // of the call that proves the new token
    const terminal = openSetUp(wholeEnvironment(cloud), allFlags(cloud));

    await terminal.reads('Written: /ddm-sync/local/credentials');
    terminal.type(keys.ctrlC);

    expect(await terminal.exitCode).toBe(130);
    expect(terminal.output()).toContain('Finishing what is being written');
    expect(terminal.output()).toMatch(/\nStopped\. The parameters are written\.\r?\n$/);
    await expectAccepted(cloud, 6);
  }, 40_000);

  test('replaces nothing without a yes', async () => {
    const cloud = await openCloud({ auth: 'aksk' });
    const before = new Map(cloud.ssm.parameters);
    const flags = allFlags(cloud, 'aksk').filter((flag) => flag !== '--yes');
    const terminal = openSetUp(wholeEnvironment(cloud), flags);

    await answer(terminal, 'Whom shall alarms tell', '');
    await answer(terminal, 'replace or remove what is there?', '');

    expect(await terminal.exitCode).toBe(1);
    expect(terminal.output()).toContain('Stopped. Nothing was written.');
    expect(new Map(cloud.ssm.parameters)).toEqual(before);
  });

  test('asks nothing when everything is given', async () => {
    const cloud = await openCloud();
    const terminal = openSetUp(wholeEnvironment(cloud), allFlags(cloud));

    expect(await terminal.exitCode).toBe(0);
    expect(terminal.output()).toContain('npm run deploy');
  });

  test('takes typed ids where the list is not allowed, and corrects them', async () => {
    const cloud = await openCloud();
    const [first = '', second = ''] = cloud.ddm.instanceIds;
    cloud.ddm.listFault = () => notAllowed;
    const terminal = openSetUp(wholeEnvironment(cloud), flagsFor(cloud));

    await terminal.reads('DDM FullAccess');
    await answer(terminal, 'Type the instance ids', keys.down);
    await answer(terminal, 'Instance ids, separated by commas', 'i-1');
    await answer(terminal, 'is not an instance id', `${keys.clear}${first}, ${second}`);

    expect(await terminal.exitCode).toBe(0);
    await expectAccepted(cloud, 2);
  });

  test('tries again when the person wants it, and stops when they do', async () => {
    const cloud = await openCloud();
    cloud.iam.fault = () => ({ status: 500, body: {} });
    const terminal = openSetUp(wholeEnvironment(cloud), allFlags(cloud));

    await terminal.reads('IAM gave no token');
    await answer(terminal, 'Try again', '');
    await terminal.reads('IAM gave no token');
    await answer(terminal, 'Stop', keys.down.repeat(3));

    expect(await terminal.exitCode).toBe(1);
    expect(cloud.iam.signIns()).toBe(2);
    expect(cloud.ssm.parameters.size).toBe(0);
  });

  test('can be tried without any account', async () => {
    const terminal = openSetUp(bare, ['--embedded']);

    await answer(terminal, 'Stage: the name of this deployment', '');
    await answer(terminal, 'Way of authentication', '');
    await answer(terminal, '12 found', '');
    await answer(terminal, 'Write them?', '');
    await terminal.reads('This was the embedded cloud');

    expect(await terminal.exitCode).toBe(0);
  });
});
