import type { RetryClass } from '../errors.ts';

export interface ErrorCode {
  readonly meaning: string;
  /** What you do when you are on call. */
  readonly advice: string;
  /** Absent where the code alone does not decide: the HTTP status does. */
  readonly retryClass?: RetryClass;
}

const checkRds =
  'In the RDS or GaussDB console, check that the data nodes of this instance are in state Normal. The next run tries again.';
const waitForOperation =
  'Another operation is running on the instance (restart, resize, backup, ...). Wait for it to finish. If it does not finish, look at the instance in the DDM console.';
const renewToken =
  'Put a valid token for this project and region into the token parameter. Tokens are valid for 24 hours.';
const checkPolicy =
  'Grant the DDM permissions (DDM FullAccess or a custom policy) in this project to the IAM user of the token.';
const slowDown = 'The run slows down by itself. If this continues, lower SYNC_RATE_PER_SECOND.';
const openTicket =
  'The service failed. If this continues, open a support ticket with the request time and the instance id.';

/** The codes of DDM (support.huaweicloud.com api-ddm/ddm_api_01_0061), those of RDS that DDM passes on, and our own. */
export const errorCodes: Readonly<Record<string, ErrorCode>> = {
  'DBS.200011': {
    meaning: 'Another operation is being performed on the instance.',
    advice: waitForOperation,
    retryClass: 'later',
  },
  'DBS.200019': {
    meaning: 'Another operation is in progress on the instance.',
    advice: waitForOperation,
    retryClass: 'later',
  },
  'DBS.200412': { meaning: 'Server failure.', advice: openTicket, retryClass: 'retry' },
  'DBS.212033': {
    meaning: 'The instance is being operated on.',
    advice: waitForOperation,
    retryClass: 'later',
  },
  'DBS.280001': {
    meaning: 'Parameter error.',
    advice:
      'The instance id or the project is wrong. Check that the instance still exists in this project and region. If it does not, remove it from the instances parameter.',
    retryClass: 'permanent',
  },
  'DBS.300002': {
    meaning: 'Server failure; the service asks to try again later.',
    advice: openTicket,
    retryClass: 'retry',
  },
  'DBS.300005': {
    meaning: 'Failed to process the request.',
    advice: openTicket,
    retryClass: 'permanent',
  },
  'DBS.300115': {
    meaning: 'Associated data nodes were deleted.',
    advice:
      'A data node of a schema no longer exists. Look at the schemas of the instance in the DDM console. An accepted sync clears the entry.',
    retryClass: 'later',
  },
  'DBS.300116': {
    meaning: 'The available RDS instances could not be queried.',
    advice: checkRds,
    retryClass: 'later',
  },
  'DBS.300117': {
    meaning: 'The associated RDS instances could not be obtained.',
    advice: checkRds,
    retryClass: 'later',
  },
  'DBS.300120': {
    meaning: 'Failed to obtain task information.',
    advice: 'Check that the DDM instance is in state Running. The next run tries again.',
    retryClass: 'later',
  },
  'DBS.300125': {
    meaning: 'Failed to synchronize RDS information.',
    advice: checkRds,
    retryClass: 'later',
  },
  'DBS.300322': {
    meaning: 'Failed to save the instance metadata.',
    advice: openTicket,
    retryClass: 'permanent',
  },
  'DBS.300323': {
    meaning: 'A data node is unavailable or in the wrong state.',
    advice: checkRds,
    retryClass: 'later',
  },
  'DBS.300356': {
    meaning: 'Failed to connect to the data node.',
    advice:
      'Check that the data node is up, and that its security group and port let the DDM instance in. Then wait for the next run.',
    retryClass: 'later',
  },
  'DBS.300400': {
    meaning: 'The task is not found.',
    advice: 'The service does not know the task. Look at the instance in the DDM console.',
    retryClass: 'permanent',
  },
  'IAM.0001': { meaning: 'Authentication is required.', advice: renewToken, retryClass: 'auth' },
  'IAM.0002': {
    meaning: 'The request is not allowed.',
    advice: checkPolicy,
    retryClass: 'permanent',
  },
  'IAM.0003': {
    meaning: 'The request is not allowed.',
    advice: checkPolicy,
    retryClass: 'permanent',
  },
  'IAM.0012': {
    meaning: 'IAM throttles the calls.',
    advice: slowDown,
    retryClass: 'throttled',
  },
  'IAM.0061': {
    meaning: 'The IAM user is locked.',
    advice:
      'Unlock the IAM user of the token in the console, then put a new token into the token parameter.',
    retryClass: 'auth',
  },
  'IAM.0062': { meaning: 'The password is wrong.', advice: renewToken, retryClass: 'auth' },
  'IAM.0063': { meaning: 'Authentication failed.', advice: renewToken, retryClass: 'auth' },
  'IAM.0064': { meaning: 'Authentication failed.', advice: renewToken, retryClass: 'auth' },
  'IAM.0066': { meaning: 'The token has expired.', advice: renewToken, retryClass: 'auth' },
  'IAM.0067': { meaning: 'The token is invalid.', advice: renewToken, retryClass: 'auth' },
  TIMEOUT: {
    meaning: 'No complete answer arrived in time. The service may have taken the request.',
    advice:
      'The next run tries again. If many instances time out, check the service health page and SYNC_ATTEMPT_TIMEOUT_MS.',
    retryClass: 'retry',
  },
  NETWORK: {
    meaning: 'The connection failed.',
    advice:
      'Check DDM_ENDPOINT, and that the function can reach the internet (VPC, NAT gateway, security group).',
    retryClass: 'retry',
  },
  TLS: {
    meaning: 'The certificate or the TLS version of the endpoint was rejected.',
    advice:
      'The connection may be intercepted. Check DDM_ENDPOINT and any TLS-inspecting proxy before you do anything else.',
    retryClass: 'permanent',
  },
  BAD_RESPONSE: {
    meaning: 'The answer does not match the API reference.',
    advice:
      'The result of the sync is not known. Check DDM_ENDPOINT and DDM_API_VERSION, then look at the instance in the DDM console.',
    retryClass: 'permanent',
  },
  REDIRECT_REFUSED: {
    meaning:
      'The endpoint redirected the call. The redirect was not followed, because it would give the token to another host.',
    advice: 'Check DDM_ENDPOINT: it must be the API endpoint of the region, not a console address.',
    retryClass: 'permanent',
  },
  INVALID_INSTANCE_ID: {
    meaning: 'The list entry is not a DDM instance id.',
    advice:
      'Correct the entry in the instances parameter. An id is 32 hex digits, `in` and two digits.',
    retryClass: 'permanent',
  },
  NOT_ALLOWED: {
    meaning: 'The instance is not in the configured list.',
    advice: 'If the instance should be synced, add it to the instances parameter.',
    retryClass: 'permanent',
  },
  UNAUTHORIZED: {
    meaning: 'The service refused the credentials and gave no error code.',
    advice: renewToken,
    retryClass: 'auth',
  },
  QUEUE_REFUSED: {
    meaning: 'The instance should have gone to the queue, but the queue did not take its message.',
    advice:
      "Check that SYNC_QUEUE_URL names the queue, and that the function's role has sqs:SendMessage on it. The next run tries again.",
    retryClass: 'permanent',
  },
  DEADLINE: {
    meaning:
      'The run ran out of time before it could call this instance, and there was no queue to take it.',
    advice:
      'The next run tries again. Raise SYNC_RATE_PER_SECOND, SYNC_CONCURRENCY or the timeout of the function.',
    retryClass: 'permanent',
  },
  RUN_STOPPED: {
    meaning: 'The run was stopped before it could call this instance.',
    advice:
      'Look at the other failures of this run: the token was refused, or there were more than SYNC_MAX_ERRORS failures.',
    retryClass: 'permanent',
  },
  JOB_FAILED: {
    meaning: 'The sync was accepted, but its job failed. externalMessage has the reason.',
    advice:
      'Look at the task in the DDM console, and check that the data nodes of this instance are in state Normal. The next run tries again.',
    retryClass: 'permanent',
  },
  INTERNAL: {
    meaning: 'A fault in ddm-sync itself.',
    advice: 'Report it, with the log lines of this run.',
    retryClass: 'permanent',
  },
};

