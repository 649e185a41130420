import { describe, expect, test } from 'vitest';
import {
  type Properties,
  packageService,
  propertiesOf,
  resourcesOf,
  runPackage,
  statementsOf,
  type Template,
} from '../support/template.ts';

const template = packageService();

/** The functions' logical ids, without the kind of resource behind them. */
function functionIds(): readonly string[] {
  return resourcesOf(template, 'AWS::Lambda::Function').map(([id]) =>
    id.replace('LambdaFunction', ''),
  );
}

function liveArn(functionId: string) {
  return {
    'Fn::Join': [':', [{ 'Fn::GetAtt': [`${functionId}LambdaFunction`, 'Arn'] }, 'live']],
  };
}

/** Which resource types invoke functions, and the property that says which. */
const sources: readonly (readonly [string, (properties: Properties) => unknown])[] = [
  ['AWS::Scheduler::Schedule', ({ Target }) => Target.Arn],
  ['AWS::Events::Rule', ({ Targets }) => Targets[0].Arn],
  ['AWS::Lambda::EventSourceMapping', ({ FunctionName }) => FunctionName],
  ['AWS::ApiGatewayV2::Integration', ({ IntegrationUri }) => IntegrationUri],
  ['AWS::Lambda::Permission', ({ FunctionName }) => FunctionName],
];

/** What a resource waits for: DependsOn, and everything it refers to. */
function needsOf(id: string): readonly string[] {
  const { DependsOn = [], ...rest } = template.Resources[id] ?? { Type: '', Properties: {} };
  const text = JSON.stringify(rest);
  const references = [...text.matchAll(/"Ref":"(\w+)"|"Fn::GetAtt":\["(\w+)"/g)];
  return [DependsOn, references.map(([, ref, attribute]) => ref ?? attribute ?? '')].flat(2);
}

describe('deployments', () => {
  test('every event source invokes the alias, and waits until it is there', () => {
    const live = functionIds().map(liveArn);

    for (const [type, target] of sources) {
      const found = resourcesOf(template, type);
      expect(found.length).toBeGreaterThan(0);
      for (const [id, properties] of found) {
        expect(live).toContainEqual(target(properties));
        expect([template.Resources[id]?.DependsOn].flat()).toContainEqual(
          expect.stringMatching(/LiveAlias$/),
        );
      }
    }
  });

  test('every function is invoked by something, and has the alias on its new version', () => {
    const invoked = sources.flatMap(([type, target]) =>
      resourcesOf(template, type).map(([, properties]) => JSON.stringify(target(properties))),
    );

    expect(functionIds().length).toBeGreaterThan(6);
    for (const id of functionIds()) {
      expect(invoked).toContain(JSON.stringify(liveArn(id)));
      expect(propertiesOf(template, `${id}LiveAlias`)).toEqual({
        Name: 'live',
        FunctionName: { Ref: `${id}LambdaFunction` },
        FunctionVersion: {
          'Fn::GetAtt': [expect.stringMatching(`^${id}LambdaVersion`), 'Version'],
        },
      });
    }
  });

  test('the scheduler may invoke the aliases, and nothing else', () => {
    const [statement] = statementsOf(template, 'ScheduleRole');

    expect(statement?.Resource).toEqual(
      resourcesOf(template, 'AWS::Scheduler::Schedule').map(([, { Target }]) => Target.Arn),
    );
  });

  test('retries and destinations of events are configured for the alias, not for $LATEST', () => {
    const configs = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig');

    expect(configs.length).toBeGreaterThan(3);
    for (const [, { Qualifier }] of configs) expect(Qualifier).toBe('live');
  });

  test('CodeDeploy moves each alias: a tenth first, and back when an alarm of the template rings', () => {
    for (const id of functionIds()) {
      const group = propertiesOf(template, `${id}DeploymentGroup`);
      expect(template.Resources[`${id}LiveAlias`]?.UpdatePolicy).toEqual({
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: { Ref: 'DeploymentApplication' },
          DeploymentGroupName: { Ref: `${id}DeploymentGroup` },
        },
      });
      expect(group).toMatchObject({
        DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
        AlarmConfiguration: { Enabled: true, IgnorePollAlarmFailure: false },
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: expect.arrayContaining(['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM']),
        },
      });
      expect(group.AlarmConfiguration.Alarms.length).toBe(1);
    }
  });

  test('the alarm that rolls a function back counts its errors, minute by minute', () => {
    for (const id of functionIds()) {
      const [alarm] = propertiesOf(template, `${id}DeploymentGroup`).AlarmConfiguration.Alarms;
      const { FunctionName } = propertiesOf(template, `${id}LambdaFunction`);
      expect(template.Resources[alarm.Name.Ref]?.Type).toBe('AWS::CloudWatch::Alarm');
      const { Metrics, ...single } = propertiesOf(template, alarm.Name.Ref);
      const { Metric, Period } = Metrics?.[1].MetricStat ?? { Metric: single, ...single };
      expect({ ...Metric, Period }).toMatchObject({
        MetricName: 'Errors',
        Period: 60,
        Dimensions: [{ Name: 'FunctionName', Value: FunctionName }],
      });
    }
  });

  test('row 66: CodeDeploy may move these aliases and read these alarms, and nothing else', () => {
    const statements = statementsOf(template, 'DeploymentRole');

    expect(statements.map(({ Action }) => Action)).toEqual([
      ['lambda:GetAlias', 'lambda:UpdateAlias', 'lambda:GetProvisionedConcurrencyConfig'],
      'cloudwatch:DescribeAlarms',
    ]);
    expect(JSON.stringify(statements)).not.toContain('*');
    const { AssumeRolePolicyDocument } = propertiesOf(template, 'DeploymentRole');
    expect(JSON.stringify(AssumeRolePolicyDocument)).toContain('"codedeploy.amazonaws.com"');
  });

  test('no resource waits for itself', () => {
    const safe = new Set<string>();
    const findCycle = (id: string, path: readonly string[]): readonly string[] => {
      if (path.includes(id)) return [...path, id];
      if (safe.has(id)) return [];
      const found = needsOf(id).map((next) => findCycle(next, [...path, id]));
      safe.add(id);
      return found.find(({ length }) => length > 0) ?? [];
    };

    const cycles = Object.keys(template.Resources).map((id) => findCycle(id, []));

    expect(cycles.flat()).toEqual([]);
  });
});

