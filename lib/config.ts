import * as v from 'valibot';
import { ConfigError } from './errors.ts';

/** The service's settings; docs/configuration.md lists the variables they come from. */
export interface Config {
  /** Origin, without a slash at its end. */
  readonly ddmEndpoint: string;
  readonly projectId: string;
  readonly parameterPrefix: string;
  readonly authMode: 'token' | 'aksk';
  /** Origin, for rotate-token; absent where it can be neither read nor derived. */
  readonly iamEndpoint: string | undefined;
  /** Origin of the audit service; absent where it can be neither read nor derived. */
  readonly ctsEndpoint: string | undefined;
  /** Services whose audit traces watch reads, by the names that CTS has for them. */
  readonly watchServiceTypes: readonly string[];
  /** A fresh token is tried with one call before it replaces the old one. */
  readonly rotationProof: boolean;
  /** ARN of the KMS key that encrypts what is written; absent: the account's key aws/ssm. */
  readonly parameterKmsArn: string | undefined;
  /** The fleet comes from the list API, not from the parameter store. */
  readonly ddmDiscovery: boolean;
  readonly ddmApiVersion: 'v1' | 'v3' | 'auto';
  readonly syncConcurrency: number;
  readonly syncRatePerSecond: number;
  readonly syncAttemptTimeoutMs: number;
  readonly syncMaxAttempts: number;
  /** With more failed instances than that a run stops: a number, or a share (0 to 1) of the run. */
  readonly syncMaxErrors: { readonly count: number } | { readonly share: number } | undefined;
  readonly syncInlineMax: number;
  /** Deliveries of a queue message, the last one before the dead-letter queue included. */
  readonly syncMaxReceives: number;
  /** Absent: everything runs inline. */
  readonly syncQueueUrl: string | undefined;
  /** FIFO queue of what changed; absent where nothing tells of changes. */
  readonly changeQueueUrl: string | undefined;
  /** Changes of one instance within so long lead to one sync: the delay of the change queue. */
  readonly changeWindowSeconds: number;
  /** Absent: nobody looks what became of an accepted sync. */
  readonly followQueueUrl: string | undefined;
  /** Whether runs hand their accepted syncs to the follow queue. */
  readonly syncFollow: boolean;
  /** So long after it was accepted a sync is looked for; then its end is unknown. */
  readonly syncFollowMinutes: number;
  readonly deadlineReserveMs: number;
  /** Topics of SMN whose messages are taken, in lower case; none: every message is refused. */
  readonly smnTopicUrns: readonly string[];
  /** SHA-256 fingerprints of the signing certificates that are trusted, hex; none: those of SMN's hosts. */
  readonly smnCertificateSha256: readonly string[];
  /** A subscription of an allowed topic is confirmed by itself. */
  readonly smnConfirm: boolean;
}

/** Where the public clouds that offer DDM have their endpoints: Huawei Cloud, its EU cloud, OTC. */
export const cloudDomains = [
  'myhuaweicloud.com',
  'myhuaweicloud.eu',
  'otc.t-systems.com',
  'sc.otc.t-systems.com',
] as const;

/** Reads the settings; an empty variable counts as unset. @throws {ConfigError} with every problem */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const names = Object.keys(schema.entries);
  const given: Record<string, string> = Object.create(null); // valibot reads inherited members too
  for (const name of names) {
    const value = Object.hasOwn(env, name) ? env[name]?.trim() : '';
    if (value) given[name] = value;
  }
  const parsed = v.safeParse(schema, given, { abortPipeEarly: true });
  if (!parsed.success) throw new ConfigError(parsed.issues.map((issue) => describe(issue, given)));
  const { output } = parsed;
  return {
    ddmEndpoint: output.DDM_ENDPOINT,
    projectId: output.DDM_PROJECT_ID,
    parameterPrefix: output.PARAMETER_PREFIX,
    authMode: output.AUTH_MODE,
    iamEndpoint: output.IAM_ENDPOINT ?? deriveEndpoint('iam', output.DDM_ENDPOINT),
    ctsEndpoint: output.CTS_ENDPOINT ?? deriveEndpoint('cts', output.DDM_ENDPOINT),
    watchServiceTypes: output.WATCH_SERVICE_TYPES.split(','),
    rotationProof: output.ROTATION_PROOF === 'on',
    parameterKmsArn: output.PARAMETER_KMS_ARN,
    ddmDiscovery: output.DDM_DISCOVERY === 'on',
    ddmApiVersion: output.DDM_API_VERSION,
    syncConcurrency: output.SYNC_CONCURRENCY,
    syncRatePerSecond: output.SYNC_RATE_PER_SECOND,
    syncAttemptTimeoutMs: output.SYNC_ATTEMPT_TIMEOUT_MS,
    syncMaxAttempts: output.SYNC_MAX_ATTEMPTS,
    syncMaxErrors: output.SYNC_MAX_ERRORS,
    syncInlineMax: output.SYNC_INLINE_MAX,
    syncMaxReceives: output.SYNC_MAX_RECEIVES,
    syncQueueUrl: output.SYNC_QUEUE_URL,
    changeQueueUrl: output.CHANGE_QUEUE_URL,
    changeWindowSeconds: output.CHANGE_WINDOW_SECONDS,
    followQueueUrl: output.FOLLOW_QUEUE_URL,
    syncFollow: output.SYNC_FOLLOW === 'on',
    syncFollowMinutes: output.SYNC_FOLLOW_MINUTES,
    deadlineReserveMs: output.DEADLINE_RESERVE_MS,
    smnTopicUrns: output.SMN_TOPIC_URNS,
    smnCertificateSha256: output.SMN_CERTIFICATE_SHA256,
    smnConfirm: output.SMN_CONFIRM === 'on',
  };
}

