// One role for each function, each with exact ARNs: resources of the CloudFormation template.

const { pascal } = require('./names.cjs');
const { aliasArn } = require('./deployment.cjs');

const { env } = process;
const authMode = env.AUTH_MODE || 'token';
const keyArn = env.PARAMETER_KMS_ARN;

function range(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

// The names that lib/aws/token-set.ts reads with one call, and all that a rotation writes or removes.
const tokenParts = range(1, 26).map((number) => `token/${number}`);
const tokenNames = ['token-set', 'token', ...tokenParts.slice(10, 17)];
const secretNames = authMode === 'aksk' ? ['credentials'] : tokenNames;

function parameterArns(names) {
  return names.map((name) => ({ 'Fn::Sub': `\${self:custom.parameterArn}/${name}` }));
}
function arnOf(resource) {
  return { 'Fn::GetAtt': [resource, 'Arn'] };
}

function allow(Action, Resource, Condition) {
  return {
    Effect: 'Allow',
    Action,
    Resource,
    ...(Condition && { Condition }),
  };
}

/** With a key of one's own; the key aws/ssm needs no statement. Only through Parameter Store, docs/secrets.md. */
function useKey(actions) {
  return keyArn
    ? [
        allow(actions, keyArn, {
          StringEquals: {
            'kms:ViaService': { 'Fn::Sub': 'ssm.${AWS::Region}.amazonaws.com' },
          },
        }),
      ]
    : [];
}

/** List and secret, as a run needs them; `exclude` with discovery. */
function readFleet() {
  return readParameters('instances', 'exclude', ...secretNames);
}

function readParameters(...names) {
  return [
    allow(['ssm:GetParameters', 'ssm:GetParametersByPath'], parameterArns(names)),
    ...useKey(['kms:Decrypt']),
  ];
}

function writeToken() {
  return [
    allow('ssm:PutParameter', parameterArns(['token-set', ...tokenParts.slice(10)])),
    allow('ssm:DeleteParameters', parameterArns(['token', ...tokenParts])),
    ...useKey(['kms:Encrypt']),
  ];
}

function sendTo(...queues) {
  return [allow('sqs:SendMessage', queues.map(arnOf))];
}

function workOn(...queues) {
  return [
    allow(
      [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ChangeMessageVisibility',
      ],
      queues.map(arnOf),
    ),
  ];
}

/** What each function of serverless.yml may do beside writing its log. */
const permissions = {
  scheduled: [...readFleet(), ...sendTo('ScheduledDeadLetterQueue', 'SyncQueue', 'FollowQueue')],
  http: [...readFleet(), ...sendTo('SyncQueue', 'FollowQueue')],
  // The list is for POST /sync on a large fleet, which a worker dispatches.
  worker: [
    ...readFleet(),
    ...workOn('SyncQueue', 'ChangeQueue'),
    ...sendTo('SyncQueue', 'FollowQueue'),
  ],
  follow: [...readParameters(...secretNames), ...workOn('FollowQueue'), ...sendTo('FollowQueue')],
  // These two are told of changes from outside: they hold no token and read no parameter.
  changed: sendTo('ChangeQueue', 'ChangedDeadLetterQueue'),
  smn: sendTo('ChangeQueue'),
  watch: [
    ...readFleet(),
    ...readParameters('cursor'),
    allow('ssm:PutParameter', parameterArns(['cursor'])),
    ...sendTo('ChangeQueue', 'SyncQueue'),
  ],
  // The only one that may write the token, and the only one that reads the password.
  'rotate-token': [...readParameters('credentials', ...tokenNames), ...writeToken()],
};

function trust(service, Condition) {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: 'sts:AssumeRole',
        ...(Condition && { Condition }),
      },
    ],
  };
}

function role(PolicyName, AssumeRolePolicyDocument, Statement) {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument,
      Policies: [{ PolicyName, PolicyDocument: { Version: '2012-10-17', Statement } }],
    },
  };
}

function roleId(name) {
  return `${pascal(name)}Role`;
}

// ":*" is how CloudWatch Logs writes the streams of one group.
function writeLog(name) {
  return allow(
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    [{ 'Fn::Sub': `\${self:custom.logGroupArn}/\${self:custom.names.${name}}:*` }],
  );
}

/** With TRACING=on. X-Ray knows no resources: "*" is all that these two actions can be allowed on. */
const sendTraces =
  env.TRACING === 'on' ? [allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*')] : [];

const functionRoles = Object.entries(permissions).map(([name, statements]) => [
  roleId(name),
  role(name, trust('lambda.amazonaws.com'), [writeLog(name), ...sendTraces, ...statements]),
]);

const onSchedule = ['scheduled', 'watch', 'rotate-token'];

module.exports = {
  Resources: {
    ...Object.fromEntries(functionRoles),
    ScheduleRole: role(
      'invoke-scheduled',
      trust('scheduler.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
      }),
      [allow('lambda:InvokeFunction', onSchedule.map(aliasArn))],
    ),
  },
};
