import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

interface Resource {
  readonly Type: string;
  readonly DependsOn?: string | readonly string[];
  readonly UpdatePolicy?: unknown;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface Statement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

type Environment = Readonly<Record<string, string>>;

const service = ['serverless.yml', 'package.json', 'infra', 'dist'];

/** Runs `serverless package` into a folder, on a copy of the service: two at once would share `.serverless`. */
export function runPackage(to: string, env: Environment = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'ddm-sync-service-'));
  for (const name of service) cpSync(join(root, name), join(cwd, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
  const serverless = join(root, 'node_modules/serverless/bin/serverless.js');
  const result = spawnSync(process.execPath, [serverless, 'package', '--package', to], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off', ...env },
  });
  rmSync(cwd, { recursive: true });
  return result;
}

/** The template that a deployment with these settings would bring. */
export function packageService(to: string, env: Environment = {}): Template {
  const { status, stderr, stdout } = runPackage(to, env);
  if (status !== 0) throw new Error(`serverless package failed: ${stdout}${stderr}`);
  return JSON.parse(readFileSync(templateIn(to), 'utf8'));
}

export function templateIn(folder: string): string {
  return join(folder, 'cloudformation-template-update-stack.json');
}

export function checkTemplate(path: string) {
  return spawnSync(process.execPath, [join(root, 'scripts/check-template.ts'), path], {
    encoding: 'utf8',
  });
}

export function statementsOf({ Resources }: Template): readonly Statement[] {
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Role')
    .flatMap(
      ({ Properties }) => Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[],
    )
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}