function describe(issue: v.BaseIssue<unknown>, given: Readonly<Record<string, string>>): string {
  const name = String(issue.path?.[0]?.key);
  const value = given[name];
  const remedy = remedies[name] ?? issue.message;
  return value === undefined
    ? `${name} is not set: ${remedy}`
    : `${name} is "${value.slice(0, 64)}": ${remedy}`;
}

/** Whether a URL stays on this machine: the embedded cloud's do. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/.test(hostname);
}

function isQueueUrl(ending: RegExp) {
  return (value: string): boolean => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url?.href !== value || url.username !== '' || url.search !== '') return false;
    if (!/^\/\d{12}\/[\w-]{1,75}/.test(url.pathname) || !ending.test(url.pathname)) return false;
    if (isLoopback(url)) return true;
    return url.protocol === 'https:' && /^sqs\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(url.host);
  };
}

function isEndpoint(service: string) {
  return (value: string): boolean => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || url.username !== '' || url.password !== '') return false;
    if (url.origin !== value.replace(/\/$/, '').toLowerCase()) return false;
    if (isLoopback(url)) return true;
    const [first, region, ...domain] = url.hostname.split('.');
    const isCloud = cloudDomains.some((known) => known === domain.join('.'));
    const isRegion = /^[a-z]{2}-[a-z0-9-]{1,30}$/.test(region ?? '');
    return url.protocol === 'https:' && url.port === '' && first === service && isRegion && isCloud;
  };
}

// Every region has them on the same domain; loopback has one port each.
function deriveEndpoint(service: string, ddmEndpoint: string): string | undefined {
  return ddmEndpoint.startsWith('https://ddm.')
    ? ddmEndpoint.replace('//ddm.', `//${service}.`)
    : undefined;
}

function endpoint(service: string) {
  return v.pipe(
    v.string(),
    v.check(isEndpoint(service)),
    v.transform((value) => new URL(value).origin),
  );
}

function number(fallback: number, min: number, max: number, kind: RegExp = /^\d{1,9}$/) {
  return v.optional(
    v.pipe(v.string(), v.regex(kind), v.transform(Number), v.minValue(min), v.maxValue(max)),
    String(fallback),
  );
}

/** Entries separated by commas, of one form each, in lower case. */
function list(form: RegExp, clean = (entry: string) => entry) {
  return v.optional(
    v.pipe(
      v.string(),
      v.transform((value) =>
        value
          .split(',')
          .map((entry) => clean(entry.trim().toLowerCase()))
          .filter((entry) => entry !== ''),
      ),
      v.array(v.pipe(v.string(), v.regex(form))),
    ),
    '',
  );
}

const maxErrors = v.pipe(
  v.string(),
  v.regex(/^(off|\d{1,6}|(100|\d{1,2}(\.\d{1,3})?)%)$/),
  v.transform((value): Config['syncMaxErrors'] => {
    if (value === 'off') return undefined;
    return value.endsWith('%')
      ? { share: Number.parseFloat(value) / 100 }
      : { count: Number(value) };
  }),
);

