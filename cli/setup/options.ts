import { parseArgs } from 'node:util';
import { OptionError } from '../options.ts';
import {
  checkAccessKeyId,
  checkIds,
  checkPrefix,
  checkProjectId,
  checkRegion,
  checkSecretAccessKey,
  checkStage,
  checkText,
  splitIds,
  type Verdict,
} from './checks.ts';
import { isCloudName } from './clouds.ts';
import type { Draft } from './draft.ts';

/** What the flags and the environment answer; nothing secret is ever a flag. */
export interface SetupOptions {
  readonly draft: Draft;
  readonly prefix: string | undefined;
  readonly stage: string | undefined;
  readonly instances: 'all' | readonly string[] | undefined;
  readonly yes: boolean;
  readonly embedded: boolean;
  readonly help: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {OptionError} */
export function parseSetupOptions(args: readonly string[], env: Environment): SetupOptions {
  const { auth, cloud, embedded, help, instances, yes, ...flags } = parse(args);
  if (cloud !== undefined && !isCloudName(cloud)) {
    throw new OptionError(`--cloud takes huawei, huawei-eu or otc, not "${cloud}"`);
  }
  if (auth !== undefined && auth !== 'token' && auth !== 'aksk') {
    throw new OptionError(`--auth takes token or aksk, not "${auth}"`);
  }
  const isAll = instances === 'all';
  if (!isAll) check('--instances', instances, checkIds);
  return {
    draft: {
      cloud,
      region: check('--region', flags.region?.toLowerCase(), checkRegion),
      projectId: check('--project', flags.project, checkProjectId),
      authMode: auth,
      domainName: check('--domain-name', flags['domain-name'], checkText('account name')),
      userName: check('--user-name', flags['user-name'], checkText('user name')),
      ...secretsOf(env),
    },
    prefix: check('--prefix', flags.prefix, checkPrefix),
    stage: check('--stage', flags.stage, checkStage),
    instances: isAll ? 'all' : splitList(instances),
    yes,
    embedded,
    help,
  };
}

function splitList(list: string | undefined): readonly string[] | undefined {
  return list === undefined ? undefined : splitIds(list);
}

function secretsOf(env: Environment): Draft {
  const read = (name: string, verdict: (value: string) => Verdict): string | undefined =>
    check(name, env[name] || undefined, verdict);
  return {
    password: read('DDM_SYNC_PASSWORD', checkText('password')),
    accessKeyId: read('DDM_SYNC_ACCESS_KEY_ID', checkAccessKeyId),
    secretAccessKey: read('DDM_SYNC_SECRET_ACCESS_KEY', checkSecretAccessKey),
  };
}

function check(
  name: string,
  value: string | undefined,
  verdictOn: (value: string) => Verdict,
): string | undefined {
  if (value === undefined) return undefined;
  const verdict = verdictOn(value);
  if (verdict !== true) throw new OptionError(`${name}: ${verdict}`);
  return value;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const help = 'see npm run setup -- --help';

function parse(args: readonly string[]) {
  const secret = args.find((arg) => /^--(password|secret|access-?key|ak|sk|token)/i.test(arg));
  if (secret !== undefined) {
    throw new OptionError(
      `${secret.split('=')[0]} is no option: every user of the machine sees a command line. Secrets come from the environment or a hidden prompt; ${help}`,
    );
  }
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        cloud: text,
        region: text,
        project: text,
        auth: text,
        'domain-name': text,
        'user-name': text,
        prefix: text,
        stage: text,
        instances: text,
        yes: { ...flag, short: 'y' },
        embedded: flag,
        help: { ...flag, short: 'h' },
      },
    });
    return values;
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\.?(?:\n|\. )/)[0] ?? '') : '';
    throw new OptionError(`${message}: ${help}`, { cause: error });
  }
}
