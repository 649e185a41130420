import { confirm } from '@inquirer/prompts';
import { ParameterError, RotationError } from '../../lib/errors.ts';
import type { Place } from './answers.ts';
import { splitList } from './checks.ts';
import { chooseInstances } from './choose-instances.ts';
import { requireAll } from './options.ts';
import { explainStore, type OpenStore, openParameterStore } from './parameter-store.ts';
import {
  createPlan,
  describePlan,
  type Existing,
  type Plan,
  readExisting,
  touchesExisting,
} from './plan.ts';
import { askAlarmEmail, askPrefix } from './questions.ts';
import { type Session, SetupError } from './session.ts';
import { completePlace, type Proven, signInUntilProven } from './sign-in.ts';
import { carryOut, createSetupApp, tryOut } from './write.ts';

const defaultStage = 'prod';

const embeddedSteps = `This was the embedded cloud: it leaves nothing behind. For a real project:
  npm run setup`;

/**
 * Asks, proves, says what it will write, writes it, and tries it out. It writes nothing before the end.
 * @throws {OptionError | SetupError}
 */
export async function setUp(session: Session): Promise<void> {
  const { interactive, loopback, options, ssm } = session;
  if (!interactive) requireAll(options, loopback);
  const parameterStore = await openParameterStore(ssm, session.kmsArn);
  try {
    const draft = await completePlace(session, options.draft, options.draft);
    const prefix = await choosePrefix(session);
    const existing = await readExisting(parameterStore.store, prefix);
    const proven = await signInUntilProven(session, draft);
    await write(session, parameterStore, { existing, prefix, proven });
  } catch (error) {
    if (error instanceof ParameterError) {
      throw new SetupError(explainStore(error, parameterStore.region), { cause: error });
    }
    if (error instanceof RotationError) throw new SetupError(error.message, { cause: error });
    throw error;
  }
}

async function choosePrefix({ interactive, options, prompts }: Session): Promise<string> {
  const { prefix, stage, yes } = options;
  if (prefix !== undefined) return prefix;
  const fallback = defaultPrefix(stage ?? defaultStage);
  if (!interactive || yes || stage !== undefined) return fallback;
  return askPrefix(fallback, prompts);
}

interface Ready {
  readonly prefix: string;
  readonly existing: Existing;
  readonly proven: Proven;
}

async function write(
  session: Session,
  { region, store }: OpenStore,
  { existing, prefix, proven }: Ready,
): Promise<void> {
  const { interrupt, options, print } = session;
  const { authMode, credentials, listed, place } = proven;
  const instanceIds = await chooseInstances(session, listed);
  const names = new Map(listed?.map(({ id, name }) => [id, name]));
  const plan = createPlan({ prefix, credentials, instanceIds, names }, existing);
  print(`\n${describePlan(plan, region)}\n`);
  await consent(session, plan);
  const mayList = listed !== undefined;
  const settings = { ...place, prefix, authMode, mayList, store, onWarning: print };
  const app = createSetupApp(settings);
  await interrupt.finish(() => carryOut({ app, print, store }, plan));
  const { text, works } = await tryOut(app, instanceIds.length);
  if (!works) throw new SetupError(text);
  print(`${text}\n`);
  if (options.embedded) return print(embeddedSteps);
  const { stage = defaultStage } = options;
  const alarmEmail = await chooseAlarmEmail(session);
  const deployment = { ...place, authMode, mayList, awsRegion: region, stage, prefix, alarmEmail };
  print(nextSteps(deployment));
}

/** Separated by commas; '' for nobody. The stack makes the topic and its subscriptions. */
async function chooseAlarmEmail({ interactive, options, prompts }: Session): Promise<string> {
  const { alarmEmail, yes } = options;
  const asks = alarmEmail === undefined && interactive && !yes;
  return splitList(asks ? await askAlarmEmail(prompts) : (alarmEmail ?? '')).join(',');
}

async function consent({ options, prompts }: Session, plan: Plan): Promise<void> {
  if (options.yes) return;
  const replaces = touchesExisting(plan);
  const message = replaces ? 'Write them, and replace or remove what is there?' : 'Write them?';
  if (await confirm({ message, default: !replaces }, prompts)) return;
  throw new SetupError('Stopped. Nothing was written.');
}

interface Deployment extends Place {
  readonly awsRegion: string;
  readonly authMode: 'token' | 'aksk';
  readonly mayList: boolean;
  readonly stage: string;
  readonly prefix: string;
  readonly alarmEmail: string;
}

/** The default of serverless.yml. */
function defaultPrefix(stage: string): string {
  return `/ddm-sync/${stage}`;
}

/** The commands that come after the set-up. */
function nextSteps(deployment: Deployment): string {
  const { alarmEmail, authMode, awsRegion, ddmEndpoint, mayList, prefix, projectId, stage } =
    deployment;
  const lines = [
    `export AWS_REGION=${awsRegion}`,
    `export DDM_ENDPOINT=${ddmEndpoint} DDM_PROJECT_ID=${projectId}`,
    ...(prefix === defaultPrefix(stage) ? [] : [`export PARAMETER_PREFIX=${prefix}`]),
    ...(authMode === 'aksk' ? ['export AUTH_MODE=aksk'] : []),
    ...(mayList ? [] : ['export ROTATION_PROOF=off   # the user may not list the instances']),
    ...(alarmEmail === '' ? [] : [`export ALARM_EMAIL=${alarmEmail}`]),
    `npm run deploy -- --stage ${stage}`,
  ];
  return ['Set up. Next:', ...lines.map((line) => `  ${line}`)].join('\n');
}
