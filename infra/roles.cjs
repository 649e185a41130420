// One role for each function, each with exact ARNs: resources of the CloudFormation template.

const { cursorNames } = require('../lib/aws/cursor.ts');
const { ownersKey } = require('../lib/aws/owner-store.ts');
const { listNames } = require('../lib/aws/stored-list.ts');
const { rotatedNames, tokenNames } = require('../lib/aws/stored-token.ts');
const { aliasArn, functionName, pascal } = require('./names.cjs');
const { readKeyArn } = require('./parameter-key.cjs');

const { env } = process;
const authMode = env.AUTH_MODE || 'token';
const keyArn = readKeyArn(env);

const prefix = '${self:custom.parameterArn}';
const token = { names: tokenNames(prefix), path: parameter('token'), ...rotatedNames(prefix) };
const credentials = { names: [parameter('credentials')] };
const secret = authMode === 'aksk' ? credentials : token;
// With discovery the service itself knows its instances, and the parameter has those to leave out.
const listName = parameter(env.DDM_DISCOVERY === 'on' ? 'exclude' : 'instances');
const list = { names: listNames(listName), path: listName };

function parameter(name) {
  return `${prefix}/${name}`;
}

function parameterArns(names) {
  return names.map((name) => ({ 'Fn::Sub': name }));
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

/** For a customer managed key, and only through Parameter Store; the key aws/ssm needs no statement. docs/credentials.md */
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

/**
 * @param values each with the names that are read together, and the path below which the rest of a long one is
 */
function readParameters(...values) {
  const paths = values.flatMap(({ path }) => path ?? []);
  return [
    allow('ssm:GetParameters', parameterArns(values.flatMap(({ names }) => names))),
    ...(paths.length > 0 ? [allow('ssm:GetParametersByPath', parameterArns(paths))] : []),
    ...useKey(['kms:Decrypt']),
  ];
}

function writeToken() {
  return [
    allow('ssm:PutParameter', parameterArns(token.written)),
    allow('ssm:DeleteParameters', parameterArns(token.removed)),
    ...useKey(['kms:Encrypt']),
  ];
}

function sendTo(...queues) {
  return [allow('sqs:SendMessage', queues.map(arnOf))];
}

/** Without the right to list, S3 answers 403 instead of 404 before the object exists. */
function shareOwners() {
  const object = { 'Fn::Sub': `\${OwnersBucket.Arn}/${ownersKey}` };
  return [
    allow(['s3:GetObject', 's3:PutObject'], object),
    allow('s3:ListBucket', arnOf('OwnersBucket')),
  ];
}

/** What Lambda does with the function's role to deliver messages. */
function workOn(...queues) {
  return [
    allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], queues.map(arnOf)),
  ];
}

function putBackInto(...queues) {
  return [allow('sqs:ChangeMessageVisibility', queues.map(arnOf))];
}

/** What each function of serverless.yml may do besides writing its log. */
const permissions = {
  // It hands nothing over while the queue holds messages of earlier runs.
  scheduled: [
    ...readParameters(list, secret),
    ...sendTo('ScheduledDeadLetterQueue', 'SyncQueue', 'FollowQueue'),
    allow('sqs:GetQueueAttributes', [arnOf('SyncQueue')]),
  ],
  http: [
    ...readParameters(list, secret),
    ...sendTo('SyncQueue', 'FollowQueue'),
    // GET /runs. The second action takes no resource but "*".
    allow('logs:StartQuery', ['scheduled', 'http', 'worker', 'follow'].map(logGroup)),
    allow('logs:GetQueryResults', '*'),
  ],
  // It needs the list when it dispatches a large fleet for POST /sync.
  worker: [
    ...readParameters(list, secret),
    ...workOn('SyncQueue', 'ChangeQueue'),
    ...putBackInto('SyncQueue', 'ChangeQueue'),
    ...sendTo('SyncQueue', 'ChangeQueue', 'FollowQueue'),
    ...shareOwners(),
  ],
  follow: [...readParameters(secret), ...workOn('FollowQueue'), ...sendTo('FollowQueue')],
  // These two take messages from outside: they hold no token and read no parameter.
  changed: sendTo('ChangeQueue', 'ChangedDeadLetterQueue'),
  smn: sendTo('ChangeQueue'),
  watch: [
    ...readParameters(secret, { names: cursorNames(parameter('cursor')) }),
    allow('ssm:PutParameter', parameterArns(cursorNames(parameter('cursor')))),
    ...sendTo('ChangeQueue', 'SyncQueue'),
  ],
  // The only one that may write the token, and the only one that reads the password. Access keys do not rotate.
  'rotate-token':
    authMode === 'aksk' ? [] : [...readParameters(credentials, token), ...writeToken()],
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
function logGroup(name) {
  return { 'Fn::Sub': `\${self:custom.logGroupArn}/${functionName(name)}:*` };
}

function writeLog(name) {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup(name)]);
}

/** With TRACING=on. These two actions take no resource but "*". */
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
