import type { Cloud } from '../../emulator/cloud.ts';
import { checked, OptionError, oneOf, type Parsed, type Read, seeHelp } from '../options.ts';
import { readStageName } from '../stages.ts';
import type { Draft, Loopback } from './answers.ts';
import {
  checkAccessKeyId,
  checkDomain,
  checkEmails,
  checkIds,
  checkPrefix,
  checkProjectId,
  checkRegion,
  checkSecretAccessKey,
  checkText,
  isLoopbackEndpoint,
  splitList,
} from './checks.ts';

const name = 'setup';

export const setupCommand = {
  name,
  about: `The first set-up: asks for cloud, region, project, sign-in and instances, proves them with one sign-in and
one list call, writes the parameters, and ends with a dry run. It does not ask for what an option answers: with
all of them and --yes it asks nothing and needs no terminal.`,
  options: {
    cloud: {
      example: 'huawei|huawei-eu|otc|other',
      help: "Huawei Cloud, Huawei Cloud EU, Open Telekom Cloud, or a partner's or private cloud",
      read: oneOf('huawei', 'huawei-eu', 'otc', 'other'),
    },
    domain: {
      example: 'domain',
      help: 'of another cloud: what follows the region in its endpoints (docs/partner-clouds.md)',
      read: (value: string, flag: string) => checked(checkDomain)(value.toLowerCase(), flag),
    },
    region: {
      example: 'eu-de',
      help: 'region of the DDM instances',
      read: (value: string, flag: string) => checked(checkRegion)(value.toLowerCase(), flag),
    },
    project: {
      example: 'project id',
      help: 'project in that region (console: My Credentials)',
      read: checked(checkProjectId),
    },
    auth: {
      example: 'token|aksk',
      help: 'token: rotate-token signs in with a password; aksk: an access key signs',
      read: oneOf('token', 'aksk'),
    },
    domainName: {
      example: 'account',
      help: 'with token: the account',
      read: checked(checkText('account name')),
    },
    userName: {
      example: 'IAM user',
      help: 'with token: the user in it',
      read: checked(checkText('user name')),
    },
    instances: { example: 'all|id,id', help: 'instances to keep in sync', read: readInstances },
    stage: {
      example: 'prod',
      help: 'stage that you will deploy (default prod)',
      read: readStageName,
    },
    prefix: {
      example: '/ddm-sync/prod',
      help: 'path of the parameters (default /ddm-sync/<stage>)',
      read: checked(checkPrefix),
    },
    alarmEmail: {
      example: 'on-call@team.example',
      help: 'whom alarms tell: addresses, separated by commas',
      read: checked(checkEmails),
    },
    yes: { help: 'write, and replace existing parameters, without asking', short: 'y' },
    embedded: { help: 'try it against a cloud embedded on this machine, without any account' },
  },
  notes: `Secrets are not options. They come from the environment (DDM_SYNC_PASSWORD, or DDM_SYNC_ACCESS_KEY_ID and
DDM_SYNC_SECRET_ACCESS_KEY) or from hidden prompts.

AWS: credentials and region as for the aws command (AWS_PROFILE, or AWS_REGION, AWS_ACCESS_KEY_ID, ...).
It writes the settings into stages/<stage>.env, where npm run deploy finds them. PARAMETER_KMS_ARN, there or in the
environment, encrypts with a key of your own. DDM_ENDPOINT, IAM_ENDPOINT and CTS_ENDPOINT count only on loopback.
docs/setup.md lists the permissions. Exit code: 0 set up, 1 failed, 2 wrong options, 130 interrupted.`,
  refuse: refuseSecrets,
} as const;

