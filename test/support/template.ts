import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './process.ts';

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

interface Packaged {
  readonly status: number | null;
  /** What `serverless package` printed, stdout and stderr. */
  readonly output: string;
  readonly template: Template;
  /** What `serverless deploy` would tell CloudFormation besides the template. */
  readonly state: { readonly service: { readonly provider: Readonly<Record<string, unknown>> } };
}

/** Everything a template is made from besides the environment: a package run sees no other file of the project. */
export const inputs = ['serverless.yml', 'package.json', 'package-lock.json', 'infra', 'lib'];

/** What every deployment needs. */
export const required = {
  AWS_REGION: 'eu-central-1',
  DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
  DDM_PROJECT_ID: '619d3e78f61b4be68bc5aa0b59edcf7b',
};

/** The template that a deployment with these settings, and those that are required, would bring. */
export function packageService(env: Environment = {}): Template {
  const { output, status, template } = runPackage(env);
  if (status !== 0) throw new Error(`serverless package failed: ${output}`);
  return template;
}

/** `serverless package` with these settings and those that are required, run once for each state of the inputs: the result is kept in dist/. */
export function runPackage(
  env: Environment = {},
  from = root,
  cache = join(root, 'dist/templates'),
): Packaged {
  const folder = join(cache, hashInputs(from));
  const path = join(
    folder,
    `${createHash('sha256').update(JSON.stringify(env)).digest('hex')}.json`,
  );
  if (!existsSync(path)) {
    const packaged = packageCopy(from, env);
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(cache)) {
      if (name !== basename(folder)) rmSync(join(cache, name), { recursive: true, force: true });
    }
    // Another worker may read or write the same path.
    const temporary = `${path}.${process.pid}.${Date.now()}`;
    writeFileSync(temporary, JSON.stringify(packaged));
    renameSync(temporary, path);
  }
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Changes with every byte and name of the inputs, with this file, and with Node. */
export function hashInputs(from: string): string {
  const paths = inputs
    .flatMap((input) => [input, ...globSync(`${input}/**`, { cwd: from })])
    .sort();
  const hash = createHash('sha256').update(process.version);
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  for (const path of paths) {
    const isFile = statSync(join(from, path)).isFile();
    hash.update(`\0${path}\0`).update(isFile ? readFileSync(join(from, path)) : '');
  }
  return hash.digest('hex');
}

export const serverless = join(root, 'node_modules/serverless/bin/serverless.js');

/** A folder that the framework can work in, with the inputs and nothing else of the project. */
export function copyService(from = root): string {
  const cwd = mkdtempSync(join(tmpdir(), 'ddm-sync-service-'));
  for (const name of inputs) cpSync(join(from, name), join(cwd, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
  mkdirSync(join(cwd, 'dist'));
  writeFileSync(join(cwd, 'dist/package.json'), '{}'); // no template depends on the code
  return cwd;
}

function packageCopy(from: string, env: Environment): Packaged {
  const cwd = copyService(from);
  const { PATH = '', HOME = '' } = process.env;
  const { status, stderr, stdout } = spawnSync(process.execPath, [serverless, 'package'], {
    cwd,
    encoding: 'utf8',
    // Nothing else: a setting of this machine would be in the template.
    env: {
      PATH,
      HOME,
      SLS_TELEMETRY_DISABLED: '1',
      SLS_NOTIFICATIONS_MODE: 'off',
      ...required,
      ...env,
    },
  });
  const read = (name: string) =>
    status === 0 ? JSON.parse(readFileSync(join(cwd, '.serverless', name), 'utf8')) : {};
  const template = read('cloudformation-template-update-stack.json');
  const state = read('serverless-state.json');
  rmSync(cwd, { recursive: true });
  return { status, output: stdout + stderr, template, state };
}

// biome-ignore lint/suspicious/noExplicitAny: the template is what the framework made of infra/
export type Properties = Readonly<Record<string, any>>;

/** The resources of a type: logical id and properties. */
export function resourcesOf(
  { Resources }: Template,
  type: string,
): readonly (readonly [string, Properties])[] {
  return Object.entries(Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, { Properties }]) => [id, Properties] as const);
}

/** @throws {TypeError} if the template has no such resource */
export function propertiesOf({ Resources }: Template, id: string): Properties {
  const resource = Resources[id];
  if (!resource) throw new TypeError(`the template has no ${id}`);
  return resource.Properties;
}

/** What the roles allow: all of them, or one. */
export function statementsOf(template: Template, role?: string): readonly Statement[] {
  const roles = role
    ? [propertiesOf(template, role)]
    : resourcesOf(template, 'AWS::IAM::Role').map(([, properties]) => properties);
  return roles
    .flatMap(({ Policies }) => Policies as { PolicyDocument: { Statement: Statement[] } }[])
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}
