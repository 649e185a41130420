import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { createSsmClient } from '../lib/aws/parameter-store.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** A deployment, and where its settings come from. */
export interface Stage {
  readonly name: string;
  /** The settings of its file; undefined if it has none. */
  readonly file: Env | undefined;
  /** The environment of whatever runs for the stage. */
  readonly env: Env;
}

const folder = 'stages'; // of the working directory, which is the project's

export function stagePath(name: string): string {
  return `${folder}/${name}.env`;
}

/** True, or what is wrong with the name of a stage. */
export function checkStageName(name: string): true | string {
  // The name is part of those of the stack and of every function: letters, digits and hyphens.
  const isName = /^[A-Za-z][A-Za-z0-9-]{0,30}$/.test(name) && name !== 'all';
  return isName || `"${name.slice(0, 40)}" is not a stage: give a word such as prod or test`;
}

/** The stages that have a file. */
export function listStages(): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.env'))
    .map((name) => name.slice(0, -'.env'.length))
    .filter((name) => checkStageName(name) === true)
    .sort();
}

/**
 * The stage, its file on top of the environment. The environment keeps what is not the stage's own: AWS credentials,
 * and a CANARY for one deployment.
 */
export function readStage(name: string, environment: Env): Stage {
  const file = readFile(name);
  const { AWS_ACCESS_KEY_ID, AWS_PROFILE, CANARY } = environment;
  const env = {
    PARAMETER_PREFIX: `/ddm-sync/${name}`, // the default of serverless.yml
    ...withoutEmpty(environment),
    ...file,
    AWS_PROFILE: AWS_PROFILE || (AWS_ACCESS_KEY_ID ? undefined : file?.AWS_PROFILE),
    CANARY: CANARY || file?.CANARY,
  };
  return { name, file, env: withoutEmpty(env) };
}

function readFile(name: string): Env | undefined {
  if (!existsSync(stagePath(name))) return undefined;
  return withoutEmpty(parseEnv(readFileSync(stagePath(name), 'utf8')));
}

/** An empty variable counts as unset, but not for serverless.yml. */
function withoutEmpty(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
}

/** The AWS region of a stage: its own, or that of the AWS profile, as for the AWS SDK. */
export async function resolveRegion({ AWS_PROFILE, AWS_REGION }: Env): Promise<string | undefined> {
  if (AWS_REGION) return AWS_REGION;
  const client = createSsmClient(AWS_PROFILE ? { profile: AWS_PROFILE } : {});
  return client.config.region().catch(() => undefined);
}
