import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { describeFailures } from '../../cli/failures.ts';
import { wrapLines } from '../../cli/format.ts';
import { describeHelp, OptionError, parseOptions } from '../../cli/options.ts';
import { realRunCommand } from '../../cli/run/options.ts';
import { openRealProject } from '../../cli/run/project.ts';
import { startCommand } from '../../cli/start/options.ts';
import { runFleet } from '../../cli/start/run.ts';
import { drawProgress, parseLogLine } from '../../cli/start/screen.ts';
import { startCloud } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { root, runNode, workIn } from '../support/process.ts';
import { folderWithStages } from '../support/stage.ts';
import { required } from '../support/template.ts';

/** `npm start -- ...args` in a process of its own. */
function start(...args: readonly string[]) {
  return runNode('cli/start.ts', args);
}

function messagesOf(stdout: string): readonly unknown[] {
  const lines = stdout.trim().split('\n');
  return lines.map((line): unknown => JSON.parse(line).message);
}

// The processes mostly wait: for the build, for the delays of the queues.
describe.concurrent('npm start', () => {
  test('shows a person what became of the instances', async () => {
    const { status, stdout } = await start('--instances=50', '--fail=10%', '--latency=5ms');

    expect(status).toBe(0);
    expect(stdout).toMatch(/accepted {3}45\n {2}failed {5}5\n/);
    expect(stdout).toMatch(/DBS\.\d{6} \(HTTP \d{3}\) {2}".+"\n +What to do: /);
    expect(stdout).toContain('\nThe run ended, and 5 of 50 instances failed. ');
    expect(stdout).toContain('npm run setup -- --stage prod');
  });

  test('prints only the raw log lines with --json, and calls the v3 API when told to', async () => {
    const { status, stdout } = await start('--instances=10', '--fail=0%', '--api=v3', '--json');

    const messages = messagesOf(stdout);
    expect(status).toBe(0);
    expect(messages.filter((message) => message === 'instance sync accepted').length).toBe(10);
    expect(messages).toContain('sync run finished');
  });

  test('is never the real thing: it says what it does not use', async () => {
    const { status, stderr, stdout } = await runNode('cli/start.ts', ['--instances=5'], {
      env: { DDM_PROJECT_ID: 'p' },
    });

    expect([status, stderr]).toEqual([
      0,
      'Not used here: DDM_PROJECT_ID. npx ddm-sync run is for a real project.\n',
    ]);
    expect(stdout).toContain('the embedded cloud (5 instances)');
  });

  test('says so when nothing was accepted', async () => {
    const { stdout } = await start('--instances=5', '--fail=100%', '--flaky=0%');

    expect(stdout).toContain('\nThe run ended, and all 5 instances failed. ');
    expect(stdout).not.toContain('The run worked');
  });

  test('loses no line of its output, and ends quietly with whoever reads it', async () => {
    const args = ['--instances=300', '--fail=10%', '--flaky=0%', '--inline-max=300', '--json'];

    const whole = await start(...args);
    const child = spawn(process.execPath, [join(root, 'cli/ddm-sync.js'), 'start', ...args]);
    child.stdout.once('data', () => child.stdout.destroy());
    const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, 'close')]);

    expect(messagesOf(whole.stdout)).toContain('sync run finished');
    expect(messagesOf(whole.stdout).at(-1)).toMatch(/^sync (run|batch) finished$/);
    expect([status, stderr]).toEqual([0, '']);
  });

  test('refuses faults of a queue in which nothing would be', async () => {
    const { status, stderr } = await start('--kill=10%');

    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^--kill .* give an --inline-max .*\n$/),
    ]);
  });

  test('ends with 1 when the invocation failed', async () => {
    const { status, stdout } = await start('--concurrency', 'many');

    expect(status).toBe(1);
    expect(stdout).toContain('ConfigError');
  });
});

describe.concurrent('npm start -- --change-nodes', () => {
  test('shows the way from the change to the end of the job', async () => {
    const { status, stdout } = await start('--change-nodes', '8', '--instances', '12');

    expect(stdout).toContain('watch  {"traces":8,"changes":8,"enqueued":8,');
    expect(stdout).toMatch(/in09 {2}[0-9a-f]{32}in01 {2}\d+\.\d s .* completed\n/);
    expect(stdout).toMatch(/In the end\n {2}completed {4}8\n/);
    expect(status).toBe(0);
  });

  test('prints nothing but the lines of the functions with --json', async () => {
    const { status, stdout } = await start('--change-nodes', '3', '--json');

    const messages = messagesOf(stdout);
    expect(messages.filter((message) => message === 'instance sync accepted').length).toBe(3);
    expect(messages.filter((message) => message === 'instance sync completed').length).toBe(3);
    expect(status).toBe(0);
  });

  test('refuses more nodes than there are instances with one line', async () => {
    const { status, stderr } = await start('--change-nodes', '30', '--instances', '3');

    expect(status).toBe(2);
    expect(stderr).toMatch(/^[^\n]*more than there are instances[^\n]*\n$/);
  });
});

