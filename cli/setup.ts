import { type Cloud, startCloud } from '../emulator/cloud.ts';
import { runCommand } from './options.ts';
import { createInterrupt, InterruptedError } from './setup/interrupt.ts';
import {
  collectAnswers,
  fillIn,
  readLoopback,
  type SetupOptions,
  setupCommand,
} from './setup/options.ts';
import { type Session, SetupError } from './setup/session.ts';
import { setUp } from './setup/set-up.ts';

const { env, stderr, stdin, stdout } = process;
const interactive = stdin.isTTY === true && stdout.isTTY === true;
const interrupt = createInterrupt(stdin, (text) => void stdout.write(text));
const terminal = { interactive, interrupt, print, prompts: { signal: interrupt.signal } };
const embeddedInstances = 12;
/** Inquirer's own names for Ctrl-C, and for the end of the input. */
const endings = new Set(['ExitPromptError', 'AbortPromptError', InterruptedError.name]);

await runCommand(setupCommand, async (options) => {
  try {
    await run(collectAnswers(options, env));
    return 0;
  } catch (error) {
    if (error instanceof Error && endings.has(error.name)) {
      interrupt.say();
      return 130;
    }
    if (!(error instanceof SetupError)) throw error;
    stderr.write(`${error.message}\n`);
    return 1;
  }
});

async function run(options: SetupOptions): Promise<void> {
  if (!options.embedded) return setUp(createSession(options));
  const cloud = await startCloud({ instances: embeddedInstances, auth: 'nothing' });
  try {
    print('Embedded cloud: project, account, user, password and access key are filled in.');
    await setUp(createSession(fillIn(options, cloud, interactive), cloud));
  } finally {
    await cloud.close();
  }
}

/** @param cloud the embedded one, in place of what the environment names */
function createSession(options: SetupOptions, cloud?: Cloud): Session {
  const common = { ...terminal, options };
  if (!cloud) {
    return { ...common, loopback: readLoopback(env), ssm: {}, environment: env };
  }
  const { cts, ddm, iam, ssm } = cloud;
  return {
    ...common,
    loopback: { ctsEndpoint: cts.endpoint, ddmEndpoint: ddm.endpoint, iamEndpoint: iam.endpoint },
    ssm: {
      endpoint: ssm.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
    environment: {},
  };
}

function print(text: string): void {
  stdout.write(`${text}\n`);
}
