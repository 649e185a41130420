import * as v from 'valibot';
import { number, oneOf, onOff, text } from '../lib/config-forms.ts';
import { type Form, setting } from '../lib/config-setting.ts';

/** The deployment types of CodeDeploy that CANARY may name. */
const deploymentTypes = [
  'LambdaCanary10Percent5Minutes',
  ...[10, 15, 30].map((minutes) => `LambdaCanary10Percent${minutes}Minutes`),
  'LambdaLinear10PercentEvery1Minute',
  ...[2, 3, 10].map((minutes) => `LambdaLinear10PercentEvery${minutes}Minutes`),
  'LambdaAllAtOnce',
];

// What CloudFormation takes for RetentionInDays of AWS::Logs::LogGroup.
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
];

const schedule = text(
  /^(rate\((1 (minute|hour|day)|[1-9]\d{0,4} (minutes|hours|days))\)|cron\([^()]{11,200}\))$/,
  'rate(15 minutes), also in hours or days, or cron(…) of EventBridge Scheduler',
);

const topic = text(
  /^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/,
  'the ARN of an SNS topic, arn:aws:sns:<region>:<account id>:<name>',
);

const emails = text(
  /^[\w.+-]+@[\w-]+(\.[\w-]+)+( *, *[\w.+-]+@[\w-]+(\.[\w-]+)+)*$/,
  'e-mail addresses, separated by commas',
);

// As infra/names.cjs takes it.
const runbookUrl = text(
  /^https?:\/\/[^\s#@]{1,500}$/,
  'the URL of a page, without user name and #',
);

const percent = number(0.001, 100, {
  what: 'a percentage',
  pattern: /^\d{1,3}(\.\d{1,3})?$/,
});

/** Scopes as JWTs have them; `any` is none. */
const scopes: Form<readonly string[]> = {
  values:
    'the scopes of which a token needs one, separated by blanks, or any if every token of the issuer and audience may sync',
  schema: v.pipe(
    v.string(),
    v.regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+){0,9}$/), // RFC 6749, 3.3
    v.transform((value) => (value === 'any' ? [] : value.split(' '))),
  ),
};

/** What serverless.yml and infra/ read when a stage is deployed, besides the settings of lib/config.ts. */
export const deploymentSettings = {
  region: setting(
    'AWS_REGION',
    text(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, 'an AWS region, such as eu-central-1'),
    {
      required: true,
      meaning: 'Where the stage is on AWS: stack, parameters and logs',
    },
  ),
  profile: setting(
    'AWS_PROFILE',
    text(/^[\w .@:/+-]{1,128}$/, 'the name of a profile of the AWS CLI'),
    {
      unset: 'use the AWS credentials of the environment',
      meaning:
        'The AWS credentials. A profile or an access key in the environment takes precedence: colleagues and pipelines have their own',
    },
  ),
  schedule: setting('SYNC_SCHEDULE', schedule, {
    default: 'rate(15 minutes)',
    meaning: 'When the whole fleet is synced',
  }),
  periodMinutes: setting('SYNC_PERIOD_MINUTES', number(1, 1_440), {
    unset: 'take that of SYNC_SCHEDULE',
    meaning:
      'How often the schedule runs, for the alarms and the age of an event of a run; required with `cron(…)`: the longest pause',
  }),
  workers: setting('SYNC_WORKERS', number(2, 1_000), {
    default: '4',
    meaning: 'Workers that run at the same time',
  }),
  watch: setting('WATCH', onOff(), {
    default: 'on',
    meaning: 'Whether `watch` asks CTS every 2 minutes what changed',
  }),
  tokenRotation: setting('TOKEN_ROTATION', onOff(), {
    default: 'on',
    meaning: '`off` if another system writes the token; always off with AUTH_MODE=aksk',
  }),
  reservedConcurrency: setting('RESERVED_CONCURRENCY', onOff(), {
    default: 'on',
    meaning:
      '`off` in an account that has too little of it ([deployment.md](deployment.md#concurrency))',
  }),
  httpAuthorizer: setting(
    'HTTP_AUTHORIZER',
    oneOf(['iam', 'jwt'], 'iam (SigV4) or jwt (a JSON Web Token)'),
    { default: 'iam', meaning: 'Who may call `POST /sync` ([http.md](http.md))' },
  ),
  jwtIssuer: setting(
    'JWT_ISSUER',
    text(/^https:\/\/[^\s?#@]{1,500}$/, 'the https URL of the issuer'),
    {
      unset: 'use HTTP_AUTHORIZER=iam',
      meaning: 'With `jwt`: the issuer of the tokens',
    },
  ),
  jwtAudience: setting('JWT_AUDIENCE', text(/^[^\s"]{1,500}$/, 'an audience'), {
    default: 'ddm-sync',
    meaning: 'With `jwt`: the audience of the tokens',
  }),
  jwtScope: setting('JWT_SCOPE', scopes, {
    unset: 'use HTTP_AUTHORIZER=iam',
    meaning: 'With `jwt`: what a token must allow',
  }),
  canary: setting(
    'CANARY',
    oneOf([...deploymentTypes, 'off'], `off, or one of ${deploymentTypes.join(', ')}`),
    {
      default: 'LambdaCanary10Percent5Minutes',
      meaning:
        'How a new version takes over ([deployment.md](deployment.md)). In the environment it counts for one deployment',
    },
  ),
  tracing: setting('TRACING', onOff(), { default: 'off', meaning: 'X-Ray' }),
  alarmEmail: setting('ALARM_EMAIL', emails, {
    unset: 'use ALARM_TOPIC_ARN',
    meaning:
      'The stack makes a topic that mails the alarms to these addresses; not together with `ALARM_TOPIC_ARN`',
  }),
  alarmTopic: setting('ALARM_TOPIC_ARN', topic, {
    unset: 'use ALARM_EMAIL, or have the alarms notify no one',
    meaning: 'SNS topic of the alarms that wake you ([metrics.md](metrics.md#alarms))',
  }),
  ticketTopic: setting('TICKET_TOPIC_ARN', topic, {
    unset: 'use ALARM_TOPIC_ARN',
    meaning: 'SNS topic of the alarms that can wait for the morning',
  }),
  runbook: setting('RUNBOOK_URL', runbookUrl, {
    unset: 'have no links',
    meaning: 'Where your team reads the runbook: the alarms and the dashboard link to it',
  }),
  failedPercent: setting('ALARM_FAILED_PERCENT', percent, {
    default: '10',
    meaning: 'Threshold of the alarm `failed-share`',
  }),
  throttledPercent: setting('ALARM_THROTTLED_PERCENT', percent, {
    default: '20',
    meaning: 'Threshold of the alarm `throttled`',
  }),
  logRetentionDays: setting(
    'LOG_RETENTION_DAYS',
    oneOf(
      retentionDays.map(String),
      `one of the days of CloudWatch Logs: ${retentionDays.join(', ')}`,
    ),
    { default: '90', meaning: 'How long every log group keeps its lines' },
  ),
  cloudCa: setting(
    'CLOUD_CA_FILE',
    text(/^(?!.*\.\.)[\w-][\w./-]{0,199}$/, 'a PEM file below the folder of the project'),
    {
      unset: "trust Node's certificate authorities only",
      meaning:
        'Certificate authorities of a private cloud ([partner-clouds.md](partner-clouds.md)). The file is part of the package',
    },
  ),
} as const;
