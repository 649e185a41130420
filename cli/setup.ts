// `npm run setup`: the first set-up of ddm-sync, for a person or with flags.
import { type Cloud, startCloud } from '../emulator/cloud.ts';
import { OptionError } from './options.ts';
import { fillIn } from './setup/embedded.ts';
import { help } from './setup/help.ts';
import { createInterrupt, InterruptedError } from './setup/interrupt.ts';
import { readLoopback } from './setup/loopback.ts';
import { parseSetupOptions, type SetupOptions } from './setup/options.ts';
import type { Session } from './setup/session.ts';
import { setUp } from './setup/set-up.ts';
import { SetupError } from './setup/setup-error.ts';

const { env, stderr, stdin, stdout } = process;
function print(text: string): void {
  stdout.write(`${text}\n`);
}
const interactive = stdin.isTTY === true && stdout.isTTY === true;
const interrupt = createInterrupt(stdin, (text) => void stdout.write(text));
const terminal = { interactive, interrupt, print, prompts: { signal: interrupt.signal } };
const embeddedInstances = 12;

async function main(): Promise<void> {
  const options = parseSetupOptions(process.argv.slice(2), env);
  if (options.help) return print(help.trimEnd());
  if (!options.embedded) return setUp(createSession(options));
  const cloud = await startCloud({ instances: embeddedInstances, auth: 'nothing' });
  try {
    print('Embedded cloud: project, account, user, password and access key are filled in.');
    await setUp(createEmbeddedSession(fillIn(options, cloud, interactive), cloud));
  } finally {
    await cloud.close();
  }
}

function createSession(options: SetupOptions): Session {
  return {
    ...terminal,
    options,
    loopback: readLoopback(env),
    ssm: {},
    kmsArn: env.PARAMETER_KMS_ARN,
  };
}

function createEmbeddedSession(options: SetupOptions, { ddm, iam, ssm }: Cloud): Session {
  return {
    ...terminal,
    options,
    loopback: { ddmEndpoint: ddm.endpoint, iamEndpoint: iam.endpoint },
    ssm: {
      endpoint: ssm.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
    kmsArn: undefined,
  };
}

/** Inquirer's own names for Ctrl-C, and for the end of the input. */
const endings = new Set(['ExitPromptError', 'AbortPromptError', InterruptedError.name]);

process.exitCode = await main().then(
  () => 0,
  (error: unknown) => {
    if (error instanceof Error && endings.has(error.name)) {
      interrupt.say();
      return 130;
    }
    if (!(error instanceof OptionError || error instanceof SetupError)) throw error;
    stderr.write(`${error.message}\n`);
    return error instanceof OptionError ? 2 : 1;
  },
);
