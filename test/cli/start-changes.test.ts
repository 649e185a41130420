import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
function start(...args: string[]) {
  return spawnSync(process.execPath, ['cli/start.ts', ...args], { cwd: root, encoding: 'utf8' });
}

test('npm start -- --change-nodes shows the way from the change to the end of the job', () => {
  const { status, stdout } = start('--change-nodes', '8', '--instances', '12');

  expect(stdout).toContain('watch  {"traces":8,"changes":8,"enqueued":8,');
  expect(stdout).toMatch(/in09 {2}[0-9a-f]{32}in01 {2}\d+\.\d s .* completed\n/);
  expect(stdout).toMatch(/In the end\n {2}completed {4}8\n/);
  expect(status).toBe(0);
});

test('with --json it prints nothing but the lines of the functions', () => {
  const { status, stdout } = start('--change-nodes', '3', '--json');

  const lines = stdout.trim().split('\n');
  const messages = lines.map((line): unknown => JSON.parse(line).message);
  expect(messages.filter((message) => message === 'instance sync accepted').length).toBe(3);
  expect(messages.filter((message) => message === 'instance sync completed').length).toBe(3);
  expect(status).toBe(0);
});

test.each([
  [['--change-nodes', '0'], '--change-nodes takes a number such as 20, not "0"'],
  [['--change-nodes', '30', '--instances', '3'], 'more than there are instances'],
])('refuses %j with a line that says why', (args, message) => {
  const { status, stderr } = start(...args);

  expect(status).toBe(2);
  expect(stderr.trim().split('\n').length).toBe(1);
  expect(stderr).toContain(message);
});