/** The API gateway's codes by number; their prefix is APIGW or APIG (HUAWEI.md section 2). */
export const gatewayCodes: Readonly<Record<string, ErrorCode>> = {
  '0101': {
    meaning: 'The API does not exist.',
    advice:
      'Check DDM_ENDPOINT. If v1 was withdrawn in this region, set DDM_API_VERSION to v3 or auto.',
    retryClass: 'permanent',
  },
  '0103': { meaning: 'The gateway found no backend.', advice: openTicket },
  '0106': {
    meaning: 'The gateway could not read the request.',
    advice: 'Check DDM_PROJECT_ID.',
    retryClass: 'permanent',
  },
  '0201': {
    meaning: 'The request is malformed or too large, or the backend failed.',
    advice:
      'With status 494, the token is too long for the gateway. Otherwise wait for the next run.',
  },
  '0202': { meaning: 'The backend is unavailable.', advice: openTicket, retryClass: 'retry' },
  '0203': { meaning: 'The backend timed out.', advice: openTicket, retryClass: 'retry' },
  '0301': {
    meaning: 'The IAM authentication information is wrong.',
    advice: renewToken,
    retryClass: 'auth',
  },
  '0302': { meaning: 'The IAM user is not allowed.', advice: checkPolicy, retryClass: 'permanent' },
  '0303': { meaning: 'App authentication failed.', advice: renewToken, retryClass: 'auth' },
  '0304': { meaning: 'The app is not allowed.', advice: checkPolicy, retryClass: 'permanent' },
  '0305': { meaning: 'Authentication failed.', advice: renewToken, retryClass: 'auth' },
  '0306': { meaning: 'Access is denied.', advice: checkPolicy, retryClass: 'permanent' },
  '0307': {
    meaning: 'The token has expired, or is for another project or region.',
    advice: renewToken,
    retryClass: 'auth',
  },
  '0308': {
    meaning: 'The gateway throttles the calls.',
    advice: slowDown,
    retryClass: 'throttled',
  },
  '0310': {
    meaning: 'The project is not available.',
    advice: 'Check DDM_PROJECT_ID, and check in the console that the project is not suspended.',
    retryClass: 'permanent',
  },
};

