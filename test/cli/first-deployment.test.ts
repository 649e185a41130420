import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../support/process.ts';
import { allFlags, bare, type Environment, openCloud, wholeEnvironment } from '../support/setup.ts';
import { copyService, propertiesOf, required, type Template } from '../support/template.ts';

/** A checkout with all that setup and deployment need. */
function checkOut(): string {
  const folder = copyService();
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['cli', 'emulator', 'functions', 'scripts']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  return folder;
}

/** `npm run …` in a fresh shell: nothing is exported in it but `env`. */
async function npmRun(cwd: string, args: readonly string[], env: Environment = {}) {
  const child = spawn('npm', ['run', ...args], {
    cwd,
    env: { ...bare, npm_config_update_notifier: 'false', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status: child.exitCode, output: stdout + stderr };
}

function readTemplate(folder: string): Template {
  const path = '.serverless/cloudformation-template-update-stack.json';
  return JSON.parse(readFileSync(join(folder, path), 'utf8'));
}

const dryRun = ['deploy', '--', '--stage', 'first', '--dry-run'];

test('setup, deployment, and another one from a fresh shell need no exported variable', async () => {
  const cloud = await openCloud();
  const folder = checkOut();
  const stageFile = join(folder, 'stages/first.env');

  const setup = ['setup', '--', ...allFlags(cloud), '--stage', 'first'];
  const setUp = await npmRun(folder, setup, wholeEnvironment(cloud));
  expect(setUp.status, setUp.output).toBe(0);

  const onLoopback = await npmRun(folder, dryRun);
  expect(onLoopback.status).toBe(2);
  expect(onLoopback.output).toMatch(
    /DDM_ENDPOINT is .*: a function on AWS cannot reach this machine/,
  );

  // As setup writes it for a cloud that is not embedded.
  const written = readFileSync(stageFile, 'utf8');
  const real = written
    .replace(/^DDM_ENDPOINT=.*/m, `DDM_ENDPOINT=${required.DDM_ENDPOINT}`)
    .replace(/^IAM_ENDPOINT=.*/m, '');
  writeFileSync(stageFile, real);
  const first = await npmRun(folder, dryRun);
  expect(first.output).toMatch(/ first +eu-central-1 .* can be deployed\n/);
  const template = readTemplate(folder);
  expect(propertiesOf(template, 'ScheduledLambdaFunction').Environment.Variables).toMatchObject({
    DDM_ENDPOINT: required.DDM_ENDPOINT,
    DDM_PROJECT_ID: cloud.projectId,
    PARAMETER_PREFIX: cloud.parameterPrefix,
    AUTH_MODE: 'token',
  });

  const second = await npmRun(folder, dryRun, { AWS_REGION: 'us-east-1' });
  expect(second.status, second.output).toBe(0);
  expect(second.output).toMatch(/ first +eu-central-1 /);
  expect(propertiesOf(readTemplate(folder), 'ScheduledLambdaFunction').Environment).toEqual(
    propertiesOf(template, 'ScheduledLambdaFunction').Environment,
  );

  cpSync(join(root, 'test/support/sample-certificate.pem'), join(folder, 'stages/ca.pem'));
  appendFileSync(stageFile, 'CLOUD_CA_FILE=stages/ca.pem\n');
  const withAuthority = await npmRun(folder, dryRun);
  expect(withAuthority.status, withAuthority.output).toBe(0);
  const { Variables } = propertiesOf(readTemplate(folder), 'WorkerLambdaFunction').Environment;
  expect(Variables.NODE_EXTRA_CA_CERTS).toBe('/var/task/stages/ca.pem');
  const [archive = ''] = globSync(join(folder, '.serverless/*.zip'));
  expect(readFileSync(archive).includes('stages/ca.pem')).toBe(true);
}, 180_000);

test('serverless package does not take a shell without the settings of the stage', async () => {
  const folder = checkOut();
  cpSync(join(root, '.env.example'), join(folder, 'stages/first.env'));
  const settings = Object.entries({ ...required, SYNC_RATE_PER_SECOND: '5' });
  appendFileSync(
    join(folder, 'stages/first.env'),
    settings.map(([name, value]) => `${name}=${value}\n`).join(''),
  );

  const child = spawn('npx', ['serverless', 'package', '--stage', 'first'], {
    cwd: folder,
    env: { ...bare, ...required },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);

  expect(child.exitCode).toBe(1);
  expect(stdout).toContain(
    'The environment lacks the settings of stages/first.env: use npm run deploy -- --stage first',
  );
});
