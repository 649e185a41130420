import type { RetryClass } from '../errors.ts';

export interface ErrorCode {
  readonly meaning: string;
  /** What you do when you are on call. */
  readonly advice: string;
  /** Absent if the HTTP status decides, not the code alone. */
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

const permanent = codeOf('permanent');
const retry = codeOf('retry');
const later = codeOf('later');
const auth = codeOf('auth');
const throttled = codeOf('throttled');
const byStatus = codeOf();

/** The codes of DDM (support.huaweicloud.com api-ddm/ddm_api_01_0061), those of RDS that DDM passes on, and our own. */
export const errorCodes: Readonly<Record<string, ErrorCode>> = {
  'DBS.200011': later('Another operation is being performed on the instance.', waitForOperation),
  'DBS.200019': later('Another operation is in progress on the instance.', waitForOperation),
  'DBS.200412': retry('Server failure.', openTicket),
  'DBS.212033': later('The instance is being operated on.', waitForOperation),
  'DBS.280001': permanent(
    'Parameter error.',
    'The instance id or the project is wrong. Check that the instance still exists in this project and region. If it does not, remove it from the instances parameter.',
  ),
  'DBS.300002': retry('Server failure; the service asks to try again later.', openTicket),
  'DBS.300005': permanent('Failed to process the request.', openTicket),
  'DBS.300115': later(
    'Associated data nodes were deleted.',
    'A data node of a schema no longer exists. Look at the schemas of the instance in the DDM console. An accepted sync clears the entry.',
  ),
  'DBS.300116': later('The available RDS instances could not be queried.', checkRds),
  'DBS.300117': later('The associated RDS instances could not be obtained.', checkRds),
  'DBS.300120': later(
    'Failed to obtain task information.',
    'Check that the DDM instance is in state Running. The next run tries again.',
  ),
  'DBS.300125': later('Failed to synchronize RDS information.', checkRds),
  'DBS.300322': permanent('Failed to save the instance metadata.', openTicket),
  'DBS.300323': later('A data node is unavailable or in the wrong state.', checkRds),
  'DBS.300356': later(
    'Failed to connect to the data node.',
    'Check that the data node is up, and that its security group and port let the DDM instance in. Then wait for the next run.',
  ),
  'DBS.300400': permanent(
    'The task is not found.',
    'The service does not know the task. Look at the instance in the DDM console.',
  ),
  'IAM.0001': auth('Authentication is required.', renewToken),
  'IAM.0002': permanent('The request is not allowed.', checkPolicy),
  'IAM.0003': permanent('The request is not allowed.', checkPolicy),
  'IAM.0012': throttled('IAM throttles the calls.', slowDown),
  'IAM.0061': auth(
    'The IAM user is locked.',
    'Unlock the IAM user of the token in the console, then put a new token into the token parameter.',
  ),
  'IAM.0062': auth('The password is wrong.', renewToken),
  'IAM.0063': auth('Authentication failed.', renewToken),
  'IAM.0064': auth('Authentication failed.', renewToken),
  'IAM.0066': auth('The token has expired.', renewToken),
  'IAM.0067': auth('The token is invalid.', renewToken),
  TIMEOUT: retry(
    'No complete answer arrived in time. The service may have taken the request.',
    'The next run tries again. If many instances time out, check the service health page and SYNC_ATTEMPT_TIMEOUT_MS.',
  ),
  NETWORK: retry(
    'The connection failed.',
    'Check DDM_ENDPOINT, and that the function can reach the internet (VPC, NAT gateway, security group).',
  ),
  TLS: permanent(
    'The certificate or the TLS version of the endpoint was rejected.',
    'The connection may be intercepted. Check DDM_ENDPOINT and any TLS-inspecting proxy before you do anything else.',
  ),
  BAD_RESPONSE: permanent(
    'The answer does not match the API reference.',
    'The result of the sync is not known. Check DDM_ENDPOINT and DDM_API_VERSION, then look at the instance in the DDM console.',
  ),
  REDIRECT_REFUSED: permanent(
    'The endpoint redirected the call. The redirect was not followed, because it would give the token to another host.',
    'Check DDM_ENDPOINT: it must be the API endpoint of the region, not a console address.',
  ),
  INVALID_INSTANCE_ID: permanent(
    'The list entry is not a DDM instance id.',
    'Correct the entry in the instances parameter. An id is 32 hex digits and `in09`. An id that ends in `in01` (RDS) or `in07` (TaurusDB) is a data node: list the DDM instance that uses it.',
  ),
  NOT_ALLOWED: permanent(
    'The instance is not in the configured list.',
    'If the instance should be synced, add it to the instances parameter.',
  ),
  UNAUTHORIZED: auth('The service refused the credentials and gave no error code.', renewToken),
  QUEUE_REFUSED: permanent(
    'The instance should have gone to the queue, but the queue did not take its message.',
    "Check that SYNC_QUEUE_URL names the queue, and that the function's role has sqs:SendMessage on it. The next run tries again.",
  ),
  DEADLINE: permanent(
    'The run ran out of time before it could call this instance, and there was no queue to take it.',
    'The next run tries again. Raise SYNC_RATE_PER_SECOND, SYNC_CONCURRENCY or the timeout of the function.',
  ),
  RUN_STOPPED: permanent(
    'The run was stopped before it could call this instance.',
    'Look at the other failures of this run: the token was refused, or there were more than SYNC_MAX_ERRORS failures.',
  ),
  JOB_FAILED: permanent(
    'The sync was accepted, but its job failed. externalMessage has the reason.',
    'Look at the task in the DDM console, and check that the data nodes of this instance are in state Normal. The next run tries again.',
  ),
  INTERNAL: permanent('A fault in ddm-sync itself.', 'Report it, with the log lines of this run.'),
};

/** The API gateway's codes by number; their prefix is APIGW or APIG. */
export const gatewayCodes: Readonly<Record<string, ErrorCode>> = {
  '0101': permanent(
    'The API does not exist.',
    'Check DDM_ENDPOINT. If v1 was withdrawn in this region, set DDM_API_VERSION to v3 or auto.',
  ),
  '0103': byStatus('The gateway found no backend.', openTicket),
  '0106': permanent('The gateway could not read the request.', 'Check DDM_PROJECT_ID.'),
  '0201': byStatus(
    'The request is malformed or too large, or the backend failed.',
    'With status 494, the token is too long for the gateway. Otherwise wait for the next run.',
  ),
  '0202': retry('The backend is unavailable.', openTicket),
  '0203': retry('The backend timed out.', openTicket),
  '0301': auth('The IAM authentication information is wrong.', renewToken),
  '0302': permanent('The IAM user is not allowed.', checkPolicy),
  '0303': auth('App authentication failed.', renewToken),
  '0304': permanent('The app is not allowed.', checkPolicy),
  '0305': auth('Authentication failed.', renewToken),
  '0306': permanent('Access is denied.', checkPolicy),
  '0307': auth('The token has expired, or is for another project or region.', renewToken),
  '0308': throttled('The gateway throttles the calls.', slowDown),
  '0310': permanent(
    'The project is not available.',
    'Check DDM_PROJECT_ID, and check in the console that the project is not suspended.',
  ),
};

const classes: Readonly<Record<number, RetryClass>> = {
  401: 'auth',
  408: 'retry',
  409: 'later',
  425: 'retry',
  429: 'throttled',
  500: 'retry',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

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

function codeOf(retryClass?: RetryClass) {
  return (meaning: string, advice: string): ErrorCode => ({
    meaning,
    advice,
    ...(retryClass && { retryClass }),
  });
}

function find(errCode = ''): ErrorCode | undefined {
  const number = /^APIGW?\.(\d{4})$/.exec(errCode)?.[1];
  const [codes, key] = number === undefined ? [errorCodes, errCode] : [gatewayCodes, number];
  return Object.hasOwn(codes, key) ? codes[key] : undefined;
}

function classifyStatus(httpStatus = 0): RetryClass {
  return classes[httpStatus] ?? 'permanent';
}

const adviceByClass = {
  permanent:
    'Look up the code in the DDM API reference, and check that the instance exists in this project and region.',
  retry: openTicket,
  unavailable:
    'The service is down or overloaded. The run waits and tries again, and so does the queue. If this continues, look at the status page of the service.',
  slow: openTicket,
  later: waitForOperation,
  auth: renewToken,
  throttled:
    'The service is overloaded. The run slows down by itself, and the next run tries again.',
} as const satisfies Record<RetryClass, string>;
