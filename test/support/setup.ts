import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parseOptions } from '../../cli/options.ts';
import { collectAnswers, readLoopback, setupCommand } from '../../cli/setup/options.ts';
import { SetupError } from '../../cli/setup/session.ts';
import { setUp } from '../../cli/setup/set-up.ts';
import { type Cloud, type CloudOptions, startCloud } from '../../emulator/cloud.ts';
import { root, runNode, temporaryFolder, workIn } from './process.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const script = 'cli/setup.ts';

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

export function environment({ cts, ddm, iam, ssm }: Cloud): Environment {
  return {
    ...bare,
    ...aws,
    AWS_ENDPOINT_URL_SSM: ssm.endpoint,
    DDM_ENDPOINT: ddm.endpoint,
    IAM_ENDPOINT: iam.endpoint,
    CTS_ENDPOINT: cts.endpoint,
  };
}

function secretsOf({ accessKeys, iam }: Cloud): Environment {
  return {
    DDM_SYNC_PASSWORD: iam.user.password,
    DDM_SYNC_ACCESS_KEY_ID: accessKeys.accessKeyId,
    DDM_SYNC_SECRET_ACCESS_KEY: accessKeys.secretAccessKey,
  };
}

/** With the secrets, too. */
export function wholeEnvironment(cloud: Cloud): Environment {
  return { ...environment(cloud), ...secretsOf(cloud) };
}

/** All that a set-up of the embedded cloud needs but its instances. */
export function flagsFor(
  { iam, parameterPrefix, projectId }: Cloud,
  auth: 'token' | 'aksk' = 'token',
): readonly string[] {
  return [
    ...['--project', projectId, '--auth', auth, '--prefix', parameterPrefix, '--yes'],
    ...['--stage', 'prod'],
    ...['--domain-name', iam.user.domainName, '--user-name', iam.user.userName],
  ];
}

export function allFlags(cloud: Cloud, auth?: 'token' | 'aksk'): readonly string[] {
  return [...flagsFor(cloud, auth), '--instances', 'all'];
}

/** `npm run setup` with flags, without a terminal, in a process and a folder of its own. */
export function spawnSetUp(args: readonly string[], env: Environment, cwd = temporaryFolder()) {
  return runNode(script, args, { cwd, env });
}

export interface SetUpRun {
  readonly cloud: Cloud;
  readonly args: readonly string[];
  /** What the environment adds to the endpoints and secrets of the cloud. */
  readonly env?: Environment;
  /** Where it writes the file of the stage. @default a temporary folder */
  readonly cwd?: string;
}

/** The same in this process, against an embedded cloud. Resolves with what is printed. */
export async function runSetUp({ args, cloud, cwd = temporaryFolder(), env = {} }: SetUpRun) {
  workIn(cwd);
  const all: Environment = { ...wholeEnvironment(cloud), ...env };
  const printed: string[] = [];
  const session = {
    options: collectAnswers(parseOptions(setupCommand, args), all),
    interactive: false,
    loopback: readLoopback(all),
    prompts: { signal: new AbortController().signal },
    interrupt: {
      signal: new AbortController().signal,
      finish: <Result>(work: () => Promise<Result>) => work(),
      say: () => {},
    },
    ssm: {
      endpoint: cloud.ssm.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
    environment: all,
    print: (line: string) => void printed.push(`${line}\n`),
  };
  const refusal = await setUp(session).then(
    () => undefined,
    (error: unknown) => {
      if (!(error instanceof SetupError)) throw error;
      return error.message;
    },
  );
  return { refusal, stdout: printed.join('') };
}

/** With everything that the embedded cloud wants to know. */
export function setUpAll(cloud: Cloud, auth?: 'token' | 'aksk') {
  return runSetUp({ cloud, args: allFlags(cloud, auth) });
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
  return openTerminal([join(root, script), ...args], env, temporaryFolder());
}
