import { resolve } from 'node:path';
import { readStage, resolveRegion, stagePath } from '../../infra/stage.ts';
import { createSsmClient } from '../../lib/aws/parameter-store.ts';
import { OptionError } from '../options.ts';
import { settingsOf } from '../start/options.ts';
import type { Environment, Project } from '../start/project.ts';
import type { RealRunOptions } from './options.ts';

export const required = ['DDM_ENDPOINT', 'DDM_PROJECT_ID', 'PARAMETER_PREFIX'];
const passedOn =
  /^(DDM_|SYNC_|PARAMETER_PREFIX$|AUTH_MODE$|IAM_ENDPOINT$|CTS_ENDPOINT$|CLOUD_DOMAINS$|NODE_EXTRA_CA_CERTS$|WATCH_SERVICE_TYPES$|FOLLOW_QUEUE_URL$|DEADLINE_RESERVE_MS$|SMN_|AWS_REGION$|AWS_ACCESS_KEY_ID$|AWS_SECRET_ACCESS_KEY$|AWS_SESSION_TOKEN$|AWS_ENDPOINT_URL|POWERTOOLS_)/;

/** The project of a stage, or that of the environment. @throws {OptionError} when its settings are incomplete */
export async function openRealProject(
  options: Pick<RealRunOptions, 'api' | 'concurrency' | 'rate' | 'stage'>,
  processEnv: NodeJS.ProcessEnv,
): Promise<Project> {
  const { stage } = options;
  const env = stage === undefined ? processEnv : readStage(stage, processEnv).env;
  checkComplete(env, stage);
  const given = Object.entries({ ...env, ...trustOf(env), ...(await identityOf(env)) }).flatMap(
    ([name, value]) => (value && passedOn.test(name) ? [[name, value]] : []),
  );
  const name = `${env.DDM_ENDPOINT}, project ${env.DDM_PROJECT_ID}, parameters ${env.PARAMETER_PREFIX}`;
  return { name, env: { ...Object.fromEntries(given), ...settingsOf(options) } };
}

function checkComplete(env: NodeJS.ProcessEnv, stage: string | undefined): void {
  const absent = required.filter((name) => !env[name]);
  if (absent.length === 0) return;
  const place = stage === undefined ? '' : ` in ${stagePath(stage)} (npm run setup writes it)`;
  throw new OptionError(
    `The settings of the real project are incomplete: set ${absent.join(', ')} as well${place}`,
  );
}

function trustOf({ CLOUD_CA_FILE: path }: NodeJS.ProcessEnv): Environment {
  return path ? { NODE_EXTRA_CA_CERTS: resolve(path) } : {};
}

/** Region and credentials as the handler finds them on AWS, where there is no profile. */
async function identityOf(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const { AWS_ACCESS_KEY_ID, AWS_PROFILE } = env;
  const AWS_REGION = await resolveRegion(env);
  if (!AWS_REGION) {
    throw new OptionError('No AWS region: set AWS_REGION, or `region` in your AWS profile');
  }
  if (!AWS_PROFILE && AWS_ACCESS_KEY_ID) return { AWS_REGION };
  const client = createSsmClient({
    region: AWS_REGION,
    ...(AWS_PROFILE && { profile: AWS_PROFILE }),
  });
  const identity = await client.config.credentials().catch(() => {
    throw new OptionError(
      'No AWS credentials: set AWS_PROFILE (after `aws sso login` where it needs that), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  });
  return {
    AWS_REGION,
    AWS_ACCESS_KEY_ID: identity.accessKeyId,
    AWS_SECRET_ACCESS_KEY: identity.secretAccessKey,
    AWS_SESSION_TOKEN: identity.sessionToken,
  };
}
