import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { findClosedPort } from '../support/http-server.ts';
import { root, runNode } from '../support/process.ts';

/** `npm run dev` on a free port. */
async function startDev() {
  const port = await findClosedPort();
  const child = spawn(process.execPath, [join(root, 'cli/dev.ts'), `--port=${port}`], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' },
  });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += chunk;
    });
  }
  await vi.waitFor(() => expect(printed).toMatch(/Server ready|listening.*server/i), {
    timeout: 30_000,
  });
  const url = `http://127.0.0.1:${port}/sync`;
  const post = async (body?: string, headers: Readonly<Record<string, string>> = {}) => {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const answer = await fetch(url, {
      method: 'POST',
      body: body ?? null,
      headers: { ...type, ...headers },
    });
    return {
      status: answer.status,
      headers: answer.headers,
      body: JSON.parse(await answer.text()),
    };
  };
  return { post, printed: () => printed };
}

test('npm run dev answers POST /sync over HTTP as the HTTP API does', async () => {
  const { post, printed } = await startDev();
  const named = /"instanceIds":\["([0-9a-f]{32}in09)"\]/.exec(printed())?.[1] ?? '';

  const fleet = await post();
  const one = await post(JSON.stringify({ instanceIds: [named] }));
  const wrong = await post('[1]');
  const foreign = await post(JSON.stringify({ instanceIds: [`${'0'.repeat(32)}in09`] }));
  const unknown = await post(undefined, { 'sls-offline-authorizer-override': '{}' });

  expect([fleet.status, fleet.body.accepted, fleet.body.failed]).toEqual([207, 19, 1]);
  expect(fleet.headers.get('x-run-id')).toBe(fleet.body.runId);
  expect([one.status, one.body.total, one.body.results[0].instanceId]).toEqual([200, 1, named]);
  expect([wrong.status, foreign.status, unknown.status]).toEqual([400, 403, 401]);
  expect(printed()).toContain('Scheduling [scheduled] cron: [*/1 * * * *]');
}, 60_000);

test.each([
  [['--port', '0'], /^--port: "0" is not a port: give a number from 1 to 65535\n$/],
  [['--instances', 'many'], /^--instances takes a number such as 500, not "many"\n$/],
  [['--unknown'], /^Unknown option '--unknown': see npx ddm-sync dev --help\n$/],
])('npm run dev refuses %j with one line', async (args, message) => {
  const { status, stderr } = await runNode('cli/dev.ts', args);

  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});
