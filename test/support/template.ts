import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** A CloudFormation template. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** Runs `serverless package` into a folder and reads the template that it would deploy. */
export const packageService = (
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Template => {
  const serverless = join(root, 'node_modules/serverless/bin/serverless.js');
  const run = [serverless, 'package', '--package', folder];
  const { status, stderr, stdout } = spawnSync(process.execPath, run, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off', ...env },
  });
  if (status !== 0) throw new Error(`serverless package failed: ${stdout}${stderr}`);
  return JSON.parse(
    readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8'),
  );
};
