import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cursorNames } from '../../lib/aws/cursor.ts';
import { tokenNames } from '../../lib/aws/stored-token.ts';
import { settings } from '../../lib/config.ts';
import {
  packageService,
  propertiesOf,
  resourcesOf,
  runPackage,
  statementsOf,
  type Template,
} from '../support/template.ts';

const template = packageService();

function ofType(type: string) {
  return resourcesOf(template, type);
}

function get(id: string) {
  return propertiesOf(template, id);
}

/** The resource of a type that names a function or queue. */
function naming(functionId: string, type: string, from = template) {
  const found = resourcesOf(from, type).map(([, properties]) => properties);
  return found.find((properties) => JSON.stringify(properties).includes(`"${functionId}"`));
}

/** What follows the prefix in a parameter's ARN. */
function parameterOf(arn: unknown): string {
  return /:parameter\/ddm-sync\/dev\/([^"]+)"/.exec(JSON.stringify(arn))?.[1] ?? '';
}

/** The parameters that a role may read. */
function readable(role: string, from: Template): readonly string[] {
  return statementsOf(from, role)
    .filter(({ Action }) => JSON.stringify(Action).includes('ssm:Get'))
    .flatMap(({ Resource }) => [Resource].flat())
    .map(parameterOf);
}

describe('the packaged template', () => {
  test('runs every function on Node 24 on arm64 with a role of its own', () => {
    const functions = ofType('AWS::Lambda::Function');
    const roles = functions.map(([, { Role }]) => JSON.stringify(Role));

    expect(functions.map(([name]) => name).sort()).toEqual([
      'ChangedLambdaFunction',
      'FollowLambdaFunction',
      'HttpLambdaFunction',
      'RotateDashtokenLambdaFunction',
      'ScheduledLambdaFunction',
      'SmnLambdaFunction',
      'WatchLambdaFunction',
      'WorkerLambdaFunction',
    ]);
    for (const [, properties] of functions) {
      expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    }
    expect(new Set(roles).size).toBe(functions.length);
  });

  test('row 66: allows no wildcard except the streams of a log group, and the results of a query', () => {
    const texts = statementsOf(template)
      .flatMap(({ Action, Resource }) => [Action, Resource].flat())
      .map((part) => JSON.stringify(part));

    expect(texts.length).toBeGreaterThan(50);
    const streamsOf = (name: string) =>
      expect.stringMatching(`:log-group:/aws/lambda/ddm-sync-dev-${name}:\\*"`);
    expect(texts.filter((text) => text.includes('*'))).toEqual([
      ...['scheduled', 'http'].map(streamsOf),
      ...['scheduled', 'http', 'worker', 'follow'].map(streamsOf), // that GET /runs asks
      '"*"', // logs:GetQueryResults takes nothing else
      ...['worker', 'follow', 'changed', 'smn', 'watch', 'rotate-token'].map(streamsOf),
    ]);
  });

  test('keeps what the workers share private, encrypted and for a week', () => {
    expect(get('OwnersBucket')).toMatchObject({
      PublicAccessBlockConfiguration: { BlockPublicPolicy: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: { Rules: [{ Status: 'Enabled', ExpirationInDays: 7 }] },
    });
    expect(get('WorkerLambdaFunction').Environment).toMatchObject({
      Variables: { OWNERS_BUCKET: { Ref: 'OwnersBucket' } },
    });
  });

  test('lets only rotate-token write the token, and only watch its cursor', () => {
    const writers = ofType('AWS::IAM::Role').flatMap(([name]) =>
      statementsOf(template, name)
        .filter(({ Action }) => /ssm:(Put|Delete)/.test(JSON.stringify(Action)))
        .map((statement) => ({ name, ...statement })),
    );
    const written = Map.groupBy(writers, ({ name }) => name);
    const names = (role: string): readonly string[] =>
      (written.get(role) ?? []).flatMap(({ Resource }) => [Resource].flat()).map(parameterOf);

    expect([...written.keys()].sort()).toEqual(['RotateTokenRole', 'WatchRole']);
    expect(names('RotateTokenRole').filter((name) => !/^token(-set|\/\d+)?$/.test(name))).toEqual(
      [],
    );
    expect(names('WatchRole')).toEqual(cursorNames('cursor'));
  });

  test('lets every function read what one call of it reads, by exact names', () => {
    const prefix = '/ddm-sync/dev';
    const needed = [
      'instances',
      'instances/2',
      ...tokenNames(prefix).map((name) => name.slice(prefix.length + 1)),
    ];

    for (const role of ['ScheduledRole', 'HttpRole', 'WorkerRole']) {
      expect(readable(role, template)).toEqual(expect.arrayContaining(needed));
      expect(readable(role, template)).not.toContain('credentials');
    }
    expect(readable('RotateTokenRole', template)).toEqual(
      expect.arrayContaining([...needed.slice(2), 'credentials']),
    );
    // It leaves the list to the worker.
    expect(new Set(readable('WatchRole', template))).toEqual(
      new Set([...needed.slice(2), ...cursorNames('cursor')]),
    );
  });

  test('rotates every 6 hours, and never twice for one event: IAM locks accounts', () => {
    const schedule = naming('RotateDashtokenLambdaFunction', 'AWS::Scheduler::Schedule');
    const config = naming('RotateDashtokenLambdaFunction', 'AWS::Lambda::EventInvokeConfig');

    expect(schedule).toMatchObject({ ScheduleExpression: 'rate(6 hours)', State: 'ENABLED' });
    expect(config).toMatchObject({ MaximumRetryAttempts: 0 });
  });

  test('warns 8 hours before the token expires, by the metric that the functions publish', () => {
    // test/functions/rotate-token.test.ts sees the metric itself.
    expect(get('TokenExpiresAlarm')).toMatchObject({
      Namespace: 'ddm-sync',
      MetricName: 'TokenHoursLeft',
      Dimensions: [{ Name: 'service', Value: 'ddm-sync-dev' }],
      Threshold: 8,
      ComparisonOperator: 'LessThanThreshold',
    });
    expect(get('ScheduledLambdaFunction').Environment).toMatchObject({
      Variables: { POWERTOOLS_SERVICE_NAME: 'ddm-sync-dev' },
    });
  });

  test('row 4: lets no two scheduled runs overlap', () => {
    expect(get('ScheduledLambdaFunction').ReservedConcurrentExecutions).toBe(1);
  });

  test('row 5: lets an event expire before the next one of the schedule', () => {
    const schedule = naming('ScheduledLambdaFunction', 'AWS::Scheduler::Schedule');
    const invokeConfig = naming('ScheduledLambdaFunction', 'AWS::Lambda::EventInvokeConfig');
    const minutes = /^rate\((\d+) minutes\)$/.exec(String(schedule?.ScheduleExpression))?.[1];

    expect(Number(invokeConfig?.MaximumEventAgeInSeconds)).toBeLessThan(Number(minutes) * 60);
    expect(invokeConfig?.MaximumRetryAttempts).toBe(0);
  });

  test.each([
    ['scheduled', 'ScheduledLambdaFunction'],
    ['watch', 'WatchLambdaFunction'],
    ['rotate-token', 'RotateDashtokenLambdaFunction'],
  ])('the schedule of %s has its name, and gives up no later than Lambda does', (key, id) => {
    const schedule = naming(id, 'AWS::Scheduler::Schedule');
    const invokeConfig = naming(id, 'AWS::Lambda::EventInvokeConfig');

    expect(schedule).toMatchObject({
      Name: `ddm-sync-dev-${key}`,
      Target: {
        RoleArn: expect.anything(),
        RetryPolicy: {
          MaximumEventAgeInSeconds: invokeConfig?.MaximumEventAgeInSeconds,
          MaximumRetryAttempts: 3,
        },
      },
    });
  });

  test('row 6: keeps the event of a failed invocation in an encrypted queue for 14 days', () => {
    const invokeConfig = naming('ScheduledLambdaFunction', 'AWS::Lambda::EventInvokeConfig');

    expect(JSON.stringify(invokeConfig?.DestinationConfig)).toContain('"ScheduledDeadLetterQueue"');
    expect(invokeConfig).toMatchObject({ MaximumRetryAttempts: 0 });
  });

  test('row 15: hides a message for six times the timeout of its function', () => {
    for (const [queue, worker] of [
      ['SyncQueue', 'WorkerLambdaFunction'],
      ['ChangeQueue', 'WorkerLambdaFunction'],
      ['FollowQueue', 'FollowLambdaFunction'],
    ] as const) {
      const timeout = Number(get(worker).Timeout);
      expect(timeout).toBeGreaterThan(0);
      expect(get(queue).VisibilityTimeout).toBeGreaterThanOrEqual(6 * timeout);
    }
  });

  test('row 16: keeps a message that failed five times for 14 days, encrypted, with an alarm', () => {
    const queues = ofType('AWS::SQS::Queue');

    expect(queues.length).toBe(8);
    for (const [, queue] of queues) {
      expect(queue).toMatchObject({
        MessageRetentionPeriod: 1_209_600,
        SqsManagedSseEnabled: true,
      });
    }
    expect(get('SyncQueue').RedrivePolicy).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': ['SyncDeadLetterQueue', 'Arn'] },
      maxReceiveCount: 5,
    });
    // A metric that SQS publishes by itself, of the queue that the alarm is about.
    expect(get('SyncDeadLetterAlarm')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [
        { Name: 'QueueName', Value: { 'Fn::GetAtt': ['SyncDeadLetterQueue', 'QueueName'] } },
      ],
      Threshold: 0,
    });
  });

  test('row 63: delays a change for longer than the window in which it is deduplicated', () => {
    const { Variables } = get('SmnLambdaFunction').Environment;

    expect(get('ChangeQueue')).toMatchObject({
      FifoQueue: true,
      QueueName: 'ddm-sync-dev-changes.fifo',
    });
    expect(Number(get('ChangeQueue').DelaySeconds)).toBeGreaterThan(
      Number(Variables.CHANGE_WINDOW_SECONDS),
    );
    expect(Variables.CHANGE_QUEUE_URL).toEqual({ Ref: 'ChangeQueue' });
  });

  test('gives the functions that take messages from outside neither parameters nor keys', () => {
    for (const role of ['ChangedRole', 'SmnRole']) {
      const actions = statementsOf(template, role).flatMap(({ Action }) =>
        [Action].flat().map(String),
      );

      expect(actions.filter((action) => !/^(logs|sqs):/.test(action))).toEqual([]);
      expect(actions.length).toBeGreaterThan(0);
    }
  });

  test('row 60: throttles SMN above what it sends: it never repeats a message after a 429', () => {
    const [, stage] = ofType('AWS::ApiGatewayV2::Stage')[0] ?? [];

    expect(stage?.RouteSettings).toEqual({
      'POST /notifications/smn': { ThrottlingBurstLimit: 100, ThrottlingRateLimit: 50 },
    });
    expect(template.Resources.HttpApiStage).toMatchObject({
      DependsOn: expect.arrayContaining(['HttpApiRoutePostNotificationsSmn']),
    });
  });

  test('gives EventBridge a queue for what it could not deliver', () => {
    const [, rule] = ofType('AWS::Events::Rule')[0] ?? [];
    const [, policy] = ofType('AWS::SQS::QueuePolicy')[0] ?? [];

    expect(JSON.stringify(rule?.Targets)).toContain('"ChangedDeadLetterQueue"');
    expect(JSON.stringify(policy)).toContain(`:rule/${rule?.Name}"`);
  });

  test('tells the worker how often the queue delivers a message', () => {
    const { Variables } = get('WorkerLambdaFunction').Environment;
    const { maxReceiveCount } = get('SyncQueue').RedrivePolicy;

    expect(Variables.SYNC_MAX_RECEIVES).toBe(String(maxReceiveCount));
    expect(Variables.SYNC_QUEUE_URL).toEqual({ Ref: 'SyncQueue' });
  });

  test('feeds the worker from the queue with partial responses and a bound', () => {
    const source = naming('SyncQueue', 'AWS::Lambda::EventSourceMapping');
    const changes = naming('ChangeQueue', 'AWS::Lambda::EventSourceMapping');
    const followed = naming('FollowQueue', 'AWS::Lambda::EventSourceMapping');

    expect(followed).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    expect(changes).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    expect(source).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': ['SyncQueue', 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 4 },
    });
    expect(source?.MaximumBatchingWindowInSeconds).toBeGreaterThanOrEqual(1); // a batch above 10 needs it
  });

  test('makes at most as many calls a second as docs/configuration.md says', () => {
    const { HttpLambdaFunction, ScheduledLambdaFunction } = Object.fromEntries(
      ofType('AWS::Lambda::Function'),
    );
    const reserved = [ScheduledLambdaFunction, HttpLambdaFunction].map((properties) =>
      Number(properties?.ReservedConcurrentExecutions),
    );
    const ofQueues = ofType('AWS::Lambda::EventSourceMapping').map(([, { ScalingConfig }]) =>
      Number((ScalingConfig as { MaximumConcurrency: number }).MaximumConcurrency),
    );
    const environments = [...reserved, ...ofQueues].reduce((sum, count) => sum + count, 0);
    const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const perSecond = Number(settings.syncRatePerSecond.default);

    expect(text).toContain(
      `${perSecond} x ${environments} = ${perSecond * environments} with the defaults`,
    );
  });

  test('gives each role only the queue actions that its function needs', () => {
    const queueActions = (name: string): string[] =>
      statementsOf(template, name)
        .flatMap(({ Action }) => [Action].flat().map(String))
        .filter((action) => action.startsWith('sqs:'))
        .sort();

    expect(queueActions('ScheduledRole')).toEqual(['sqs:GetQueueAttributes', 'sqs:SendMessage']);
    for (const role of ['HttpRole', 'ChangedRole', 'SmnRole']) {
      expect(queueActions(role)).toEqual(['sqs:SendMessage']);
    }
    const poller = ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];
    expect(queueActions('FollowRole')).toEqual([...poller, 'sqs:SendMessage']);
    expect(queueActions('WorkerRole')).toEqual([
      'sqs:ChangeMessageVisibility',
      ...poller,
      'sqs:SendMessage',
    ]);
  });

  test.each([
    ['ScheduledRole', ['FollowQueue', 'ScheduledDeadLetterQueue', 'SyncQueue']],
    ['HttpRole', ['FollowQueue', 'SyncQueue']],
    ['WorkerRole', ['ChangeQueue', 'FollowQueue', 'SyncQueue']],
    ['FollowRole', ['FollowQueue']],
    ['WatchRole', ['ChangeQueue', 'SyncQueue']],
    ['ChangedRole', ['ChangeQueue', 'ChangedDeadLetterQueue']],
    ['SmnRole', ['ChangeQueue']],
    ['RotateTokenRole', []],
  ])('%s may send to the queues that its function hands over to: %j', (role, queues) => {
    const targets = statementsOf(template, role)
      .filter(({ Action }) => [Action].flat().includes('sqs:SendMessage'))
      .flatMap(({ Resource }) => [Resource].flat())
      .map((arn) => /"(\w+Queue)"/.exec(JSON.stringify(arn))?.[1] ?? '');

    expect(targets.sort()).toEqual(queues);
  });

  test('row 53: asks for a signature over HTTP, throttles, and writes an access log', () => {
    const routes = ofType('AWS::ApiGatewayV2::Route');
    const [, stage] = ofType('AWS::ApiGatewayV2::Stage')[0] ?? [];

    expect(
      routes.map(([, { AuthorizationType, RouteKey }]) => [RouteKey, AuthorizationType]),
    ).toEqual([
      ['POST /sync', 'AWS_IAM'],
      ['GET /runs/{runId}', 'AWS_IAM'],
      ['POST /notifications/smn', undefined], // its messages are signed
    ]);
    expect(stage?.DefaultRouteSettings).toMatchObject({
      ThrottlingRateLimit: 5,
      ThrottlingBurstLimit: 10,
    });
    expect(JSON.stringify(stage?.AccessLogSettings)).toContain('"HttpAccessLog"');
    expect(Number(get('HttpLambdaFunction').Timeout)).toBeLessThan(30);
  });

  test('lets only the scheduler use the role that invokes the function', () => {
    const [, schedule] = ofType('AWS::Scheduler::Schedule')[0] ?? [];

    expect(JSON.stringify(schedule?.Target)).toContain('ScheduleRole');
    const users = (role: string): string => JSON.stringify(get(role).AssumeRolePolicyDocument);
    expect(users('ScheduleRole')).toContain('scheduler.amazonaws.com');
    expect(users('ScheduledRole')).not.toContain('scheduler');
  });

  test('has no variable in the environment whose name sounds secret', () => {
    for (const [, { Environment }] of ofType('AWS::Lambda::Function')) {
      const names = Object.keys(Environment.Variables);
      expect(names).toContain('PARAMETER_PREFIX');
      expect(names.filter((name) => /TOKEN|SECRET|PASSWORD|KEY|CREDENTIAL/i.test(name))).toEqual(
        [],
      );
    }
  });

  test('contains no secret of the machine that deploys it', () => {
    const packaged = JSON.stringify(
      packageService({
        DDM_SYNC_PASSWORD: 'canary',
        DDM_SYNC_SECRET_ACCESS_KEY: 'canary',
        AWS_SECRET_ACCESS_KEY: 'canary',
        AWS_SESSION_TOKEN: 'canary',
      }),
    );

    expect(packaged).toContain('ScheduledLambdaFunction');
    expect(packaged).not.toContain('canary');
  });

  test('asks for a JWT with HTTP_AUTHORIZER=jwt', () => {
    const jwt = packageService({
      HTTP_AUTHORIZER: 'jwt',
      JWT_ISSUER: 'https://login.example',
      JWT_SCOPE: 'ddm/sync ddm/admin',
    });
    expect(propertiesOf(jwt, 'HttpApiRoutePostSync')).toMatchObject({
      AuthorizationType: 'JWT',
      AuthorizerId: { Ref: 'HttpApiAuthorizerJwt' },
      AuthorizationScopes: ['ddm/sync', 'ddm/admin'],
    });
    expect(propertiesOf(jwt, 'HttpApiAuthorizerJwt')).toMatchObject({
      JwtConfiguration: { Issuer: 'https://login.example', Audience: ['ddm-sync'] },
    });
  });

  test('with AUTH_MODE=aksk lets the functions read the access key, and has no alarm for a token', () => {
    const aksk = packageService({ AUTH_MODE: 'aksk' });

    expect(readable('WorkerRole', aksk)).toEqual([
      ...['instances', 'instances/2', 'credentials'],
      'instances', // by path
    ]);
    expect(readable('RotateTokenRole', aksk)).toEqual([]);
    expect(naming('RotateDashtokenLambdaFunction', 'AWS::Scheduler::Schedule', aksk)).toMatchObject(
      {
        State: 'DISABLED',
      },
    );
    expect(Object.keys(aksk.Resources)).not.toContain('TokenExpiresAlarm');
    expect(propertiesOf(aksk, 'WorkerLambdaFunction').Environment.Variables.AUTH_MODE).toBe('aksk');
  });

  test('uses a customer managed key only through Parameter Store, and only rotate-token encrypts', () => {
    const key = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const withKey = packageService({ PARAMETER_KMS_ARN: key });
    const uses = resourcesOf(withKey, 'AWS::IAM::Role').flatMap(([name]) =>
      statementsOf(withKey, name)
        .filter(({ Action }) => JSON.stringify(Action).includes('kms:'))
        .map((statement) => ({ name, ...statement })),
    );

    expect(uses.map(({ Action, name }) => `${name} ${Action}`).sort()).toEqual([
      'FollowRole kms:Decrypt',
      'HttpRole kms:Decrypt',
      'RotateTokenRole kms:Decrypt',
      'RotateTokenRole kms:Encrypt',
      'ScheduledRole kms:Decrypt',
      'WatchRole kms:Decrypt',
      'WorkerRole kms:Decrypt',
    ]);
    for (const { Condition, Resource } of uses) {
      expect(Resource).toBe(key);
      expect(Condition).toEqual({
        StringEquals: { 'kms:ViaService': { 'Fn::Sub': 'ssm.${AWS::Region}.amazonaws.com' } },
      });
    }
    expect(
      statementsOf(template).filter(({ Action }) => /kms/.test(JSON.stringify(Action))),
    ).toEqual([]);
  });

  test('refuses what is no key, such as what the AWS CLI prints when there is none', () => {
    const { output, status } = runPackage({ PARAMETER_KMS_ARN: 'None' });

    expect(status).not.toBe(0);
    expect(output).toContain('PARAMETER_KMS_ARN is "None": set the ARN of a KMS key, arn:aws:kms:');
  });

  test('reserves no concurrency with RESERVED_CONCURRENCY=off, and refuses anything else', () => {
    const off = packageService({ RESERVED_CONCURRENCY: 'off' });
    const { output, status } = runPackage({ RESERVED_CONCURRENCY: 'none' });

    expect(JSON.stringify(off)).not.toContain('ReservedConcurrentExecutions');
    expect(status).not.toBe(0);
    expect(output).toContain('RESERVED_CONCURRENCY is "none": set on or off');
  });

  test('with discovery lets the functions read what to leave out instead of the list', () => {
    const discovering = packageService({ DDM_DISCOVERY: 'on' });

    expect(readable('ScheduledRole', discovering)).toContain('exclude/2');
    expect(readable('ScheduledRole', discovering)).not.toContain('instances');
  });

  test('switches the rotation off with TOKEN_ROTATION=off', () => {
    const off = packageService({ TOKEN_ROTATION: 'off' });

    const schedule = naming('RotateDashtokenLambdaFunction', 'AWS::Scheduler::Schedule', off);
    expect(schedule?.State).toBe('DISABLED');
  });
});
