import { type Cloud, startCloud } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { OptionError } from '../options.ts';
import type { StartOptions } from './options.ts';

/** What the handler runs against. */
export interface Project {
  readonly name: string;
  /** The handler's environment. */
  readonly env: Environment;
  /** Absent with a real project. */
  readonly cloud?: Cloud;
}

type Environment = Readonly<Record<string, string>>;

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
export async function openProject(
  options: StartOptions,
  processEnv: NodeJS.ProcessEnv,
): Promise<Project> {
  const env = Object.fromEntries(
    Object.entries(processEnv).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
  const settings = settingsOf(options);
  if (marksOfRealProject.some((name) => env[name])) {
    checkComplete(env);
    const given = Object.entries(env).filter(([name]) => passedOn.test(name));
    const name = `${env.DDM_ENDPOINT}, project ${env.DDM_PROJECT_ID}, parameters ${env.PARAMETER_PREFIX}`;
    return { name, env: { ...Object.fromEntries(given), ...settings } };
  }
  const cloud = await startCloud({
    instances: options.instances,
    failShare: options.fail,
    flakyShare: options.flaky,
    latencyMs: options.latency,
    throttlePerSecond: options.throttle,
    queueSpeed: 60,
  });
  return {
    name: `the embedded cloud (${options.instances} instances)`,
    cloud,
    env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '100', ...settings },
  };
}

function settingsOf({ api, concurrency, inlineMax, rate }: StartOptions): Environment {
  return {
    ...(concurrency && { SYNC_CONCURRENCY: concurrency }),
    ...(rate && { SYNC_RATE_PER_SECOND: rate }),
    ...(api && { DDM_API_VERSION: api }),
    ...(inlineMax && { SYNC_INLINE_MAX: inlineMax }),
  };
}

function checkComplete(env: Environment): void {
  const absent = required.filter((name) => !env[name]);
  if (absent.length === 0) return;
  const hint = env.AWS_PROFILE
    ? '; for a profile: eval "$(aws configure export-credentials --format env)"'
    : '';
  throw new OptionError(
    `The settings of the real project are incomplete: set ${absent.join(', ')} as well${hint}`,
  );
}
