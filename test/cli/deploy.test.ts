import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runNode } from '../support/process.ts';
import { bare } from '../support/setup.ts';
import { fakeCommand, folderWithStages, toEnv } from '../support/stage.ts';
import { required } from '../support/template.ts';

interface Run {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the framework does, in bash. */
  readonly serverless?: string;
}

/** `npm run deploy` from a shell without settings, with a framework that only says what it was asked. */
async function deploy({ args, cwd, env = {}, serverless = '' }: Run) {
  const shown = '$AWS_REGION/$AWS_PROFILE/$DDM_PROJECT_ID/$PARAMETER_PREFIX/$CANARY';
  const { calls, path } = fakeCommand('serverless', `echo "$* ${shown}" >> $LOG\n${serverless}`);
  const ended = await runNode('cli/deploy.ts', args, {
    cwd,
    env: { ...bare, PATH: `${path}:${process.env.PATH}`, ...env },
  });
  return { ...ended, calls: calls() };
}

const rotation = 'invoke --function rotate-token --qualifier live --data {} --stage';

describe('a stage', () => {
  test('is deployed with the settings of its file, and its token is replaced', async () => {
    const cwd = folderWithStages({ prod: { AWS_PROFILE: 'company', DDM_PROJECT_ID: 'p1' } });

    const { calls, status, stdout } = await deploy({ cwd, args: ['--stage', 'prod'] });

    const env = 'eu-central-1/company/p1//ddm-sync/prod/';
    expect(calls).toEqual([`deploy --stage prod ${env}`, `${rotation} prod ${env}`]);
    expect(stdout).toMatch(/prod +eu-central-1 +p1 +[\d.]+ s +deployed, token replaced\n$/);
    expect(status).toBe(0);
  });

  test('is deployed with --force and --verbose, which are not for the rotation', async () => {
    const cwd = folderWithStages({ prod: {} });

    const { calls, status } = await deploy({
      cwd,
      args: ['--stage', 'prod', '--force', '--verbose'],
    });

    expect(calls).toEqual([
      expect.stringMatching(/^deploy --force --verbose --stage prod /),
      expect.stringMatching(`^${rotation} prod `),
    ]);
    expect(status).toBe(0);
  });

  test.each([{ AUTH_MODE: 'aksk' }, { TOKEN_ROTATION: 'off' }])(
    'keeps its token with %o',
    async (settings) => {
      const cwd = folderWithStages({ prod: settings });

      const { calls, status, stdout } = await deploy({ cwd, args: ['--stage', 'prod'] });

      expect([calls.length, status]).toEqual([1, 0]);
      expect(stdout).toMatch(/ deployed\n$/);
    },
  );

  test('may come from the environment alone, as in a pipeline', async () => {
    const cwd = folderWithStages({});

    const { calls, status } = await deploy({ cwd, args: ['--stage', 'ci'], env: required });

    expect(calls[0]).toContain(`deploy --stage ci eu-central-1//${required.DDM_PROJECT_ID}/`);
    expect(status).toBe(0);
  });

  test('takes the region of the AWS profile where it names none, as setup does', async () => {
    const cwd = folderWithStages({ prod: { AWS_REGION: '', AWS_PROFILE: 'company' } });
    const config = join(cwd, 'aws-config');
    writeFileSync(config, '[profile company]\nregion = eu-north-1\n');

    const { calls } = await deploy({
      cwd,
      args: ['--stage', 'prod'],
      env: { AWS_CONFIG_FILE: config },
    });

    expect(calls[0]).toContain('deploy --stage prod eu-north-1/company/');
  });

  test('leaves credentials and a CANARY for one deployment to the environment, but not the region', async () => {
    const cwd = folderWithStages({ prod: { AWS_PROFILE: 'company', CANARY: 'LambdaAllAtOnce' } });
    const env = { AWS_PROFILE: 'mine', CANARY: 'off', AWS_REGION: 'us-east-1' };

    const { calls } = await deploy({ cwd, args: ['--stage', 'prod'], env });
    const withKey = await deploy({
      cwd,
      args: ['--stage', 'prod'],
      env: { AWS_ACCESS_KEY_ID: 'key' },
    });

    expect(calls[0]).toMatch(/^deploy --stage prod eu-central-1\/mine\/.*\/off$/);
    expect(withKey.calls[0]).toMatch(/^deploy --stage prod eu-central-1\/\/.*\/LambdaAllAtOnce$/);
  });

  test('fails with its token: the code is there, but the token is the old one', async () => {
    const cwd = folderWithStages({ prod: {} });

    const { status, stdout } = await deploy({
      cwd,
      args: ['--stage', 'prod'],
      serverless: '[ $1 != invoke ]',
    });

    expect(stdout).toContain(
      'deployed, but its token was not replaced: see the log of rotate-token',
    );
    expect(status).toBe(1);
  });
});