const retriedStatuses = new Set([408, 425, 500, 502, 504]);
const throttledStatuses = new Set([429, 503]);

/** What a failure calls for. Its code decides; without a known code its HTTP status does. */
export function classify(httpStatus: number | undefined, errCode: string | undefined): RetryClass {
  return find(errCode)?.retryClass ?? classifyStatus(httpStatus);
}

/** What you do about a failure when you are on call. An unknown code gets the advice for its HTTP status. */
export function adviceFor(
  httpStatus: number | undefined,
  errCode: string | undefined,
): string | undefined {
  return find(errCode)?.advice ?? adviceByClass[classifyStatus(httpStatus)];
}

/** Whether the catalogue has a code. */
export function isKnownCode(errCode: string): boolean {
  return find(errCode) !== undefined;
}

function find(errCode = ''): ErrorCode | undefined {
  const number = /^APIGW?\.(\d{4})$/.exec(errCode)?.[1];
  const [codes, key] = number === undefined ? [errorCodes, errCode] : [gatewayCodes, number];
  return Object.hasOwn(codes, key) ? codes[key] : undefined;
}

function classifyStatus(httpStatus = 0): RetryClass {
  if (httpStatus === 401) return 'auth';
  if (httpStatus === 409) return 'later';
  if (throttledStatuses.has(httpStatus)) return 'throttled';
  return retriedStatuses.has(httpStatus) ? 'retry' : 'permanent';
}

const adviceByClass = {
  permanent:
    'Look up the code in the DDM API reference, and check that the instance exists in this project and region.',
  retry: openTicket,
  later: waitForOperation,
  auth: renewToken,
  throttled:
    'The service is overloaded. The run slows down by itself, and the next run tries again.',
} as const satisfies Record<RetryClass, string>;
