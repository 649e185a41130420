import type { SyncFailure } from '../../lib/errors.ts';
import { adviceFor } from '../../lib/huawei/error-codes.ts';
import type { Credentials, Place, Topic } from './answers.ts';

/** Why the answers do not work, and which of them to look at. */
export interface Refusal {
  /** `permission`: they work, but may not list. `service`: the answers are not at fault. */
  readonly topic: Topic | 'permission' | 'service';
  readonly message: string;
}

/** Why IAM gave no token. */
export function explainSignIn(failure: SyncFailure, place: Place): Refusal {
  const { errCode, httpStatus, retryClass } = failure;
  if (isNetwork(failure)) return explainNetwork(failure, place.iamEndpoint);
  const refuse = refuseWith(`IAM refused the sign-in: ${quote(failure)}`);
  if (errCode === 'IAM.0061') {
    const remedy = 'wait until the lock ends, or have an administrator unlock it';
    return refuse('sign-in', `The user is locked: ${remedy}. ${once}`);
  }
  if (retryClass === 'auth') {
    const remedy = 'Check account name, IAM user name and password, and the project';
    return refuse('sign-in', `${remedy}. ${once}`);
  }
  if (httpStatus === 403) {
    const remedy = 'Allow the IAM user programmatic access, or take another user.';
    return refuse('sign-in', remedy);
  }
  if (httpStatus === 404 || httpStatus === 400) {
    const remedy = `Check that ${place.projectId} is a project of this account in this region.`;
    return refuse('project', remedy);
  }
  return refuseWith(`IAM gave no token: ${quote(failure)}`)('service', 'Try again later.');
}

/** Why DDM did not list the instances. */
export function explainList(
  failure: SyncFailure,
  { ddmEndpoint, projectId }: Place,
  credentials: Credentials,
): Refusal {
  const { errCode, httpStatus, retryClass } = failure;
  if (isNetwork(failure)) return explainNetwork(failure, ddmEndpoint);
  const refuse = refuseWith(
    `DDM did not list the instances of project ${projectId}: ${quote(failure)}`,
  );
  if (retryClass === 'auth') return explainAuth(refuse, failure, credentials);
  if (httpStatus === 403) {
    const remedy =
      'Give the group of the IAM user DDM FullAccess (or a policy that allows list and sync) in this project; new permissions take some minutes.';
    return refuse('permission', remedy);
  }
  if (httpStatus === 404 || httpStatus === 400) {
    const remedy =
      'Check that the project id belongs to this region, and that DDM is offered there.';
    return refuse('project', remedy);
  }
  return refuse('service', adviceFor(httpStatus, errCode) ?? 'Try again later.');
}

type Refuse = (topic: Refusal['topic'], remedy: string) => Refusal;

function refuseWith(what: string): Refuse {
  return (topic, remedy) => ({ topic, message: `${what} ${remedy}` });
}

function explainAuth(
  refuse: Refuse,
  { clockSkewMs }: SyncFailure,
  credentials: Credentials,
): Refusal {
  if ('password' in credentials) {
    return refuse('project', 'Check that the project belongs to this region.');
  }
  if (clockSkewMs === undefined) {
    const remedy =
      'Check the access key (it must exist and be enabled), and that the project belongs to its account.';
    return refuse('sign-in', remedy);
  }
  const minutes = Math.round(Math.abs(clockSkewMs) / 60_000);
  const clock = `The clock of this machine is ${minutes} minutes ${clockSkewMs > 0 ? 'ahead' : 'behind'}`;
  return refuse('service', `${clock}, and a signature is valid for 15: set the clock.`);
}

const once = 'It was not tried again: IAM locks accounts.';

function isNetwork({ errCode }: SyncFailure): boolean {
  return errCode === 'NETWORK' || errCode === 'TIMEOUT' || errCode === 'TLS';
}

function explainNetwork(failure: SyncFailure, endpoint: string): Refusal {
  const { errCode, externalMessage = errCode } = failure;
  const { host } = new URL(endpoint);
  const refuse = refuseWith(host);
  if (/ENOTFOUND|EAI_AGAIN/.test(externalMessage)) {
    const remedy = 'check cloud and region, and the DNS of this machine.';
    return refuse('region', `is not known (${externalMessage}): ${remedy}`);
  }
  if (errCode === 'TLS') {
    const remedy = 'something intercepts the connection, perhaps a proxy; nothing secret was sent.';
    return refuse('region', `has no acceptable certificate (${externalMessage}): ${remedy}`);
  }
  const remedy =
    'check cloud and region, and that this machine reaches it directly (proxies are not used).';
  return refuse('region', `cannot be reached (${externalMessage}): ${remedy}`);
}

/** `IAM.0062 (HTTP 401) "The password is wrong."` */
function quote({ errCode, externalMessage, httpStatus }: SyncFailure): string {
  const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
  return `${errCode}${status}${externalMessage ? ` "${externalMessage}"` : ''}.`;
}
