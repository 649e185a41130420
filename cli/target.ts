import { type Cloud, startCloud } from '../emulator/cloud.ts';
import { OptionError, type StartOptions } from './start/options.ts';

/** What the handler runs against. */
export interface Target {
  readonly name: string;
  /** The handler's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Absent with a real project. */
  readonly cloud?: Cloud;
}

type Environment = Readonly<Record<string, string | undefined>>;

const required = [
  'DDM_ENDPOINT',
  'DDM_PROJECT_ID',
  'PARAMETER_PREFIX',
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
];
const marksOfRealProject = ['DDM_ENDPOINT', 'DDM_PROJECT_ID', 'PARAMETER_PREFIX'];
const passedOn =
  /^(DDM_|SYNC_|PARAMETER_PREFIX$|AUTH_MODE$|IAM_ENDPOINT$|CTS_ENDPOINT$|FOLLOW_QUEUE_URL$|DEADLINE_RESERVE_MS$|SMN_|AWS_REGION$|AWS_ACCESS_KEY_ID$|AWS_SECRET_ACCESS_KEY$|AWS_SESSION_TOKEN$|AWS_ENDPOINT_URL|POWERTOOLS_)/;

/** The real project of the environment, or the embedded cloud. @throws {OptionError} when it is half set */
export async function chooseTarget(options: StartOptions, env: Environment): Promise<Target> {
  const settings = {
    ...(options.concurrency && { SYNC_CONCURRENCY: options.concurrency }),
    ...(options.rate && { SYNC_RATE_PER_SECOND: options.rate }),
    ...(options.api && { DDM_API_VERSION: options.api }),
    ...(options.inlineMax && { SYNC_INLINE_MAX: options.inlineMax }),
  };
  if (marksOfRealProject.some((name) => env[name])) {
    checkComplete(env);
    const given = Object.entries(env).filter(([name, value]) => passedOn.test(name) && value);
    const name = `${env.DDM_ENDPOINT}, project ${env.DDM_PROJECT_ID}, parameters ${env.PARAMETER_PREFIX}`;
    return { name, env: { ...Object.fromEntries(given.map(toPair)), ...settings } };
  }
  const { failShare, flakyShare, instances, latencyMs, throttlePerSecond } = options;
  const faults = { failShare, flakyShare, latencyMs, throttlePerSecond };
  const cloud = await startCloud({ instances, ...faults, queueSpeed: 60 });
  const name = `the embedded cloud (${instances} instances)`;
  return {
    name,
    cloud,
    env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '100', ...settings },
  };
}

/** The settings of a function that runs against the embedded cloud. */
export function environmentOf(cloud: Cloud): Readonly<Record<string, string>> {
  return {
    DDM_ENDPOINT: cloud.ddm.endpoint,
    DDM_PROJECT_ID: cloud.projectId,
    IAM_ENDPOINT: cloud.iam.endpoint,
    CTS_ENDPOINT: cloud.cts.endpoint,
    PARAMETER_PREFIX: cloud.parameterPrefix,
    SYNC_QUEUE_URL: cloud.queueUrl,
    CHANGE_QUEUE_URL: cloud.changeQueueUrl,
    FOLLOW_QUEUE_URL: cloud.followQueueUrl,
    AWS_ENDPOINT_URL_SSM: cloud.ssm.endpoint,
    AWS_ENDPOINT_URL_SQS: cloud.sqs.endpoint,
  };
}

function toPair([name, value]: [string, string | undefined]): [string, string] {
  return [name, value ?? ''];
}

function checkComplete(env: Environment): void {
  const absent = required.filter((name) => !env[name]);
  if (absent.length === 0) return;
  const hint = env.AWS_PROFILE
    ? '; for a profile: eval "$(aws configure export-credentials --format env)"'
    : '';
  throw new OptionError(
    `A real project is set, but not completely: set ${absent.join(', ')} as well${hint}`,
  );
}
