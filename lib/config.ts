import * as v from 'valibot';
import {
  bucketName,
  domains,
  endpoint,
  fingerprints,
  kmsKeyArn,
  logGroupPrefix,
  maxErrors,
  number,
  oneOf,
  onOff,
  parameterPath,
  projectId,
  queueUrl,
  serviceTypes,
  topicUrns,
} from './config-forms.ts';
import { type Setting, setting, valuesOf } from './config-setting.ts';
import { ConfigError } from './errors.ts';

/** Every setting: its name in `Config`, its variable, its form, its default, and what it means. */
export const settings = {
  ddmEndpoint: setting('DDM_ENDPOINT', endpoint('ddm'), {
    required: true,
    meaning: 'Where the DDM API is',
  }),
  projectId: setting('DDM_PROJECT_ID', projectId, {
    required: true,
    meaning: 'The project that owns the instances',
  }),
  iamEndpoint: setting('IAM_ENDPOINT', endpoint('iam'), {
    unset: 'derive it from DDM_ENDPOINT, with iam. instead of ddm.',
    meaning: 'Where rotate-token signs in',
  }),
  ctsEndpoint: setting('CTS_ENDPOINT', endpoint('cts'), {
    unset: 'derive it from DDM_ENDPOINT, with cts. instead of ddm.',
    meaning: 'The audit service, which watch asks what changed',
  }),
  cloudDomains: setting('CLOUD_DOMAINS', domains, {
    default: '',
    unset: 'allow the public clouds only',
    meaning:
      'Domains of further clouds, for the endpoints and for SMN ([partner-clouds.md](partner-clouds.md)). The service sends its credentials there: name only domains that you trust',
  }),
  parameterPrefix: setting('PARAMETER_PREFIX', parameterPath, {
    required: true,
    meaning: 'Where the [parameters](#parameters) are in the parameter store',
  }),
  logGroupPrefix: setting('LOG_GROUP_PREFIX', logGroupPrefix, {
    unset: 'answer GET /runs with 503',
    meaning:
      'How the log groups of the functions begin, which `GET /runs/{runId}` asks ([http.md](http.md#get-runsrunid))',
  }),
  watchServiceTypes: setting('WATCH_SERVICE_TYPES', serviceTypes, {
    default: 'RDS,GaussDB',
    meaning: 'The services whose data nodes watch looks for, by their CTS names',
  }),
  ddmApiVersion: setting('DDM_API_VERSION', oneOf(['v1', 'v3', 'auto'], 'v1, v3 or auto'), {
    default: 'v1',
    meaning:
      '`v1` calls rds/sync, `v3` its successor data-nodes/sync. `auto` starts with v1, and switches to v3 for the rest of a run when v1 no longer exists',
  }),
  authMode: setting(
    'AUTH_MODE',
    oneOf(
      ['token', 'aksk'],
      'token (X-Auth-Token from the parameter store) or aksk (requests signed with an access key)',
    ),
    { default: 'token', meaning: 'How calls authenticate ([credentials.md](credentials.md))' },
  ),
  rotationProof: setting('ROTATION_PROOF', onOff(), {
    default: 'on',
    meaning:
      'Whether rotate-token tests a new token with one call to DDM (the first page of the instance list) before it replaces the old one',
  }),
  parameterKmsArn: setting('PARAMETER_KMS_ARN', kmsKeyArn, {
    unset: 'use the key aws/ssm',
    meaning: 'The key that encrypts what rotate-token writes',
  }),
  syncQueueUrl: setting('SYNC_QUEUE_URL', queueUrl('standard'), {
    unset: 'run everything inline',
    meaning: 'The sync queue. Without it, what does not fit into a run is `failed` with `DEADLINE`',
  }),
  changeQueueUrl: setting('CHANGE_QUEUE_URL', queueUrl('fifo'), {
    unset: 'take no changes',
    meaning: 'The change queue. Without it, changed, smn and watch fail',
  }),
  changeWindowSeconds: setting('CHANGE_WINDOW_SECONDS', number(1, 899), {
    default: '20',
    meaning:
      'Changes of one instance within this time lead to one sync. The change queue must delay its messages for longer: the template sets both, the delay to one second more',
  }),
  ownersBucket: setting('OWNERS_BUCKET', bucketName, {
    unset: 'let each worker find out for itself',
    meaning:
      'The S3 bucket in which the workers share which instances have which data nodes ([changes.md](changes.md))',
  }),
  followQueueUrl: setting('FOLLOW_QUEUE_URL', queueUrl('standard'), {
    unset: 'turn following off',
    meaning:
      'The follow queue ([follow-up.md](follow-up.md)). Without it, accepted syncs are not followed',
  }),
  syncFollow: setting('SYNC_FOLLOW', onOff(), {
    default: 'on',
    meaning:
      'Whether runs hand their accepted syncs to the follow queue. With `off`, only those already in the queue are followed to their end',
  }),
  syncFollowMinutes: setting('SYNC_FOLLOW_MINUTES', number(1, 720), {
    default: '30',
    meaning: 'How long to keep checking an accepted sync. After that its end is `unknown`',
  }),
  syncConcurrency: setting('SYNC_CONCURRENCY', number(1, 1_000), {
    default: '20',
    meaning: 'Maximum number of calls in flight',
  }),
  syncRatePerSecond: setting(
    'SYNC_RATE_PER_SECOND',
    number(0.1, 10_000, { what: 'a number', pattern: /^\d{1,5}(\.\d{1,3})?$/ }),
    {
      default: '20',
      meaning:
        'Maximum number of calls started in any second. Only throttling by the service lowers the rate',
    },
  ),
  syncAttemptTimeoutMs: setting(
    'SYNC_ATTEMPT_TIMEOUT_MS',
    number(100, 60_000, { what: 'milliseconds' }),
    { default: '10000', meaning: 'Time limit of one attempt, connection and body included' },
  ),
  syncMaxAttempts: setting('SYNC_MAX_ATTEMPTS', number(1, 10), {
    default: '3',
    meaning:
      'Maximum number of calls per instance and run or batch. Throttled calls do not count, and a renewed token may add one',
  }),
  syncMaxErrors: setting('SYNC_MAX_ERRORS', maxErrors, {
    default: 'off',
    meaning:
      'When more instances than this fail, the run stops. The rest is `failed` with `RUN_STOPPED`',
  }),
  syncInlineMax: setting('SYNC_INLINE_MAX', number(0, 100_000), {
    default: '500',
    meaning:
      'How many instances a run syncs itself when there is a queue. Without one, it syncs all of them',
  }),
  syncMaxReceives: setting(
    'SYNC_MAX_RECEIVES',
    number(1, 1_000, { what: "the maxReceiveCount of the queue's redrive policy," }),
    {
      default: '5',
      meaning:
        'How often SQS delivers a message before it moves it to the dead-letter queue, and after how many tries of its own ([what is one](architecture.md#what-is-to-be-called-again)) an instance in the queue is `failed`',
    },
  ),
  deadlineReserveMs: setting('DEADLINE_RESERVE_MS', number(500, 60_000, { what: 'milliseconds' }), {
    default: '5000',
    meaning:
      "Time before Lambda's deadline in which no call starts, reserved for handing over and reporting. At most half of an invocation's time: a larger value is cut to that",
  }),
  ddmDiscovery: setting(
    'DDM_DISCOVERY',
    onOff(
      'on (the list API, without the ids in the parameter exclude) or off (the parameter instances)',
    ),
    { default: 'off', meaning: 'Where the list of instances comes from' },
  ),
  smnTopicUrns: setting('SMN_TOPIC_URNS', topicUrns, {
    default: '',
    unset: 'refuse every message',
    meaning: 'Topics whose messages `POST /notifications/smn` accepts ([smn.md](smn.md))',
  }),
  smnCertificateSha256: setting('SMN_CERTIFICATE_SHA256', fingerprints, {
    default: '',
    unset: 'trust the certificates of the SMN hosts',
    meaning: 'The signing certificates of SMN to trust',
  }),
  smnConfirm: setting('SMN_CONFIRM', onOff(), {
    default: 'off',
    meaning: 'Whether to confirm the subscription of an allowed topic automatically',
  }),
} as const;

