import { describe, expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../lib/config.ts';
import { ConfigError } from '../../lib/errors.ts';
import { cloudDomains } from '../../lib/hosts.ts';

const complete = {
  DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
  DDM_PROJECT_ID: '619d3e78f61b4be68bc5aa0b59edcf7b',
  PARAMETER_PREFIX: '/ddm-sync/prod',
};

function problemsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('needs three variables and has defaults for the rest', () => {
  expect(parseConfig(complete)).toEqual({
    ddmEndpoint: 'https://ddm.eu-de.otc.t-systems.com',
    projectId: '619d3e78f61b4be68bc5aa0b59edcf7b',
    parameterPrefix: '/ddm-sync/prod',
    authMode: 'token',
    iamEndpoint: 'https://iam.eu-de.otc.t-systems.com',
    ctsEndpoint: 'https://cts.eu-de.otc.t-systems.com',
    cloudDomains: [],
    watchServiceTypes: ['RDS', 'GaussDB'],
    rotationProof: true,
    parameterKmsArn: undefined,
    ddmDiscovery: false,
    ddmApiVersion: 'v1',
    syncConcurrency: 20,
    syncRatePerSecond: 20,
    syncAttemptTimeoutMs: 10_000,
    syncMaxAttempts: 3,
    syncMaxErrors: undefined,
    syncInlineMax: 500,
    syncMaxReceives: 5,
    syncQueueUrl: undefined,
    followQueueUrl: undefined,
    syncFollow: true,
    syncFollowMinutes: 30,
    changeQueueUrl: undefined,
    changeWindowSeconds: 20,
    deadlineReserveMs: 5_000,
    smnTopicUrns: [],
    smnCertificateSha256: [],
    smnConfirm: false,
  });
});

test('row 67: lists every problem at once, each with its variable and a remedy', () => {
  const problems = problemsOf({ SYNC_CONCURRENCY: '0', DDM_API_VERSION: 'v2' });

  expect(problems.length).toBe(5);
  for (const name of [...Object.keys(complete), 'SYNC_CONCURRENCY', 'DDM_API_VERSION']) {
    expect(problems.join('\n')).toMatch(new RegExp(`^${name} is (not set|".*"): \\w`, 'm'));
  }
});

describe('row 44: shows no credentials of a URL', () => {
  const urls = [
    'https://admin:canary@ddm.eu-de.otc.t-systems.com',
    'https://admin:can@ary@ddm.eu-de.otc.t-systems.com',
    'https://admin:can/ary#x@ddm.eu-de.otc.t-systems.com',
    'https://canary@ddm.eu-de.otc.t-systems.com',
    'https:admin:canary@ddm.eu-de.otc.t-systems.com',
    'https:\\\\admin:canary@ddm.eu-de.otc.t-systems.com',
    'admin:canary@ddm.eu-de.otc.t-systems.com',
    'https://admin:canary%40ddm.eu-de.otc.t-systems.com',
    `https://admin:canary${'x'.repeat(100)}@ddm.eu-de.otc.t-systems.com`,
    'https://ddm.eu-de.otc.t-systems.com?X-Auth-Token=canary',
  ];
  const names = [
    ...['DDM_ENDPOINT', 'IAM_ENDPOINT', 'CTS_ENDPOINT', 'DDM_PROJECT_ID', 'SMN_TOPIC_URNS'],
    ...['SYNC_QUEUE_URL', 'CHANGE_QUEUE_URL', 'FOLLOW_QUEUE_URL', 'PARAMETER_PREFIX'],
  ];

  test.each(urls)('%s', (url) => {
    const problems = problemsOf({
      ...complete,
      ...Object.fromEntries(names.map((name) => [name, url])),
    });

    expect(problems.length).toBe(names.length);
    for (const problem of problems) expect(problem).toMatch(/is ".*t-systems\.com.*": set/);
    expect(problems.join('\n')).not.toMatch(/ary|admin/);
  });
});

test('says what to set, or what to unset it for, and shows 64 characters of the value', () => {
  const problems = problemsOf({
    ...complete,
    SYNC_CONCURRENCY: '9'.repeat(65),
    PARAMETER_KMS_ARN: 'alias/mine',
  });

  expect(problems).toEqual([
    'PARAMETER_KMS_ARN is "alias/mine": set the ARN of a KMS key, arn:aws:kms:<region>:<account id>:key/<key id>, or unset it to use the key aws/ssm',
    `SYNC_CONCURRENCY is "${'9'.repeat(64)}": set a whole number from 1 to 1000`,
  ]);
});

test.each(Object.keys(complete))('row 67: names %s when it is missing or empty', (name) => {
  for (const value of ['', '  ']) {
    const problems = problemsOf({ ...complete, [name]: value });

    expect(problems).toEqual([expect.stringMatching(`^${name} is not set: `)]);
  }
});

test.each([
  ['SYNC_CONCURRENCY', ['0', '1001', '1.5', 'many', '-1', '1e3']],
  ['SYNC_RATE_PER_SECOND', ['0', '0.01', '10001', 'NaN', '-5', '0x10']],
  ['SYNC_ATTEMPT_TIMEOUT_MS', ['99', '60001', '10s']],
  ['SYNC_MAX_ATTEMPTS', ['0', '11']],
  ['SYNC_MAX_ERRORS', ['none', '-1', '101%', '10 %', '%']],
  ['SYNC_INLINE_MAX', ['-1', '100001']],
  ['DEADLINE_RESERVE_MS', ['499', '60001']],
  ['DDM_API_VERSION', ['v2', 'V1']],
  ['DDM_PROJECT_ID', ['..', 'a/b', 'a?b', 'a b', 'x'.repeat(65)]],
  [
    'PARAMETER_PREFIX',
    [
      'ddm-sync',
      '/ddm-sync/',
      '/',
      '/aws/x',
      '/ssm',
      '/a//b',
      '/a b',
      `/${'a'.repeat(900)}`,
      '/SSM/x',
    ],
  ],
  ['AUTH_MODE', ['AKSK', 'password']],
  ['ROTATION_PROOF', ['yes', '1']],
  ['PARAMETER_KMS_ARN', ['alias/aws/ssm', 'arn:aws:kms:eu-central-1:1:key/a', 'arn:aws:iam::a:b']],
  ['SYNC_MAX_RECEIVES', ['0', '1001']],
  ['FOLLOW_QUEUE_URL', ['follow', 'http://sqs.eu-central-1.amazonaws.com/123456789012/queue']],
  ['SYNC_FOLLOW', ['yes', '1']],
  ['SYNC_FOLLOW_MINUTES', ['0', '721', '1.5']],
  [
    'SYNC_QUEUE_URL',
    [
      'https://sqs.eu-central-1.amazonaws.com/123/queue',
      'http://sqs.eu-central-1.amazonaws.com/123456789012/queue',
      'https://sqs.eu-central-1.amazonaws.com.evil.example/123456789012/queue',
      'https://user@sqs.eu-central-1.amazonaws.com/123456789012/queue',
      'https://sqs.eu-central-1.amazonaws.com/123456789012/queue?x=1',
      'https://169.254.169.254/123456789012/queue',
      'https://sqs.eu-central-1.amazonaws.com/123456789012/queue.fifo',
      'https://:secret@sqs.eu-central-1.amazonaws.com/123456789012/queue',
      'https://sqs.eu-central-1.amazonaws.com/123456789012/queue/more',
      'https://sqs.eu-central-1.amazonaws.com/123456789012/queue#x',
      'ddm-sync-prod-sync',
    ],
  ],
  ['DDM_DISCOVERY', ['yes', 'ON']],
  ['WATCH_SERVICE_TYPES', ['RDS GaussDB', ',', 'RDS,', 'RDS(', 'a'.repeat(65), 'RDS&from=0']],
  ['CHANGE_WINDOW_SECONDS', ['0', '901']],
  [
    'CHANGE_QUEUE_URL',
    [
      'https://sqs.eu-central-1.amazonaws.com/123456789012/ddm-sync-prod-sync',
      'https://sqs.eu-central-1.amazonaws.com.evil.example/123456789012/changes.fifo',
      'changes.fifo',
    ],
  ],
  ['IAM_ENDPOINT', ['http://iam.eu-de.otc.t-systems.com', 'https://ddm.eu-de.otc.t-systems.com']],
])('row 67: refuses an unusable %s', (name, values) => {
  for (const value of values) {
    expect(problemsOf({ ...complete, [name]: value })).toEqual([
      expect.stringMatching(`^${name} is "`),
    ]);
  }
});

test.each([
  ['off', undefined],
  ['25', { count: 25 }],
  ['0', { count: 0 }],
  ['10%', { share: 0.1 }],
  ['2.5%', { share: 0.025 }],
])('reads SYNC_MAX_ERRORS %s', (value, expected) => {
  expect(parseConfig({ ...complete, SYNC_MAX_ERRORS: value }).syncMaxErrors).toEqual(expected);
});

describe('DDM_ENDPOINT', () => {
  test.each([
    ...cloudDomains.map((domain) => `https://ddm.eu-de.${domain}`),
    'https://ddm.eu-west-101.myhuaweicloud.eu/',
    'http://127.0.0.1:8080',
    'http://localhost:1',
    'https://localhost:8443',
    'http://[::1]:9',
  ])('row 49: may be %s', (value) => {
    const { ddmEndpoint } = parseConfig({ ...complete, DDM_ENDPOINT: value });

    expect(ddmEndpoint).toBe(value.replace(/\/$/, ''));
  });

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'https://169.254.169.254',
    'https://10.0.0.1',
    'http://ddm.eu-de.otc.t-systems.com',
    'https://ddm.eu-de.otc.t-systems.com:8443',
    'https://user@ddm.eu-de.otc.t-systems.com',
    'https://user:secret@ddm.eu-de.otc.t-systems.com',
    'https://ddm.eu-de.otc.t-systems.com@evil.example',
    'https://ddm.eu-de.otc.t-systems.com.evil.example',
    'https://ddm.eu-de.otc.t-systems.com.',
    'https://ddm.eu-de.otc.t-systems.com/v1',
    'https://ddm.eu-de.otc.t-systems.com?a=b',
    'https://ddm.eu-de.otc.t-systems.com#a',
    'https://evil.example#.otc.t-systems.com',
    'https://ddm.evil.example.otc.t-systems.com',
    'https://iam.eu-de.otc.t-systems.com',
    'https://ddm.еu-de.otc.t-systems.com',
    'https://ddm.eu-de.myhuaweicloud.co',
    'http://127.0.0.1.evil.example',
    'http://2130706433',
    'file:///etc/passwd',
    'ddm.eu-de.otc.t-systems.com',
  ])('row 49: may not be %s', (value) => {
    const problems = problemsOf({ ...complete, DDM_ENDPOINT: value });

    expect(problems).toEqual([expect.stringMatching(/^DDM_ENDPOINT is "/)]);
  });
});

describe('CLOUD_DOMAINS', () => {
  const further = 'prod-cloud-ocb.orange-business.com, Cloud.Example';

  test.each(['ddm.eu-west-0.prod-cloud-ocb.orange-business.com', 'ddm.xx-1.cloud.example'])(
    'allows %s, and iam and cts beside it',
    (host) => {
      const env = { ...complete, DDM_ENDPOINT: `https://${host}`, CLOUD_DOMAINS: further };

      expect(problemsOf({ ...env, CLOUD_DOMAINS: '' })).toEqual([
        expect.stringMatching(/^DDM_ENDPOINT is .* or of CLOUD_DOMAINS/),
      ]);
      expect(parseConfig(env)).toMatchObject({
        ddmEndpoint: `https://${host}`,
        iamEndpoint: `https://${host.replace('ddm', 'iam')}`,
        ctsEndpoint: `https://${host.replace('ddm', 'cts')}`,
      });
    },
  );

  test.each([
    'https://ddm.cloud.example',
    'https://iam.xx-1.cloud.example',
    'https://ddm.xx-1.evil.cloud.example',
    'https://ddm.xx-1.cloud.example.evil.example',
    'http://ddm.xx-1.cloud.example',
    'https://ddm.xx-1.cloud.example:8443',
  ])('keeps the other rules for hosts: not %s', (value) => {
    const env = { ...complete, DDM_ENDPOINT: value, CLOUD_DOMAINS: further };

    expect(problemsOf(env)).toEqual([expect.stringMatching(/^DDM_ENDPOINT is "/)]);
  });

  test.each(['com', 'a.b', '*.cloud.example', 'https://cloud.example', '10.0.0.1', '.example.com'])(
    'may not be %s',
    (value) => {
      expect(problemsOf({ ...complete, CLOUD_DOMAINS: value })).toEqual([
        expect.stringMatching(/^CLOUD_DOMAINS is "/),
      ]);
    },
  );
});

test('row 51: does not read inherited members of the environment', () => {
  Object.assign(Object.prototype, { PARAMETER_PREFIX: '/polluted' });
  onTestFinished(() => {
    Reflect.deleteProperty(Object.prototype, 'PARAMETER_PREFIX');
  });
  const { DDM_ENDPOINT, DDM_PROJECT_ID } = complete;

  expect(problemsOf({ DDM_ENDPOINT, DDM_PROJECT_ID })).toEqual([
    expect.stringMatching(/^PARAMETER_PREFIX is not set/),
  ]);
});

test.each([
  'https://sqs.eu-central-1.amazonaws.com/123456789012/ddm-sync-prod-sync',
  'https://sqs.cn-north-1.amazonaws.com.cn/123456789012/queue',
  'http://127.0.0.1:4566/000000000000/queue',
])('accepts %s as a queue', (url) => {
  expect(parseConfig({ ...complete, SYNC_QUEUE_URL: url }).syncQueueUrl).toBe(url);
});

test('reads lists of topics and fingerprints, in lower case', () => {
  const config = parseConfig({
    ...complete,
    SMN_TOPIC_URNS: ' urn:smn:EU-DE:619d3e78f61b4be68bc5aa0b59edcf7b:Changes ,urn:smn:eu-nl:p:x, ',
    SMN_CERTIFICATE_SHA256: `${'AB:'.repeat(31)}CD,${'0'.repeat(64)}`,
    SMN_CONFIRM: 'on',
  });

  expect(config.smnTopicUrns).toEqual([
    'urn:smn:eu-de:619d3e78f61b4be68bc5aa0b59edcf7b:changes',
    'urn:smn:eu-nl:p:x',
  ]);
  expect(config.smnCertificateSha256).toEqual([`${'ab'.repeat(31)}cd`, '0'.repeat(64)]);
  expect(config.smnConfirm).toBe(true);
});

test.each([
  ['SMN_TOPIC_URNS', 'urn:smn:eu-de:project'],
  ['SMN_TOPIC_URNS', 'urn:smn:eu-de:project:name,*'],
  ['SMN_TOPIC_URNS', 'urn:smn:evil.example/:project:name'],
  ['SMN_CERTIFICATE_SHA256', 'ab'.repeat(20)],
  ['SMN_CONFIRM', 'yes'],
])('row 67: refuses %s=%s', (name, value) => {
  const problems = problemsOf({ ...complete, [name]: value });

  expect(problems).toEqual([expect.stringMatching(`^${name} is ".*": set `)]);
});

test('service types may have the form of GaussDB(for MySQL)', () => {
  const types = 'RDS, GaussDB(for MySQL),TaurusDB';

  expect(parseConfig({ ...complete, WATCH_SERVICE_TYPES: types })).toMatchObject({
    watchServiceTypes: ['RDS', 'GaussDB(for MySQL)', 'TaurusDB'],
  });
});
