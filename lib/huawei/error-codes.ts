import type { RetryClass } from '../errors.ts';

export interface ErrorCode {
  readonly meaning: string;
  /** What a person on call should do. */
  readonly advice: string;
  /** Absent where the code says too little: the HTTP status decides. */
  readonly retryClass?: RetryClass;
}

const checkRds =
  'Check in the RDS or GaussDB console that the data nodes of this instance are in state Normal; the next run tries again.';
const waitForOperation =
  'Another operation runs on the instance (restart, resize, backup, ...). Nothing to do unless it stays so: then look at the instance in the DDM console.';
const renewToken =
  'Put a valid token of this project and region into the token parameter; tokens live for 24 hours.';
const checkPolicy =
  'Give the IAM user of the token the DDM permissions (DDM FullAccess, or a custom policy) in this project.';
const slowDown = 'The run slows down by itself. If it goes on, lower SYNC_RATE_PER_SECOND.';
const openTicket =
  'The service failed by itself. If it goes on, open a ticket with the request time and the instance id.';

/** The codes of DDM (support.huaweicloud.com api-ddm/ddm_api_01_0061), of RDS as DDM passes them on, and ours. */
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
      'The instance id or the project is wrong: check that the instance still exists in this project and region, and remove it from the instances parameter if not.',
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
      'A data node of a schema is gone. Look at the schemas of the instance in the DDM console; a sync that is accepted clears the entry.',
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
    advice: 'Check that the DDM instance is in state Running; the next run tries again.',
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
      'Check the data node, and that its security group and port let the DDM instance in; then wait for the next run.',
    retryClass: 'later',
  },
  'DBS.300400': {
    meaning: 'The task is not found.',
    advice: 'The service knows no such task. Look at the instance in the DDM console.',
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
      'Unlock the IAM user of the token in the console, then put a new token into the parameter.',
    retryClass: 'auth',
  },
  'IAM.0062': { meaning: 'The password is wrong.', advice: renewToken, retryClass: 'auth' },
  'IAM.0063': { meaning: 'Authentication failed.', advice: renewToken, retryClass: 'auth' },
  'IAM.0064': { meaning: 'Authentication failed.', advice: renewToken, retryClass: 'auth' },
  'IAM.0066': { meaning: 'The token has expired.', advice: renewToken, retryClass: 'auth' },
  'IAM.0067': { meaning: 'The token is invalid.', advice: renewToken, retryClass: 'auth' },
  TIMEOUT: {
    meaning: 'No complete answer arrived in time; the service may have taken the request.',
    advice:
      'The next run tries again. If many instances time out, check the service health page and SYNC_ATTEMPT_TIMEOUT_MS.',
    retryClass: 'retry',
  },
  NETWORK: {
    meaning: 'The connection failed.',
    advice:
      'Check DDM_ENDPOINT, and that the function reaches the internet (VPC, NAT gateway, security group).',
    retryClass: 'retry',
  },
  TLS: {
    meaning: 'The certificate or the TLS version of the endpoint is not acceptable.',
    advice:
      'Somebody may stand between the function and the service. Check DDM_ENDPOINT and any TLS-inspecting proxy before anything else.',
    retryClass: 'permanent',
  },
  BAD_RESPONSE: {
    meaning: 'The answer is not what the API documents.',
    advice:
      'Nothing is known of the sync. Check DDM_ENDPOINT and DDM_API_VERSION, then look at the instance in the DDM console.',
    retryClass: 'permanent',
  },
  REDIRECT_REFUSED: {
    meaning: 'The endpoint redirected the call; it was not followed, to keep the token here.',
    advice: 'Check DDM_ENDPOINT: it must be the API endpoint of the region, not a console address.',
    retryClass: 'permanent',
  },
  INVALID_INSTANCE_ID: {
    meaning: 'The entry of the list is not a DDM instance id.',
    advice: 'Correct the entry in the instances parameter: 32 hex digits, `in` and two digits.',
    retryClass: 'permanent',
  },
  NOT_ALLOWED: {
    meaning: 'The instance is not in the configured list.',
    advice: 'Add the instance to the instances parameter if it should be synchronised.',
    retryClass: 'permanent',
  },
  UNAUTHORIZED: {
    meaning: 'The service refused the credentials and gave no code.',
    advice: renewToken,
    retryClass: 'auth',
  },
  QUEUE_REFUSED: {
    meaning: 'The instance was to be handed over, but the queue did not take its message.',
    advice:
      "Check that SYNC_QUEUE_URL names the queue and that the function's role has sqs:SendMessage on it; the next run tries again.",
    retryClass: 'permanent',
  },
  DEADLINE: {
    meaning: 'The run ended before this instance had its turn, and no queue took it.',
    advice:
      'The next run tries again. Raise SYNC_RATE_PER_SECOND or SYNC_CONCURRENCY, or the timeout of the function.',
    retryClass: 'permanent',
  },
  RUN_STOPPED: {
    meaning: 'The run was stopped before this instance had its turn.',
    advice:
      'Look at the other failures of this run: a refused token, or more than SYNC_MAX_ERRORS.',
    retryClass: 'permanent',
  },
  JOB_FAILED: {
    meaning: 'The sync was accepted, and its job failed; externalMessage is the reason given.',
    advice:
      'Look at the task in the DDM console, and whether the data nodes of this instance are in state Normal; the next run tries again.',
    retryClass: 'permanent',
  },
  INTERNAL: {
    meaning: 'A fault in ddm-sync itself.',
    advice: 'Please report it with the log lines of this run.',
    retryClass: 'permanent',
  },
};

