import { confirm } from '@inquirer/prompts';
import { readStage, type Stage } from '../../infra/stage.ts';
import { ParameterError, RotationError } from '../../lib/errors.ts';
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
import { askAlarmEmail, askStage } from './questions.ts';
import { type Session, SetupError } from './session.ts';
import { completePlace, type Proven, signInUntilProven } from './sign-in.ts';
import { describeStagePlan, planStage, type StagePlan, writeStage } from './stage-settings.ts';
import { carryOut, checkWatch, createSetupApp, tryOut } from './write.ts';

const defaultStage = 'prod';

const embeddedSteps = `This was the embedded cloud: it leaves nothing behind. For a real project:
  npm run setup`;

/**
 * Asks, proves, says what it will write, writes it, and tries it out. It writes nothing before the end.
 * @throws {OptionError | SetupError}
 */
export async function setUp(session: Session): Promise<void> {
  const { interactive, loopback, options } = session;
  if (!interactive) requireAll(options, loopback);
  const stage = readStage(await chooseStage(session), session.environment);
  const parameterStore = await openParameterStore(stage, session.ssm);
  try {
    const draft = await completePlace(session, options.draft, options.draft);
    const prefix = options.prefix ?? stage.env.PARAMETER_PREFIX ?? '';
    const existing = await readExisting(parameterStore.store, prefix);
    const proven = await signInUntilProven(session, draft);
    await write(session, parameterStore, { existing, prefix, proven, stage });
  } catch (error) {
    if (error instanceof ParameterError) {
      throw new SetupError(explainStore(error, parameterStore.region), { cause: error });
    }
    if (error instanceof RotationError) throw new SetupError(error.message, { cause: error });
    throw error;
  }
}

async function chooseStage({ interactive, options, prompts }: Session): Promise<string> {
  const { stage, yes } = options;
  if (stage !== undefined || !interactive || yes) return stage ?? defaultStage;
  return askStage(defaultStage, prompts);
}

interface Ready {
  readonly stage: Stage;
  readonly prefix: string;
  readonly existing: Existing;
  readonly proven: Proven;
}

async function write(
  session: Session,
  { region, store }: OpenStore,
  { existing, prefix, proven, stage }: Ready,
): Promise<void> {
  const { interrupt, options, print } = session;
  const { authMode, credentials, listed, place } = proven;
  const instanceIds = await chooseInstances(session, listed);
  const names = new Map(listed?.map(({ id, name }) => [id, name]));
  const plan = createPlan({ prefix, credentials, instanceIds, names }, existing);
  const isLoopback = session.loopback !== undefined;
  const mayList = listed !== undefined;
  const alarmEmail = await chooseAlarmEmail(session, stage);
  const answers = {
    ...place,
    authMode,
    awsRegion: region,
    isLoopback,
    prefix,
    mayList,
    alarmEmail,
  };
  const stagePlan = planStage(stage, answers);
  print(`\n${describePlan(plan, region)}\n`);
  if (!options.embedded) print(`${describeStagePlan(stagePlan)}\n`);
  await consent(session, plan, stagePlan);
  const serviceTypes = stage.env.WATCH_SERVICE_TYPES;
  const settings = { ...place, prefix, authMode, mayList, serviceTypes, store, onWarning: print };
  const app = createSetupApp(settings);
  await interrupt.finish(async () => {
    await carryOut({ app, print, store }, plan);
    if (options.embedded) return;
    writeStage(stagePlan);
    print(`Written: ${stagePlan.path}`);
  });
  const { text, works } = await tryOut(app, instanceIds.length);
  if (!works) throw new SetupError(text);
  print(text);
  for (const problem of await checkWatch(app)) print(`Warning: ${problem}.`);
  print('');
  print(options.embedded ? embeddedSteps : nextSteps(stage));
}

/** Separated by commas; undefined for nobody. The stack makes the topic and its subscriptions. */
async function chooseAlarmEmail(
  { interactive, options, prompts }: Session,
  { env }: Stage,
): Promise<string | undefined> {
  const { alarmEmail = env.ALARM_EMAIL, embedded, yes } = options;
  const asks =
    options.alarmEmail === undefined && interactive && !yes && !embedded && !env.ALARM_TOPIC_ARN;
  const answer = asks ? await askAlarmEmail(alarmEmail, prompts) : alarmEmail;
  return answer && splitList(answer).join(',');
}

async function consent(
  { options, prompts }: Session,
  plan: Plan,
  { changes }: StagePlan,
): Promise<void> {
  if (options.yes) return;
  const replaces = touchesExisting(plan) || changes.length > 0;
  const message = replaces ? 'Write them, and replace or remove what is there?' : 'Write them?';
  if (await confirm({ message, default: !replaces }, prompts)) return;
  throw new SetupError('Stopped. Nothing was written.');
}

/** The commands that come after the set-up. */
function nextSteps({ name }: Stage): string {
  return `Set up. Next:
  npm run deploy -- --stage ${name}
  npx serverless invoke -f scheduled --qualifier live --stage ${name} --data '{"dryRun": true}'`;
}