/** The settings; docs/configuration.md lists the variables they come from. */
export type Config = {
  readonly [Name in keyof typeof settings]: (typeof settings)[Name] extends Setting<infer T>
    ? T
    : never;
};

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the settings; an empty variable counts as unset. @throws {ConfigError} with every problem */
export function parseConfig(env: Env): Config {
  const { problems, values } = parseSettings(settings, env);
  if (problems.length > 0) throw new ConfigError(problems);
  const config = values as Config; // each value was parsed by its own form
  return {
    ...config,
    iamEndpoint: config.iamEndpoint ?? deriveEndpoint('iam', config),
    ctsEndpoint: config.ctsEndpoint ?? deriveEndpoint('cts', config),
  };
}

/** The values of a table of settings by their names, and what is wrong with the others. */
export function parseSettings(table: Readonly<Record<string, Setting<unknown>>>, env: Env) {
  const problems: string[] = [];
  const further = v.safeParse(settings.cloudDomains.form.schema, given(env, 'CLOUD_DOMAINS'));
  const furtherDomains = further.success ? further.output : [];
  const values = Object.entries(table).map(([name, setting]) => {
    const text = given(env, setting.variable) || setting.default;
    if (text === undefined && !setting.required) return [name, undefined];
    const isRefused = setting.form.accepts?.(text ?? '', furtherDomains) === false;
    const parsed = isRefused ? undefined : v.safeParse(setting.form.schema, text);
    if (!parsed?.success) problems.push(problemOf(setting, given(env, setting.variable)));
    return [name, parsed?.output];
  });
  return { problems, values: Object.fromEntries(values) as unknown };
}

function given(env: Env, variable: string): string {
  return (Object.hasOwn(env, variable) && env[variable]?.trim()) || '';
}

function problemOf(setting: Setting<unknown>, value: string): string {
  const state = value ? `"${withoutCredentials(value).slice(0, 64)}"` : 'not set';
  return `${setting.variable} is ${state}: set ${valuesOf(setting)}`;
}

/** A value without what a URL may carry before its host or in its query, even if it is no correct URL. */
function withoutCredentials(value: string): string {
  return value
    .replace(/^([a-z][\w+.-]*:\/\/)?.*(?:@|%40)/is, '$1[redacted]@')
    .replace(/\?.*/s, '?[redacted]');
}

// All services of a region are on the same domain; on loopback each has a port of its own.
function deriveEndpoint(service: string, { ddmEndpoint }: Config): string | undefined {
  return ddmEndpoint.startsWith('https://ddm.')
    ? ddmEndpoint.replace('//ddm.', `//${service}.`)
    : undefined;
}