/** The API gateway's codes by number: the prefix is APIGW or APIG (HUAWEI.md section 2). */
export const gatewayCodes: Readonly<Record<string, ErrorCode>> = {
  '0101': {
    meaning: 'The API does not exist.',
    advice:
      'Check DDM_ENDPOINT; if v1 was withdrawn in this region, set DDM_API_VERSION to v3 or auto.',
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
    advice: 'With status 494 the token is too long for the gateway; else wait for the next run.',
  },
  '0202': { meaning: 'The backend is unavailable.', advice: openTicket, retryClass: 'retry' },
  '0203': { meaning: 'The backend timed out.', advice: openTicket, retryClass: 'retry' },
  '0301': {
    meaning: 'The IAM authentication information is wrong.',
    advice: renewToken,
    retryClass: 'auth',
  },
  '0302': { meaning: 'The IAM user is not allowed.', advice: checkPolicy, retryClass: 'permanent' },
  '0303': { meaning: 'The app authentication failed.', advice: renewToken, retryClass: 'auth' },
  '0304': { meaning: 'The app is not allowed.', advice: checkPolicy, retryClass: 'permanent' },
  '0305': { meaning: 'The authentication failed.', advice: renewToken, retryClass: 'auth' },
  '0306': { meaning: 'Access is denied.', advice: checkPolicy, retryClass: 'permanent' },
  '0307': {
    meaning: 'The token must be updated: expired, or of another project or region.',
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
    advice: 'Check DDM_PROJECT_ID, and in the console whether the project is suspended.',
    retryClass: 'permanent',
  },
};

const retriedStatuses = new Set([408, 425, 500, 502, 504]);
const throttledStatuses = new Set([429, 503]);

/** What a failure asks for: its code decides, else its HTTP status. */
export function classify(httpStatus: number | undefined, errCode: string | undefined): RetryClass {
  return find(errCode)?.retryClass ?? classifyStatus(httpStatus);
}

/** What a person on call should do about a failure; undefined where nothing is known of it. */
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
    'Look the code up in the DDM API reference, and check that the instance exists in this project and region.',
  retry: openTicket,
  later: waitForOperation,
  auth: renewToken,
  throttled: 'The service is overloaded. The run slows down by itself; the next run tries again.',
} as const satisfies Record<RetryClass, string>;
