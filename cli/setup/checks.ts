import { parseConfig } from '../../lib/config.ts';
import { ConfigError } from '../../lib/errors.ts';
import { isInstanceId } from '../../lib/ids.ts';

/** True, or what is wrong with an answer and what to give instead, as Inquirer expects it. */
export type Verdict = true | string;

export function checkRegion(region: string): Verdict {
  return (
    problemOf({ DDM_ENDPOINT: `https://ddm.${region}.otc.t-systems.com` }) === undefined ||
    `"${cut(region)}" is not a region: give its id, such as eu-de or ap-southeast-1`
  );
}

export function checkDomain(domain: string): Verdict {
  return (
    problemOf({ CLOUD_DOMAINS: domain }) === undefined ||
    `"${cut(domain)}" is not a domain: give what follows the region in the endpoints, such as prod-cloud-ocb.orange-business.com`
  );
}

export function checkProjectId(projectId: string): Verdict {
  const where = 'the console shows it under My Credentials > Projects, 32 hex digits';
  if (/^[a-z]{2}-[a-z]+(-\d+)?(_.*)?$/.test(projectId)) {
    return `"${cut(projectId)}" is the name of a project: give its id; ${where}`;
  }
  return (
    problemOf({ DDM_PROJECT_ID: projectId }) === undefined ||
    `"${cut(projectId)}" is not a project id: ${where}`
  );
}

export function checkPrefix(prefix: string): Verdict {
  const parameter = problemOf({ PARAMETER_PREFIX: prefix });
  return parameter?.replace('PARAMETER_PREFIX is', 'The parameter prefix is') ?? true;
}

export function checkKmsArn(arn: string): Verdict {
  return problemOf({ PARAMETER_KMS_ARN: arn }) ?? true;
}

/** Whether the service accepts an endpoint because it is on this machine. */
export function isLoopbackEndpoint(endpoint: string): boolean {
  return /^http:/i.test(endpoint) && problemOf({ DDM_ENDPOINT: endpoint }) === undefined;
}

const maxCharacters = 256;

export function checkText(what: string) {
  return (text: string): Verdict => {
    if (text.trim() === '') return `The ${what} is empty: type it`;
    return text.length <= maxCharacters || `The ${what} is longer than ${maxCharacters} characters`;
  };
}

// The messages of the next two never contain the value.
export function checkAccessKeyId(key: string): Verdict {
  if (/^[A-Z0-9]{16,32}$/.test(key)) return true;
  const mixUp = key.length >= 40 ? ', and a secret access key has 40' : '';
  return `This is not an access key id: one has 20 capital letters and digits${mixUp} (credentials.csv, first key column)`;
}

export function checkSecretAccessKey(key: string): Verdict {
  return (
    /^[\x21-\x7e]{32,256}$/.test(key) ||
    'This is not a secret access key: one has 40 letters and digits without spaces (credentials.csv, second key column)'
  );
}

/** The entries of a list that a person typed. */
export function splitList(list: string): readonly string[] {
  return list
    .split(/[\s,]+/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** As infra/alarm-topics.cjs takes them. */
export function checkEmails(list: string): Verdict {
  const wrong = splitList(list).find((address) => !/^[\w.+-]+@[\w-]+(\.[\w-]+)+$/.test(address));
  return (
    wrong === undefined ||
    `"${cut(wrong)}" is not an e-mail address: give some, separated by commas, or none`
  );
}

export function checkIds(list: string): Verdict {
  const ids = splitList(list);
  const wrong = ids.find((id) => !isInstanceId(id));
  if (wrong !== undefined) {
    return `"${cut(wrong)}" is not an instance id: 32 hex digits and "in09", as the console shows it (in01 is RDS, in07 TaurusDB)`;
  }
  return ids.length > 0 || 'Give at least one instance id, separated by commas';
}

// A secret may be typed into the wrong field: it is not shown whole.
function cut(text: string): string {
  return text.slice(0, 40);
}

const good = {
  DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
  DDM_PROJECT_ID: 'project',
  PARAMETER_PREFIX: '/ddm-sync/prod',
};

/** What the service itself would say of a setting. */
function problemOf(setting: Readonly<Record<string, string>>): string | undefined {
  try {
    parseConfig({ ...good, ...setting });
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems[0];
  }
}