/** The answers of the options and the environment. */
export interface SetupOptions {
  readonly draft: Draft;
  readonly prefix: string | undefined;
  readonly stage: string | undefined;
  readonly instances: 'all' | readonly string[] | undefined;
  readonly alarmEmail: string | undefined;
  readonly yes: boolean;
  readonly embedded: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {OptionError} for a malformed secret in the environment */
export function collectAnswers(
  {
    auth,
    cloud,
    domain,
    domainName,
    project,
    region,
    userName,
    ...rest
  }: Parsed<typeof setupCommand>,
  env: Environment,
): SetupOptions {
  const secret = (variable: string, read: Read<string>): string | undefined =>
    env[variable] ? read(env[variable], variable) : undefined;
  return {
    ...rest,
    draft: {
      cloud,
      domain,
      region,
      projectId: project,
      authMode: auth,
      domainName,
      userName,
      password: secret('DDM_SYNC_PASSWORD', checked(checkText('password'))),
      accessKeyId: secret('DDM_SYNC_ACCESS_KEY_ID', checked(checkAccessKeyId)),
      secretAccessKey: secret('DDM_SYNC_SECRET_ACCESS_KEY', checked(checkSecretAccessKey)),
    },
  };
}

function readInstances(value: string, flag: string): 'all' | readonly string[] {
  return value === 'all' ? value : splitList(checked(checkIds)(value, flag));
}

function refuseSecrets(args: readonly string[]): void {
  const secret = args.find((arg) => /^--(password|secret|access-?key|ak|sk|token)/i.test(arg));
  if (secret === undefined) return;
  throw new OptionError(
    `${secret.split('=')[0]} is not an option: every user of the machine sees a command line. Secrets come from the environment or a hidden prompt; ${seeHelp({ name })}`,
  );
}

/**
 * Endpoints of the environment, on loopback only: a real one follows from cloud and region.
 * @throws {OptionError} when only one of the two is there
 */
export function readLoopback(env: Environment): Loopback | undefined {
  const { DDM_ENDPOINT: ddmEndpoint = '', IAM_ENDPOINT: iamEndpoint = '' } = env;
  const [hasDdm, hasIam] = [ddmEndpoint, iamEndpoint].map(isLoopbackEndpoint);
  if (!hasDdm && !hasIam) return undefined;
  const { CTS_ENDPOINT: ctsEndpoint = '' } = env;
  if (hasDdm && hasIam) {
    return { ddmEndpoint, iamEndpoint, ...(isLoopbackEndpoint(ctsEndpoint) && { ctsEndpoint }) };
  }
  const [given, absent] = hasDdm
    ? ['DDM_ENDPOINT', 'IAM_ENDPOINT']
    : ['IAM_ENDPOINT', 'DDM_ENDPOINT'];
  throw new OptionError(
    `${given} is on loopback and ${absent} is not: set both, or unset ${given}`,
  );
}

/** Fills in the embedded cloud's own project, account and keys. A terminal asks for the rest. */
export function fillIn(options: SetupOptions, cloud: Cloud, interactive: boolean): SetupOptions {
  const { draft, instances } = options;
  const yes = options.yes || !interactive;
  return {
    ...options,
    draft: {
      ...draft,
      ...cloud.iam.user,
      ...cloud.accessKeys,
      projectId: cloud.projectId,
      authMode: draft.authMode ?? (yes ? 'token' : undefined),
    },
    instances: instances ?? (yes ? 'all' : undefined),
    yes,
  };
}

/** Without a terminal, every answer must be given. @throws {OptionError} that names what is missing */
export function requireAll(
  { draft, instances, yes }: SetupOptions,
  loopback: Loopback | undefined,
): void {
  const given = {
    ...(!loopback && { '--cloud': draft.cloud, '--region': draft.region }),
    ...(draft.cloud === 'other' && { '--domain': draft.domain }),
    '--project': draft.projectId,
    '--auth': draft.authMode,
    ...(draft.authMode === 'token' && {
      '--domain-name': draft.domainName,
      '--user-name': draft.userName,
      'DDM_SYNC_PASSWORD (environment)': draft.password,
    }),
    ...(draft.authMode === 'aksk' && {
      'DDM_SYNC_ACCESS_KEY_ID (environment)': draft.accessKeyId,
      'DDM_SYNC_SECRET_ACCESS_KEY (environment)': draft.secretAccessKey,
    }),
    '--instances': instances,
    '--yes': yes || undefined,
  };
  const absent = Object.entries(given).filter(([, value]) => value === undefined);
  if (absent.length === 0) return;
  const names = absent.map(([flag]) => flag).join(', ');
  throw new OptionError(
    `There is no terminal to ask in: give ${names} as well; ${seeHelp(setupCommand)}`,
  );
}
