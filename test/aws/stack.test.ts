import { describe, expect, inject, test } from 'vitest';
import { type Properties, resourcesOf } from '../support/template.ts';
import { queueArn } from './functions.ts';
import { account, region } from './moto.ts';

// What `serverless deploy` made of the template, as moto's Describe and Get calls show it.
describe.each(['direct', 'canary'] as const)('the stack %s', (stage) => {
  const stack = inject(stage);
  const ofType = (type: string) => resourcesOf(stack.template, type);
  const liveArn = (key: string): string =>
    `arn:aws:lambda:${region}:${account}:function:${stack.name}-${key}:live`;
  /** The key of the function that a value of the template refers to. */
  const keyOf = (value: unknown): string => {
    const [, id] = /"(\w+)LambdaFunction"/.exec(JSON.stringify(value)) ?? [];
    return (
      stack.functions.find(({ FunctionName }) => FunctionName === physical(`${id}LambdaFunction`))
        ?.Key ?? ''
    );
  };
  const physical = (id: string): string => stack.physicalIds[id] ?? '';

  test('has every resource of the template', () => {
    // moto gives a permission no id.
    const ids = Object.entries(stack.template.Resources)
      .filter(([, { Type }]) => Type !== 'AWS::Lambda::Permission')
      .map(([id]) => id);

    expect(stack.status).toBe('UPDATE_COMPLETE');
    expect(ids.length).toBeGreaterThan(100);
    expect(ids.filter((id) => !physical(id))).toEqual([]);
  });

  test('has queues with the attributes of the template', () => {
    const queues = new Map(stack.queues.map((queue) => [queue.QueueArn, queue]));
    const written = ['VisibilityTimeout', 'MessageRetentionPeriod', 'DelaySeconds', 'FifoQueue'];

    for (const [id, properties] of ofType('AWS::SQS::Queue')) {
      const queue = queues.get(queueArn(stack, id));
      const { RedrivePolicy, SqsManagedSseEnabled } = properties;
      const expected = written.filter((name) => name in properties);
      expect(queue, id).toMatchObject(
        Object.fromEntries(expected.map((name) => [name, String(properties[name])])),
      );
      expect(queue?.SqsManagedSseEnabled, id).toBe(String(SqsManagedSseEnabled));
      if (!RedrivePolicy) continue;
      const [deadLetterQueue] = RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'];
      expect(JSON.parse(queue?.RedrivePolicy), id).toEqual({
        deadLetterTargetArn: queueArn(stack, deadLetterQueue),
        maxReceiveCount: RedrivePolicy.maxReceiveCount,
      });
    }
    expect(queues.size).toBe(ofType('AWS::SQS::Queue').length);
  });

  test('feeds its functions from the queues, through the version behind the alias', () => {
    const sources = new Map(stack.eventSources.map((source) => [source.EventSourceArn, source]));

    for (const [id, properties] of ofType('AWS::Lambda::EventSourceMapping')) {
      const source = sources.get(queueArn(stack, properties.EventSourceArn['Fn::GetAtt'][0]));
      const { BatchSize, FunctionName, FunctionResponseTypes, ScalingConfig } = properties;
      const { Alias, Key } = stack.functions.find(({ Key }) => Key === keyOf(FunctionName)) ?? {};
      expect(source, id).toMatchObject({ BatchSize, FunctionResponseTypes, ScalingConfig });
      expect(JSON.stringify(FunctionName), id).toContain('"live"');
      expect(source?.FunctionArn, id).toMatch(new RegExp(`:${stack.name}-${Key}:(${Alias}|live)$`));
    }
    expect(sources.size).toBe(3);
  });

  test('has schedules that invoke the alias with a role that only invokes', () => {
    for (const [id, { ScheduleExpression, State, Target }] of ofType('AWS::Scheduler::Schedule')) {
      const key = keyOf(Target.Arn);
      const schedule = stack.schedules.find((found) => found.Target.Arn === liveArn(key));
      const { Input, RetryPolicy } = Target;
      expect(schedule, id).toMatchObject({
        ScheduleExpression,
        State,
        Target: {
          RoleArn: `arn:aws:iam::${account}:role/${physical('ScheduleRole')}`,
          ...(Input && { Input }),
          ...(RetryPolicy && { RetryPolicy }),
        },
      });
    }
    expect(stack.schedules.length).toBe(3);
  });

  test('treats failed events on the alias as the template says', () => {
    const configs = ofType('AWS::Lambda::EventInvokeConfig');

    for (const [
      id,
      { FunctionName, MaximumEventAgeInSeconds, MaximumRetryAttempts, ...rest },
    ] of configs) {
      const config = stack.invokeConfigs.find(({ Key }) => Key === keyOf(FunctionName));
      expect(config, id).toMatchObject({ MaximumEventAgeInSeconds, MaximumRetryAttempts });
      expect(rest.Qualifier, id).toBe('live');
      const [queue] = rest.DestinationConfig?.OnFailure?.Destination['Fn::GetAtt'] ?? [];
      if (queue)
        expect(config?.DestinationConfig.OnFailure.Destination, id).toBe(queueArn(stack, queue));
    }
    expect(stack.invokeConfigs.length).toBe(configs.length);
  });

  test('has a rule with the pattern, retries and dead-letter queue of the template', () => {
    const [[, { EventPattern, Targets }] = ['', {} as Properties]] = ofType('AWS::Events::Rule');
    const [rule] = stack.rules;

    expect(JSON.parse(rule?.EventPattern)).toEqual(EventPattern);
    expect(rule?.Targets).toMatchObject([
      {
        Arn: liveArn('changed'),
        RetryPolicy: Targets[0].RetryPolicy,
        DeadLetterConfig: { Arn: queueArn(stack, 'ChangedDeadLetterQueue') },
      },
    ]);
  });

  test('asks for a signature on POST /sync and GET /runs, and has no other routes than SMN', () => {
    const routes = stack.routes.map(({ AuthorizationType, RouteKey }) => [
      RouteKey,
      AuthorizationType,
    ]);

    expect(routes.sort()).toEqual([
      ['GET /runs/{runId}', 'AWS_IAM'],
      ['POST /notifications/smn', 'NONE'],
      ['POST /sync', 'AWS_IAM'],
    ]);
  });

  test('has every alarm, a dashboard and log groups that forget', () => {
    const names = ofType('AWS::CloudWatch::Alarm').map(([, { AlarmName }]) => AlarmName);
    const groups = ofType('AWS::Logs::LogGroup').map(([, { LogGroupName }]) => LogGroupName);
    const kept = stack.logGroups.filter(({ logGroupName }) => groups.includes(logGroupName));

    expect(stack.alarms.map(({ AlarmName }) => AlarmName).sort()).toEqual(names.sort());
    expect(JSON.parse(stack.dashboard).widgets.length).toBeGreaterThan(5);
    expect(kept.map(({ retentionInDays }) => retentionInDays)).toEqual(groups.map(() => 90));
  });
});

describe('the deployment groups', () => {
  test('exist for every function with the default CANARY, and watch its rollback alarm', () => {
    const { alarms, deploymentGroups, functions, name, physicalIds, template } = inject('canary');
    // moto does not show a group's alarms.
    const watched = resourcesOf(template, 'AWS::CodeDeploy::DeploymentGroup').flatMap(
      ([, { AlarmConfiguration }]) =>
        AlarmConfiguration.Alarms.map(({ Name }: Properties) => physicalIds[Name.Ref]),
    );

    expect(deploymentGroups.map((group) => group.deploymentConfigName)).toEqual(
      functions.map(() => 'CodeDeployDefault.LambdaCanary10Percent5Minutes'),
    );
    expect(watched.sort()).toEqual(functions.map(({ Key }) => `${name}-${Key}-rollback`).sort());
    expect(alarms.map(({ AlarmName }) => AlarmName)).toEqual(expect.arrayContaining(watched));
  });

  test('do not exist with CANARY=off', () => {
    expect(inject('direct').deploymentGroups).toEqual([]);
  });
});
