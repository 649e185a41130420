import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../support/process.ts';
import type { Properties, Statement, Template } from '../support/template.ts';
import { awsEnvironment, type Credentials } from './moto.ts';

interface DeployedFunction {
  /** In serverless.yml. */
  readonly Key: string;
  readonly FunctionName: string;
  readonly Timeout: number;
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
  /** The version behind the alias `live`. */
  readonly Alias: string;
  /** What it has on Lambda: temporary credentials of its role. */
  readonly Credentials: Credentials;
  /** What its role allows, with the ARNs that moto gave the resources. */
  readonly Statements: readonly Statement[];
}

/** What moto has made of a deployment: the answers of AWS's Describe and Get calls. */
interface Created {
  readonly name: string;
  readonly status: string;
  /** From the logical to the physical id. */
  readonly physicalIds: Readonly<Record<string, string>>;
  readonly functions: readonly DeployedFunction[];
  readonly eventSources: readonly Properties[];
  readonly queues: readonly Properties[];
  readonly schedules: readonly Properties[];
  readonly invokeConfigs: readonly Properties[];
  readonly alarms: readonly Properties[];
  readonly dashboard: string;
  readonly deploymentGroups: readonly Properties[];
  readonly routes: readonly Properties[];
  readonly rules: readonly Properties[];
  readonly logGroups: readonly Properties[];
}

export interface Stack extends Created {
  readonly template: Template;
  /** The unzipped package. */
  readonly taskRoot: string;
}

const run = promisify(execFile);
const serverless = join(root, 'node_modules/serverless/bin/serverless.js');
const reader = fileURLToPath(new URL('read-stack.py', import.meta.url));
const maxBuffer = 64 * 1_024 * 1_024;

/** `serverless deploy` to moto. */
export async function deploy(
  endpoint: string,
  stage: string,
  env: Readonly<Record<string, string>>,
): Promise<Stack> {
  const { HOME = '', PATH = '' } = process.env;
  await run(process.execPath, [serverless, 'deploy', '--stage', stage], {
    cwd: root,
    env: {
      HOME,
      PATH,
      ...awsEnvironment(endpoint),
      SLS_AWS_MONITORING_FREQUENCY: '300', // ms
      SLS_TELEMETRY_DISABLED: '1',
      SLS_NOTIFICATIONS_MODE: 'off',
      ...env,
    },
  });
  const packaged = join(root, '.serverless');
  const taskRoot = mkdtempSync(join(tmpdir(), 'ddm-sync-package-'));
  await run('python3', ['-m', 'zipfile', '-e', join(packaged, 'ddm-sync.zip'), taskRoot]);
  const template = readFileSync(join(packaged, 'cloudformation-template-update-stack.json'));
  const { stdout } = await run('python3', [reader, endpoint, `ddm-sync-${stage}`], { maxBuffer });
  return { ...JSON.parse(stdout), taskRoot, template: JSON.parse(template.toString()) };
}