describe('settings of a deployment', () => {
  test('CANARY=off keeps the aliases and drops CodeDeploy', () => {
    const off = packageService({ CANARY: 'off' });

    const types = new Set(Object.values(off.Resources).map(({ Type }) => Type));
    const aliases = Object.values(off.Resources).filter(
      ({ Type }) => Type === 'AWS::Lambda::Alias',
    );
    expect(aliases.map(({ UpdatePolicy }) => UpdatePolicy)).toEqual(forEach(undefined));
    expect([...types].filter((type) => type.includes('CodeDeploy'))).toEqual([]);
    expect(Object.keys(off.Resources)).not.toContain('DeploymentRole');
  });

  test('an unknown CANARY stops the deployment and lists the known ones', () => {
    const { output, status } = runPackage({ CANARY: 'Canary10Percent' });

    expect(status).toBe(1);
    expect(output).toContain('CANARY is "Canary10Percent": set off, or one of Lambda');
  });

  test('CANARY, TRACING and LOG_RETENTION_DAYS apply to the stage that is deployed with them', () => {
    const changed = packageService({
      CANARY: 'LambdaAllAtOnce',
      TRACING: 'on',
      LOG_RETENTION_DAYS: '30',
    });

    const { DeploymentConfigName } = propertiesOf(changed, 'WorkerDeploymentGroup');
    expect(DeploymentConfigName).toBe('CodeDeployDefault.LambdaAllAtOnce');
    expect(retentionOf(changed)).toEqual([...forEach(30), 30]);
    expect(tracingOf(changed)).toEqual(forEach({ Mode: 'Active' }));
    expect(traceStatementsOf(changed)).toEqual(
      forEach({
        Effect: 'Allow',
        Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
        Resource: '*',
      }),
    );
  });

  test('without them every log is kept for 90 days, and X-Ray traces nothing', () => {
    expect(retentionOf(template)).toEqual([...forEach(90), 90]);
    expect(tracingOf(template)).toEqual(forEach(undefined));
    expect(traceStatementsOf(template)).toEqual([]);
  });

  test('the stack has the tags, which CloudFormation passes on to its resources', () => {
    const { state } = runPackage();

    expect(state.service.provider.stackTags).toEqual({ service: 'ddm-sync', stage: 'dev' });
    for (const [, { Tags }] of resourcesOf(template, 'AWS::Lambda::Function')) {
      expect(Tags).toContainEqual({ Key: 'stage', Value: 'dev' });
    }
  });

  const forEach = <Value>(value: Value): readonly Value[] => functionIds().map(() => value);
  const retentionOf = (of: Template) =>
    resourcesOf(of, 'AWS::Logs::LogGroup').map(([, { RetentionInDays }]) => RetentionInDays);
  const tracingOf = (of: Template) =>
    resourcesOf(of, 'AWS::Lambda::Function').map(([, { TracingConfig }]) => TracingConfig);
  const traceStatementsOf = (of: Template) =>
    statementsOf(of).filter(({ Action }) => JSON.stringify(Action).includes('xray:'));
});
