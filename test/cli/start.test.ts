import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { OptionError, parseOptions } from '../../cli/start/options.ts';
import { describeFailures, drawProgress, parseLogLine } from '../../cli/start/present.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [join(root, 'cli/start.ts'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...env },
  });
}

describe('npm start', () => {
  test('shows a person what became of the instances', () => {
    const { status, stdout } = start(['--instances', '50', '--fail', '10%', '--latency', '5ms']);

    expect(status).toBe(0);
    expect(stdout).toMatch(/accepted {3}45\n {2}failed {5}5\n/);
    expect(stdout).toMatch(/DBS\.\d{6} \(HTTP \d{3}\) {2}".+"\n +What to do: /);
    expect(stdout).toContain('export DDM_ENDPOINT=');
  });

  test('prints only the raw log lines with --json', () => {
    const { status, stdout } = start(['--instances', '10', '--json']);

    const messages = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).message);
    expect(status).toBe(0);
    expect(messages.filter((message) => message === 'instance sync accepted').length).toBe(10);
    expect(messages).toContain('sync run finished');
  });

  test('shows how what does not fit goes over the queue, with killed workers and double messages', () => {
    const args = ['--instances', '600', '--fail', '0%', '--inline-max', '100', '--rate', '300'];

    const { status, stdout } = start([...args, '--kill', '25%', '--redeliver', '25%']);

    expect(status).toBe(0);
    expect(stdout).toContain('500 messages in the queue, 4 workers');
    expect(stdout).toMatch(/In the end\n {2}accepted {5}600\n {2}failed {7}0\n {2}lost {9}0\n/);
    expect(stdout).toMatch(/of which [1-9]\d* had their worker killed/);
  }, 60_000);

  test('calls the v3 API when told to', () => {
    const { stdout } = start(['--instances', '5', '--fail', '0%', '--api', 'v3']);

    expect(stdout).toContain('accepted   5');
  });

  test('says what is missing of a real project', () => {
    const env = { DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com', AWS_PROFILE: 'prod' };

    const { status, stderr } = start([], env);

    expect(status).toBe(2);
    expect(stderr).toMatch(/set DDM_PROJECT_ID, PARAMETER_PREFIX, AWS_REGION.*export-credentials/);
  });

  test('ends with 1 when the invocation failed', () => {
    const { status, stdout } = start(['--concurrency', 'many']);

    expect(status).toBe(1);
    expect(stdout).toContain('ConfigError');
  });

  test('has a help', () => {
    const { status, stdout } = start(['--help']);

    expect(status).toBe(0);
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
    ]) {
      expect(stdout).toContain(`--${name}`);
    }
  });
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
  [['--unknown']],
  [['stray']],
])('refuses %j with one line', (args) => {
  expect(() => parseOptions(args)).toThrow(OptionError);
  expect(() => parseOptions(args)).toThrow(/^[^\n]+$/);
});

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

test.each(['', 'text', '{"a":1}', 'null', '[]'])('takes %o for no log line', (line) => {
  expect(parseLogLine(line)).toBeUndefined();
});

describe('check-node', () => {
  const check = (version: string) =>
    spawnSync(process.execPath, [join(root, 'scripts/check-node.js'), `--version=${version}`], {
      encoding: 'utf8',
    });

  test.each(['12.22.0', '20.20.2', '23.11.0'])('stops Node %s with one line', (version) => {
    const { status, stderr } = check(version);

    expect(status).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^[^\\n]*needs Node 24[^\\n]*${version}[^\\n]*npm ci[^\\n]*\\n$`),
    );
  });

  test.each(['24.0.0', '24.21.0', '26.1.0'])('lets Node %s go on', (version) => {
    const { status, stderr } = check(version);

    expect([status, stderr]).toEqual([0, '']);
  });
});