/** Each variable with its form and its default; scripts/docs/settings.ts says what it is for. */
export const schema = v.object({
  DDM_ENDPOINT: endpoint('ddm'),
  DDM_PROJECT_ID: v.pipe(v.string(), v.regex(/^[0-9A-Za-z_-]{1,64}$/)),
  IAM_ENDPOINT: v.optional(endpoint('iam')),
  CTS_ENDPOINT: v.optional(endpoint('cts')),
  PARAMETER_PREFIX: v.pipe(
    v.string(),
    v.regex(/^(\/[\w.-]+){1,13}$/),
    v.regex(/^(?!\/(aws|ssm))/i),
    v.maxLength(900),
  ),
  WATCH_SERVICE_TYPES: v.optional(
    v.pipe(v.string(), v.regex(/^\w{1,32}(,\w{1,32}){0,7}$/)),
    'RDS,GaussDB',
  ),
  DDM_API_VERSION: v.optional(v.picklist(['v1', 'v3', 'auto']), 'v1'),
  AUTH_MODE: v.optional(v.picklist(['token', 'aksk']), 'token'),
  ROTATION_PROOF: v.optional(v.picklist(['on', 'off']), 'on'),
  PARAMETER_KMS_ARN: v.optional(
    v.pipe(v.string(), v.regex(/^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]{1,250}$/)),
  ),
  SYNC_QUEUE_URL: v.optional(v.pipe(v.string(), v.check(isQueueUrl(/^[\w/-]+$/)))),
  CHANGE_QUEUE_URL: v.optional(v.pipe(v.string(), v.check(isQueueUrl(/^[\w/-]+\.fifo$/)))),
  CHANGE_WINDOW_SECONDS: number(20, 1, 900),
  FOLLOW_QUEUE_URL: v.optional(v.pipe(v.string(), v.check(isQueueUrl(/^[\w/-]+$/)))),
  SYNC_FOLLOW: v.optional(v.picklist(['on', 'off']), 'on'),
  SYNC_FOLLOW_MINUTES: number(30, 1, 720),
  SYNC_CONCURRENCY: number(20, 1, 1_000),
  SYNC_RATE_PER_SECOND: number(20, 0.1, 10_000, /^\d{1,5}(\.\d{1,3})?$/),
  SYNC_ATTEMPT_TIMEOUT_MS: number(10_000, 100, 60_000),
  SYNC_MAX_ATTEMPTS: number(3, 1, 10),
  SYNC_MAX_ERRORS: v.optional(maxErrors, 'off'),
  SYNC_INLINE_MAX: number(500, 0, 100_000),
  SYNC_MAX_RECEIVES: number(5, 1, 1_000),
  DEADLINE_RESERVE_MS: number(5_000, 500, 60_000),
  DDM_DISCOVERY: v.optional(v.picklist(['on', 'off']), 'off'),
  SMN_TOPIC_URNS: list(/^urn:smn:[a-z]{2}-[a-z0-9-]{1,30}:[0-9a-z]{1,64}:[\w-]{1,255}$/),
  SMN_CERTIFICATE_SHA256: list(/^[0-9a-f]{64}$/, (entry) => entry.replaceAll(':', '')),
  SMN_CONFIRM: v.optional(v.picklist(['on', 'off']), 'off'),
});

function endpointRemedy(service: string): string {
  return `set the API endpoint of the region, https://${service}.<region>.<domain>, with one of the domains ${cloudDomains.join(', ')}; http is for loopback only`;
}

/** What a variable must look like; also the text of its problem. */
export const remedies: Readonly<Record<string, string>> = {
  DDM_ENDPOINT: endpointRemedy('ddm'),
  DDM_PROJECT_ID: 'set the project id of the region (console: My Credentials), letters and digits',
  IAM_ENDPOINT: endpointRemedy('iam'),
  CTS_ENDPOINT: endpointRemedy('cts'),
  PARAMETER_PREFIX:
    'set the path of the parameters such as /ddm-sync/prod: it starts with a slash, ends without one, and does not begin with /aws or /ssm',
  WATCH_SERVICE_TYPES: 'set the service types of CTS, separated by commas, such as RDS,GaussDB',
  DDM_API_VERSION: 'set v1, v3 or auto',
  AUTH_MODE:
    'set token (X-Auth-Token from the parameter store) or aksk (requests signed with an access key)',
  ROTATION_PROOF: 'set on or off',
  PARAMETER_KMS_ARN:
    'set the ARN of a KMS key, arn:aws:kms:<region>:<account id>:key/<key id>, or unset it to use the key aws/ssm',
  SYNC_QUEUE_URL:
    'set the URL of the SQS queue, https://sqs.<region>.amazonaws.com/<account id>/<name>, or unset it to run everything inline',
  CHANGE_QUEUE_URL:
    'set the URL of the FIFO queue, https://sqs.<region>.amazonaws.com/<account id>/<name>.fifo, or unset it',
  CHANGE_WINDOW_SECONDS: 'set the DelaySeconds of the change queue, from 1 to 900',
  FOLLOW_QUEUE_URL:
    'set the URL of the SQS queue, https://sqs.<region>.amazonaws.com/<account id>/<name>, or unset it to follow no sync',
  SYNC_FOLLOW: 'set on or off',
  SYNC_FOLLOW_MINUTES: 'set a whole number from 1 to 720',
  SYNC_CONCURRENCY: 'set a whole number from 1 to 1000',
  SYNC_RATE_PER_SECOND: 'set a number from 0.1 to 10000',
  SYNC_ATTEMPT_TIMEOUT_MS: 'set milliseconds from 100 to 60000',
  SYNC_MAX_ATTEMPTS: 'set a whole number from 1 to 10',
  SYNC_MAX_ERRORS: 'set a number of instances such as 25, a share of the run such as 10%, or off',
  SYNC_INLINE_MAX: 'set a whole number from 0 to 100000',
  SYNC_MAX_RECEIVES: "set the maxReceiveCount of the queue's redrive policy, from 1 to 1000",
  DEADLINE_RESERVE_MS: 'set milliseconds from 500 to 60000',
  DDM_DISCOVERY:
    'set on (the instances come from the list API, without those of the parameter exclude) or off',
  SMN_TOPIC_URNS:
    'set the URNs of the topics, urn:smn:<region>:<project id>:<name>, separated by commas, or unset it to take no message',
  SMN_CERTIFICATE_SHA256:
    'set SHA-256 fingerprints, 64 hexadecimal digits each, separated by commas, or unset it to trust the certificates of the SMN hosts',
  SMN_CONFIRM: 'set on or off',
};
