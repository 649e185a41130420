import { describe, expect, test } from 'vitest';
import { packageService, runPackage, statementsOf, type Template } from '../support/template.ts';

const template = packageService();

function ofType(type: string, { Resources } = template) {
  return Object.entries(Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, resource]) => ({ id, ...resource }));
}

/** The functions' logical ids, without the kind of resource behind them. */
function functionIds(): readonly string[] {
  return ofType('AWS::Lambda::Function').map(({ id }) => id.replace('LambdaFunction', ''));
}

function liveArn(functionId: string) {
  return {
    'Fn::Join': [':', [{ 'Fn::GetAtt': [`${functionId}LambdaFunction`, 'Arn'] }, 'live']],
  };
}

/** Which resource types invoke functions, and the property that says which. */
const sources: readonly (readonly [string, (properties: Record<string, unknown>) => unknown])[] = [
  ['AWS::Scheduler::Schedule', ({ Target }) => (Target as { Arn: unknown }).Arn],
  ['AWS::Events::Rule', ({ Targets }) => (Targets as { Arn: unknown }[])[0]?.Arn],
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
      const found = ofType(type);
      expect(found.length).toBeGreaterThan(0);
      for (const { DependsOn, Properties } of found) {
        expect(live).toContainEqual(target(Properties));
        expect([DependsOn].flat()).toContainEqual(expect.stringMatching(/LiveAlias$/));
      }
    }
  });

  test('every function is invoked by something, and has the alias on its new version', () => {
    const invoked = sources.flatMap(([type, target]) =>
      ofType(type).map(({ Properties }) => JSON.stringify(target(Properties))),
    );

    expect(functionIds().length).toBeGreaterThan(6);
    for (const id of functionIds()) {
      const { Properties } = template.Resources[`${id}LiveAlias`] ?? {};
      expect(invoked).toContain(JSON.stringify(liveArn(id)));
      expect(Properties).toEqual({
        Name: 'live',
        FunctionName: { Ref: `${id}LambdaFunction` },
        FunctionVersion: {
          'Fn::GetAtt': [expect.stringMatching(`^${id}LambdaVersion`), 'Version'],
        },
      });
    }
  });

  test('the scheduler may invoke the aliases, and nothing else', () => {
    const { ScheduleRole } = template.Resources;
    const [statement] = statementsOf({ Resources: ScheduleRole ? { ScheduleRole } : {} });

    expect(statement?.Resource).toEqual(
      ofType('AWS::Scheduler::Schedule').map(
        ({ Properties }) => (Properties.Target as { Arn: unknown }).Arn,
      ),
    );
  });

  test('retries and destinations of events are configured for the alias, not for $LATEST', () => {
    const configs = ofType('AWS::Lambda::EventInvokeConfig');

    expect(configs.map(({ Properties }) => Properties.Qualifier)).toEqual(
      configs.map(() => 'live'),
    );
    expect(configs.length).toBeGreaterThan(3);
  });

  test('CodeDeploy moves each alias: a tenth first, and back when an alarm of the template rings', () => {
    for (const id of functionIds()) {
      const alias = template.Resources[`${id}LiveAlias`];
      const group = template.Resources[`${id}DeploymentGroup`];
      const { Alarms } = (group?.Properties.AlarmConfiguration ?? {}) as {
        Alarms: { Name: { Ref: string } }[];
      };
      expect(alias?.UpdatePolicy).toEqual({
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: { Ref: 'DeploymentApplication' },
          DeploymentGroupName: { Ref: `${id}DeploymentGroup` },
        },
      });
      expect(group?.Properties).toMatchObject({
        DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
        AlarmConfiguration: { Enabled: true, IgnorePollAlarmFailure: false },
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: expect.arrayContaining(['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM']),
        },
      });
      expect(Alarms.length).toBe(1);
      for (const { Name } of Alarms) {
        expect(template.Resources[Name.Ref]?.Type).toBe('AWS::CloudWatch::Alarm');
      }
    }
  });

  test('the alarm that rolls a function back counts its errors, minute by minute', () => {
    for (const id of functionIds()) {
      const { AlarmConfiguration } = (template.Resources[`${id}DeploymentGroup`]?.Properties ??
        {}) as {
        AlarmConfiguration: { Alarms: readonly { Name: { Ref: string } }[] };
      };
      const [alarm] = AlarmConfiguration.Alarms;
      const { FunctionName } = template.Resources[`${id}LambdaFunction`]?.Properties ?? {};
      expect(template.Resources[alarm?.Name.Ref ?? '']?.Properties).toMatchObject({
        MetricName: 'Errors',
        Period: 60,
        Dimensions: [{ Name: 'FunctionName', Value: FunctionName }],
      });
    }
  });

  test('row 66: CodeDeploy may move these aliases and read these alarms, and nothing else', () => {
    const { DeploymentRole } = template.Resources;
    const statements = statementsOf({ Resources: DeploymentRole ? { DeploymentRole } : {} });

    expect(statements.map(({ Action }) => Action)).toEqual([
      ['lambda:GetAlias', 'lambda:UpdateAlias', 'lambda:GetProvisionedConcurrencyConfig'],
      'cloudwatch:DescribeAlarms',
    ]);
    expect(JSON.stringify(statements)).not.toContain('*');
    expect(JSON.stringify(DeploymentRole?.Properties.AssumeRolePolicyDocument)).toContain(
      '"codedeploy.amazonaws.com"',
    );
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
    const aliases = ofType('AWS::Lambda::Alias', off);
    expect(aliases.length).toBe(functionIds().length);
    expect(aliases.filter(({ UpdatePolicy }) => UpdatePolicy)).toEqual([]);
    expect([...types].filter((type) => type.includes('CodeDeploy'))).toEqual([]);
    expect(Object.keys(off.Resources)).not.toContain('DeploymentRole');
  });

  test('an unknown CANARY stops the deployment and lists the known ones', () => {
    const { output, status } = runPackage({ CANARY: 'Canary10Percent' });

    expect(status).toBe(1);
    expect(output).toContain('CANARY is "Canary10Percent": set off, or one of Lambda');
  });

  test('CANARY, TRACING and LOG_RETENTION_DAYS apply to the stage that is deployed with them', () => {
    const { Resources } = packageService({
      CANARY: 'LambdaAllAtOnce',
      TRACING: 'on',
      LOG_RETENTION_DAYS: '30',
    });

    expect(Resources.WorkerDeploymentGroup?.Properties.DeploymentConfigName).toBe(
      'CodeDeployDefault.LambdaAllAtOnce',
    );
    expect(retentionOf({ Resources })).toEqual(
      functionIds()
        .map(() => 30)
        .concat(30),
    );
    expect(tracingOf({ Resources })).toEqual(functionIds().map(() => ({ Mode: 'Active' })));
    expect(traceStatementsOf({ Resources })).toEqual(
      functionIds().map(() => ({
        Effect: 'Allow',
        Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
        Resource: '*',
      })),
    );
  });

  test('without them every log is kept for 90 days, and X-Ray traces nothing', () => {
    expect(retentionOf(template)).toEqual(
      functionIds()
        .map(() => 90)
        .concat(90),
    );
    expect(tracingOf(template)).toEqual(functionIds().map(() => undefined));
    expect(traceStatementsOf(template)).toEqual([]);
  });

  test('the stack has the tags, which CloudFormation passes on to its resources', () => {
    const { state } = runPackage();

    expect(state.service.provider.stackTags).toEqual({ service: 'ddm-sync', stage: 'dev' });
    for (const { Properties } of ofType('AWS::Lambda::Function')) {
      expect(Properties.Tags).toContainEqual({ Key: 'stage', Value: 'dev' });
    }
  });

  const retentionOf = (of: Template) =>
    ofType('AWS::Logs::LogGroup', of).map(({ Properties }) => Properties.RetentionInDays);
  const tracingOf = (of: Template) =>
    ofType('AWS::Lambda::Function', of).map(({ Properties }) => Properties.TracingConfig);
  const traceStatementsOf = (of: Template) =>
    statementsOf(of).filter(({ Action }) => JSON.stringify(Action).includes('xray:'));
});