describe('several stages', () => {
  test('are deployed one after the other, and end with a table', async () => {
    const cwd = folderWithStages({
      b: { DDM_PROJECT_ID: 'p2', AWS_REGION: 'eu-west-1' },
      a: { DDM_PROJECT_ID: 'p1' },
    });

    const { calls, stdout } = await deploy({ cwd, args: ['--stage', 'all'] });
    const listed = await deploy({ cwd, args: ['--stage', 'b', '--stage', 'a', '--stage', 'b'] });

    expect(calls.map((call) => call.split('/ddm-sync')[0])).toEqual([
      'deploy --stage a eu-central-1//p1/',
      `${rotation} a eu-central-1//p1/`,
      'deploy --stage b eu-west-1//p2/',
      `${rotation} b eu-west-1//p2/`,
    ]);
    expect(stdout.trimEnd().split('\n').slice(-3)).toEqual([
      expect.stringMatching(/^ {2}stage +AWS region +project +took +result$/),
      expect.stringMatching(/^ {2}a +eu-central-1 +p1 +[\d.]+ s +deployed, token replaced$/),
      expect.stringMatching(/^ {2}b +eu-west-1 +p2 +[\d.]+ s +deployed, token replaced$/),
    ]);
    expect(listed.calls.filter((call) => call.startsWith('deploy')).length).toBe(2);
  });

  test('end at the first that fails: the others stay as they are', async () => {
    const cwd = folderWithStages({ a: {}, b: {}, c: {} });

    const { calls, status, stdout } = await deploy({
      cwd,
      args: ['--stage', 'all'],
      serverless: '[[ "$*" != *"deploy --stage b"* ]]',
    });

    expect(calls.some((call) => call.includes('--stage c'))).toBe(false);
    expect(stdout).toMatch(
      / a .*token replaced\n.* b .*not deployed: exit code 1\n.* c .*left as it was\n$/,
    );
    expect(status).toBe(1);
  });

  test('are not deployed at all when one of them is wrong', async () => {
    const cwd = folderWithStages({ good: {}, bad: { SYNC_WORKERS: '1' } });

    const { calls, status, stderr } = await deploy({ cwd, args: ['--stage', 'all'] });

    expect([calls, status]).toEqual([[], 2]);
    expect(stderr).toBe(
      'Stage bad (stages/bad.env)\n  SYNC_WORKERS is "1": set a whole number from 2 to 1000\n\nNothing was deployed: correct the settings first (docs/configuration.md).\n',
    );
  });
});

describe('nothing is deployed', () => {
  test('from a shell without settings, and every one that lacks is named', async () => {
    const { calls, status, stderr } = await deploy({
      cwd: folderWithStages({}),
      args: ['--stage', 'prod'],
      env: { AUTH_MODE: 'foo', SYNC_RATE_PER_SECOND: 'abc' },
    });

    expect([calls, status]).toEqual([[], 2]);
    expect(stderr).toContain('no stages/prod.env: npm run setup writes it');
    for (const problem of [
      /DDM_ENDPOINT is not set: set the regional API endpoint/,
      /DDM_PROJECT_ID is not set/,
      /AWS_REGION is not set/,
      /AUTH_MODE is "foo": set token/,
      /SYNC_RATE_PER_SECOND is "abc": set a number/,
    ]) {
      expect(stderr).toMatch(problem);
    }
  });

  test('that the environment changes without the file: the next deployment would undo it', async () => {
    const cwd = folderWithStages({ prod: {} });
    const env = { DDM_PROJECT_ID: 'another', SYNC_SCHEDULE: 'rate(1 hour)', WATCH: '' };

    const { calls, stderr } = await deploy({ cwd, args: ['--stage', 'prod'], env });

    expect(calls).toEqual([]);
    expect(stderr.split('\n').slice(1, -3)).toEqual([
      `  DDM_PROJECT_ID is "another" in the environment and "${required.DDM_PROJECT_ID}" in stages/prod.env: unset it, or write it into the file`,
      '  SYNC_SCHEDULE is "rate(1 hour)" in the environment and not in stages/prod.env: unset it, or write it into the file',
    ]);
  });

  test.each([
    [[], /^Which stage\? Give --stage <name>, or --stage all; see npx ddm-sync deploy --help\n$/],
    [['--stage', 'all'], /^No stage has a file in stages\/: npm run setup writes one\n$/],
    [['--stage', 'pr od'], /^--stage: "pr od" is not a stage: give a word such as prod or test\n$/],
    [['--stage', '../x'], /is not a stage/],
    [['--stage', 'prod', '--region', 'x'], /^Unknown option '--region'.*--help\n$/],
  ])('with %j', async (args, message) => {
    const { calls, status, stderr } = await deploy({ cwd: folderWithStages({}), args });

    expect([calls, status]).toEqual([[], 2]);
    expect(stderr).toMatch(message);
  });
});

test('a file of a stage may have comments, quotes and empty values', async () => {
  const cwd = folderWithStages({});
  writeFileSync(
    join(cwd, 'stages/prod.env'),
    `# mine\r\n${toEnv(required)}SYNC_SCHEDULE='cron(0/15 * * * ? *)' # UTC\nSYNC_PERIOD_MINUTES=15\nWATCH=\n#TRACING=on\n`,
  );

  const { status, stderr } = await deploy({ cwd, args: ['--stage', 'prod'] });

  expect([status, stderr]).toEqual([0, '']);
});