test('shows what goes over the queue, with killed workers and messages that come twice', async () => {
  const cloud = await startCloud({
    instances: 150,
    queueSpeed: 60,
    visibilityTimeoutSeconds: 90, // 1.5 seconds at this speed
  });
  onTestFinished(() => cloud.close());
  const settings = { SYNC_INLINE_MAX: '30', SYNC_RATE_PER_SECOND: '300' };
  const env = { ...environmentOf(cloud), ...settings };
  const options = parseOptions(startCommand, ['--kill=25%', '--redeliver=25%']);
  let printed = '';
  const out = {
    isTTY: false,
    write: (written: string) => {
      printed += written;
    },
  };

  const end = await runFleet(options, { name: 'the test', cloud, env }, root, out, options);

  expect(end).toEqual({ ok: true, failed: 0 });
  expect(printed).toContain('120 messages in the queue, 4 workers');
  expect(printed).toMatch(/In the end\n {2}accepted {5}150\n {2}failed {7}0\n {2}lost {9}0\n/);
  expect(printed).toMatch(/of which [1-9]\d* had their worker killed/);
  expect(printed).toMatch(/redelivered {2}[1-9]/);
});

describe('the project of npx ddm-sync run', () => {
  const open = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    openRealProject(parseOptions(realRunCommand, args), env);

  test('is a real one when its settings are complete, with the settings of the options', async () => {
    const real = {
      DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
      DDM_PROJECT_ID: 'p',
      PARAMETER_PREFIX: '/ddm-sync/prod',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    const options = ['--concurrency=7', '--rate=8', '--api=v3'];

    const { cloud, env } = await open({ ...real, HOME: '/home', SYNC_JITTER: '' }, ...options);

    expect(cloud).toBeUndefined();
    expect(env).toEqual({
      ...real,
      SYNC_CONCURRENCY: '7',
      SYNC_RATE_PER_SECOND: '8',
      DDM_API_VERSION: 'v3',
    });
  });

  test('is not taken when a part of it is missing', async () => {
    const env = { DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com' };

    await expect(open(env)).rejects.toThrow(OptionError);
    await expect(open(env)).rejects.toThrow(/set DDM_PROJECT_ID, PARAMETER_PREFIX as well$/);
    await expect(open({}, '--stage=none')).rejects.toThrow(
      /set DDM_ENDPOINT, DDM_PROJECT_ID as well in stages\/none\.env \(npm run setup writes it\)/,
    );
  });

  test('is that of a stage, with the credentials of its AWS profile', async () => {
    const cwd = workIn(
      folderWithStages({ prod: { AWS_PROFILE: 'company', SYNC_MAX_ERRORS: '10%' } }),
    );
    const credentials = join(cwd, 'credentials');
    writeFileSync(credentials, '[company]\naws_access_key_id=key\naws_secret_access_key=secret\n');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', credentials);

    const { cloud, env } = await open({ HOME: '/home' }, '--stage=prod');

    expect(cloud).toBeUndefined();
    expect(env).toEqual({
      ...required,
      PARAMETER_PREFIX: '/ddm-sync/prod',
      SYNC_MAX_ERRORS: '10%',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
  });
});

test('the help names every option with its default', () => {
  const help = describeHelp(startCommand);

  for (const name of [
    'inline-max',
    'workers',
    'kill',
    'redeliver',
    'instances',
    'fail',
    'flaky',
    'throttle',
    'latency',
    'json',
    'dry-run',
    'change-nodes',
    'help',
  ]) {
    expect(help).toContain(`--${name}`);
  }
  expect(help).toContain('instances in the list (default: 200)');
});

test.each([
  [['--instances', '-1']],
  [['--instances=many']],
  [['--fail', '3']],
  [['--fail', '101%']],
  [['--throttle', '50']],
  [['--latency', '80']],
  [['--workers', '0']],
  [['--kill', '10']],
  [['--change-nodes', '0']],
  [['--dry-run=yes']],
  [['--unknown']],
  [['stray']],
])('refuses %j with one line', (args) => {
  expect(() => parseOptions(startCommand, args)).toThrow(OptionError);
  expect(() => parseOptions(startCommand, args)).toThrow(/^[^\n]+$/);
});

test('reads the options of a run', () => {
  const args = ['--instances=7', '--fail=2.5%', '--throttle=50/s', '--dry-run'];

  expect(parseOptions(startCommand, args)).toMatchObject({
    instances: 7,
    fail: 0.025,
    flaky: 0.02,
    throttle: 50,
    latency: 40,
    workers: 4,
    changeNodes: undefined,
    dryRun: true,
    json: false,
  });
});

describe('npx ddm-sync', () => {
  const ddmSync = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runNode('cli/ddm-sync.js', args, { env });

  test('lists its commands', async () => {
    const { status, stdout } = await ddmSync(['--help']);

    expect(status).toBe(0);
    for (const name of ['start', 'dev', 'setup', 'deploy', 'run', 'report', 'redrive']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  test('says its version', async () => {
    expect(await ddmSync(['--version'])).toMatchObject({
      status: 0,
      stdout: `${packageJson.version}\n`,
    });
  });

  test('refuses a command that it does not know, and names the one that was meant', async () => {
    const { status, stderr } = await ddmSync(['reprot']);

    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/unknown command 'reprot'\n.*report/),
    ]);
  });

  test('run asks before it calls, and takes no options of the embedded cloud', async () => {
    const cloud = await startCloud({ instances: 4 });
    onTestFinished(() => cloud.close());
    const env = { ...environmentOf(cloud), AWS_REGION: 'eu-central-1', ...keys };

    const unasked = await ddmSync(['run'], env);
    const demo = await ddmSync(['run', '--fail', '90%', '--yes'], env);
    const dry = await ddmSync(['run', '--dry-run'], env);

    expect([unasked.status, unasked.stderr]).toEqual([
      2,
      expect.stringMatching(/give --yes .*\n$/),
    ]);
    expect([demo.status, demo.stderr]).toEqual([
      2,
      expect.stringMatching(/Unknown option '--fail'/),
    ]);
    expect(dry.status).toBe(0);
    expect(cloud.ddm.stats().calls).toBe(0);
  });

  test('run ends with 1 if an instance failed', async () => {
    const cloud = await startCloud({ instances: 4, failShare: 0.25 });
    onTestFinished(() => cloud.close());
    const env = { ...environmentOf(cloud), AWS_REGION: 'eu-central-1', ...keys };

    const { status, stdout } = await ddmSync(['run', '--yes'], env);

    expect(stdout).toMatch(/accepted {3}3\n {2}failed {5}1\n/);
    expect(status).toBe(1);
  });
});

test('breaks lines at blanks, and keeps their indentation', () => {
  const text = '  one two three four five six seven eight nine ten eleven\nshort\n';

  expect(wrapLines(text, 45)).toBe(
    '  one two three four five six seven eight\n  nine ten eleven\nshort\n',
  );
  expect(wrapLines(text)).toBe(text);
});

const keys = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };

test('draws progress that never leaves its bar', () => {
  expect(drawProgress(50, 100, 3)).toBe('[###############...............] 50/100  3 failed');
  expect(drawProgress(7, 0, 0)).toHaveLength('[##############################] 7/0'.length);
  expect(drawProgress(200, 100, 0)).toContain('[##############################]');
});

test('groups failures by code, the most frequent first', () => {
  const text = describeFailures([
    { errCode: 'B', instanceId: 'b1' },
    ...['a1', 'a2', 'a3', 'a4'].map((instanceId) => ({
      errCode: 'A',
      httpStatus: 400,
      instanceId,
    })),
  ]);

  expect(text.split('\n').map((line) => line.trim())).toEqual([
    '4  A (HTTP 400)',
    'a1, a2, a3 and 1 more',
    '1  B',
    'b1',
  ]);
});

test.each(['', 'text', '{"a":1}', 'null', '[]'])(
  'takes %o for something other than a log line',
  (line) => {
    expect(parseLogLine(line)).toBeUndefined();
  },
);

describe('check-node', () => {
  const check = (version: string) => runNode('scripts/check-node.js', [`--version=${version}`]);

  test.each(['12.22.0', '20.20.2', '23.11.0'])('stops Node %s with one line', async (version) => {
    const { status, stderr } = await check(version);

    expect(status).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^[^\\n]*needs Node 24[^\\n]*${version}[^\\n]*npm ci[^\\n]*\\n$`),
    );
  });

  test("says that npm's Node for Apple silicon is old, and lets it go on", async () => {
    const { status, stderr } = await check('24.0.0');

    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^This is Node 24\.0\.0, [^\n]*\n$/),
    ]);
  });

  test.each(['24.1.0', '24.21.0', '26.1.0'])('lets Node %s go on', async (version) => {
    const { status, stderr } = await check(version);

    expect([status, stderr]).toEqual([0, '']);
  });
});
