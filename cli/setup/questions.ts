import { input, password, select } from '@inquirer/prompts';
import { checkStageName } from '../../infra/stage.ts';
import { type CloudName, clouds, type Draft } from './answers.ts';
import {
  checkAccessKeyId,
  checkDomain,
  checkEmails,
  checkProjectId,
  checkRegion,
  checkSecretAccessKey,
  checkText,
  type Verdict,
} from './checks.ts';
import type { PromptContext } from './session.ts';

/** Asks for cloud and region where the draft lacks them. Earlier answers are the defaults. */
export async function completeRegion(
  draft: Draft,
  before: Draft,
  context: PromptContext,
): Promise<Draft> {
  const cloud = draft.cloud ?? (await askCloud(before, context));
  const domain =
    cloud === 'other' ? (draft.domain ?? (await askDomain(before, context))) : undefined;
  const region = draft.region ?? (await askRegion(cloud, before, context));
  return { ...draft, cloud, domain, region };
}

export function askProjectId(before: Draft, context: PromptContext): Promise<string> {
  return createAsk(context)({
    message: 'Project id',
    before: before.projectId,
    check: checkProjectId,
  });
}

/** Asks for the sign-in where the draft lacks it. */
export async function completeSignIn(
  draft: Draft,
  before: Draft,
  context: PromptContext,
): Promise<Draft> {
  const ask = createAsk(context);
  const authMode = draft.authMode ?? (await askAuthMode(before, context));
  if (authMode === 'aksk') {
    const accessKeyId =
      draft.accessKeyId ?? (await askHidden('Access key id', checkAccessKeyId, context));
    const secretAccessKey =
      draft.secretAccessKey ??
      (await askHidden('Secret access key', checkSecretAccessKey, context));
    return { ...draft, authMode, accessKeyId, secretAccessKey };
  }
  const account = { message: 'Account name', check: checkText('account name') };
  const user = { message: 'IAM user name', check: checkText('user name') };
  const domainName = draft.domainName ?? (await ask({ ...account, before: before.domainName }));
  const userName = draft.userName ?? (await ask({ ...user, before: before.userName }));
  const secret = draft.password ?? (await askHidden('Password', checkText('password'), context));
  return { ...draft, authMode, domainName, userName, password: secret };
}

export function askStage(fallback: string, context: PromptContext): Promise<string> {
  const question = { message: 'Stage: the name of this deployment', check: checkStageName };
  return createAsk(context)({ ...question, before: fallback });
}

export function askAlarmEmail(before: string | undefined, context: PromptContext): Promise<string> {
  const message = 'Whom shall alarms tell? E-mail addresses, or nothing';
  return createAsk(context)({ message, before, check: checkEmails });
}

interface TextQuestion {
  readonly message: string;
  readonly before: string | undefined;
  readonly check: (answer: string) => Verdict;
}

function createAsk(context: PromptContext) {
  return async ({ before, check, message }: TextQuestion): Promise<string> => {
    const validate = (answer: string): Verdict => check(answer.trim());
    return (await input({ message, default: before, validate }, context)).trim();
  };
}

// Without `toggleMask: false`, Ctrl-T would show what was typed.
function askHidden(
  message: string,
  validate: (answer: string) => Verdict,
  context: PromptContext,
): Promise<string> {
  return password({ message, mask: '*', toggleMask: false, validate }, context);
}

function askCloud(before: Draft, context: PromptContext): Promise<CloudName> {
  return select<CloudName>(
    {
      message: 'Cloud',
      ...(before.cloud && { default: before.cloud }),
      choices: [
        ...(['huawei', 'huawei-eu', 'otc'] as const).map((value) => ({
          value,
          name: clouds[value].title,
          description: `https://ddm.<region>.${clouds[value].domain}`,
        })),
        {
          value: 'other',
          name: "A partner's or a private cloud",
          description: 'https://ddm.<region>.<its domain>',
        },
      ],
    },
    context,
  );
}

async function askDomain(before: Draft, context: PromptContext): Promise<string> {
  const message = 'Domain: what follows the region in its endpoints';
  const question = { message, before: before.domain, check: checkDomain };
  return (await createAsk(context)(question)).toLowerCase();
}

async function askRegion(cloud: CloudName, before: Draft, context: PromptContext): Promise<string> {
  const regions = cloud === 'other' ? [] : clouds[cloud].regions;
  const only = regions.length === 1 ? regions[0] : undefined;
  const isShort = regions.length < 2;
  const message = isShort ? 'Region' : `Region (${regions.slice(0, 4).join(', ')}, ...)`;
  const former = before.cloud === cloud ? before.region : undefined;
  const question = { message, before: former ?? only, check: checkRegion };
  return (await createAsk(context)(question)).toLowerCase();
}

function askAuthMode(before: Draft, context: PromptContext): Promise<'token' | 'aksk'> {
  return select<'token' | 'aksk'>(
    {
      message: 'Way of authentication',
      ...(before.authMode && { default: before.authMode }),
      choices: [
        {
          value: 'token',
          name: 'Token (token)',
          description: 'rotate-token signs in with a password, several times a day',
        },
        {
          value: 'aksk',
          name: 'Access key (aksk)',
          description: 'every request is signed; nothing needs renewal',
        },
      ],
    },
    context,
  );
}
