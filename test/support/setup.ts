import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Cloud, type CloudOptions, startCloud } from '../../emulator/cloud.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const script = join(root, 'cli/setup.ts');

export type Environment = Readonly<Record<string, string>>;

/** An embedded cloud with nothing in its parameter store. */
export async function openCloud(options: Partial<CloudOptions> = {}): Promise<Cloud> {
  const cloud = await startCloud({ instances: 6, auth: 'nothing', ...options });
  onTestFinished(() => cloud.close());
  return cloud;
}

/** Nothing of the machine's own AWS set-up gets in. */
export const bare: Environment = {
  PATH: process.env.PATH ?? '',
  HOME: join(root, 'no-such-home'),
  AWS_EC2_METADATA_DISABLED: 'true',
};

export const aws: Environment = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

export function environment({ ddm, iam, ssm }: Cloud): Environment {
  return {
    ...bare,
    ...aws,
    AWS_ENDPOINT_URL_SSM: ssm.endpoint,
    DDM_ENDPOINT: ddm.endpoint,
    IAM_ENDPOINT: iam.endpoint,
  };
}

export function secretsOf({ accessKeys, iam }: Cloud): Environment {
  return {
    DDM_SYNC_PASSWORD: iam.user.password,
    DDM_SYNC_ACCESS_KEY_ID: accessKeys.accessKeyId,
    DDM_SYNC_SECRET_ACCESS_KEY: accessKeys.secretAccessKey,
  };
}

/** All that a set-up of the embedded cloud needs but its instances. */
export function flagsFor(
  { iam, parameterPrefix, projectId }: Cloud,
  auth: 'token' | 'aksk' = 'token',
): readonly string[] {
  return [
    ...['--project', projectId, '--auth', auth, '--prefix', parameterPrefix, '--yes'],
    ...['--domain-name', iam.user.domainName, '--user-name', iam.user.userName],
  ];
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run setup` with flags, without a terminal. */
export async function setUp(args: readonly string[], env: Environment): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status, stdout, stderr };
}

/** The same with everything that the embedded cloud wants to know. */
export function setUpAll(cloud: Cloud, auth: 'token' | 'aksk' = 'token') {
  return setUp([...flagsFor(cloud, auth), '--instances', 'all'], {
    ...environment(cloud),
    ...secretsOf(cloud),
  });
}

export function stored({ parameterPrefix, ssm }: Cloud, name: string) {
  return ssm.parameters.get(`${parameterPrefix}/${name}`);
}

export function listNames({ parameterPrefix, ssm }: Cloud): string[] {
  return [...ssm.parameters.keys()]
    .map((name) => name.slice(parameterPrefix.length + 1))
    .filter((name) => name.startsWith('instances'))
    .sort();
}

/** What must never be printed. */
export function everySecret({ accessKeys, iam }: Cloud): string[] {
  return [
    iam.user.password,
    accessKeys.accessKeyId,
    accessKeys.secretAccessKey,
    ...[...iam.tokens].map((token) => token.slice(0, 24)),
  ];
}

/** `npm run setup` in a pseudo-terminal. */
export function openSetUp(env: Environment, args: readonly string[] = []): Terminal {
  return openTerminal([script, ...args], env);
}
