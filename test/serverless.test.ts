import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'ddm-sync-package-'));

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface Statement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
}

let template: { readonly Resources: Readonly<Record<string, Resource>> } = { Resources: {} };

beforeAll(() => {
  const serverless = join(root, 'node_modules/serverless/bin/serverless.js');
  const { status, stderr } = spawnSync(
    process.execPath,
    [serverless, 'package', '--package', folder],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
    },
  );
  if (status !== 0) throw new Error(`serverless package failed: ${stderr}`);
  const path = join(folder, 'cloudformation-template-update-stack.json');
  template = JSON.parse(readFileSync(path, 'utf8'));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

const ofType = (type: string): (readonly [string, Record<string, unknown>])[] =>
  Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([name, { Properties }]) => [name, Properties] as const);

const checkTemplate = (path: string) =>
  spawnSync(process.execPath, [join(root, 'local/check-template.ts'), path], { encoding: 'utf8' });

describe('the packaged template', () => {
  test('runs every function on Node 24 on arm64 with a role of its own', () => {
    const functions = ofType('AWS::Lambda::Function');
    const roles = functions.map(([, { Role }]) => JSON.stringify(Role));

    expect(functions.map(([name]) => name)).toEqual(['ScheduledLambdaFunction']);
    for (const [, properties] of functions) {
      expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    }
    expect(new Set(roles).size).toBe(functions.length);
  });

  test('row 66: allows no wildcard but the streams of a log group', () => {
    const statements = ofType('AWS::IAM::Role').flatMap(([, role]) =>
      (role.Policies as { PolicyDocument: { Statement: Statement[] } }[]).flatMap(
        ({ PolicyDocument }) => PolicyDocument.Statement,
      ),
    );
    const texts = statements
      .flatMap(({ Action, Resource }) => [Action, Resource].flat())
      .map((part) => JSON.stringify(part));

    expect(statements.length).toBe(4);
    expect(texts.filter((text) => text.includes('*'))).toEqual([
      expect.stringMatching(/:log-group:\/aws\/lambda\/ddm-sync-dev-scheduled:\*"/),
    ]);
  });

  test('row 5: lets an event expire before the next one of the schedule', () => {
    const [, schedule] = ofType('AWS::Scheduler::Schedule')[0] ?? [];
    const [, invokeConfig] = ofType('AWS::Lambda::EventInvokeConfig')[0] ?? [];
    const minutes = /^rate\((\d+) minutes\)$/.exec(String(schedule?.ScheduleExpression))?.[1];

    expect(Number(invokeConfig?.MaximumEventAgeInSeconds)).toBeLessThan(Number(minutes) * 60);
    expect(invokeConfig?.MaximumRetryAttempts).toBe(0);
  });

  test('row 6: keeps the event of a failed invocation in an encrypted queue for 14 days', () => {
    const [, invokeConfig] = ofType('AWS::Lambda::EventInvokeConfig')[0] ?? [];
    const [name, queue] = ofType('AWS::SQS::Queue')[0] ?? [];

    expect(JSON.stringify(invokeConfig?.DestinationConfig)).toContain(`"${name}"`);
    expect(queue).toMatchObject({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
  });

  test('lets only the scheduler use the role that invokes the function', () => {
    const [, schedule] = ofType('AWS::Scheduler::Schedule')[0] ?? [];
    const { ScheduleRole, ScheduledRole } = Object.fromEntries(ofType('AWS::IAM::Role'));

    expect(JSON.stringify(schedule?.Target)).toContain('ScheduleRole');
    expect(JSON.stringify(ScheduleRole?.AssumeRolePolicyDocument)).toContain(
      'scheduler.amazonaws.com',
    );
    expect(JSON.stringify(ScheduledRole?.AssumeRolePolicyDocument)).not.toContain('scheduler');
  });

  test('has nothing in the environment that sounds secret', () => {
    for (const [, properties] of ofType('AWS::Lambda::Function')) {
      const names = Object.keys(
        (properties.Environment as { Variables: Record<string, string> }).Variables,
      );
      expect(names).toContain('PARAMETER_PREFIX');
      expect(names.filter((name) => /TOKEN|SECRET|PASSWORD|KEY|CREDENTIAL/i.test(name))).toEqual(
        [],
      );
    }
  });

  test('passes the check of CloudFormation rules', () => {
    const { status, stdout } = checkTemplate(
      join(folder, 'cloudformation-template-update-stack.json'),
    );

    expect(stdout).toContain('0 faults');
    expect(status).toBe(0);
  });
});

test.each([
  ['a runtime that does not exist', { Runtime: 'nodejs99.x' }],
  ['a property that does not exist', { Memory: 512 }],
  ['a resource that does not exist', { Role: { 'Fn::GetAtt': ['NoRole', 'Arn'] } }],
])('the check of CloudFormation rules fails on %s', (_, fault) => {
  const planted = structuredClone(template);
  Object.assign(planted.Resources.ScheduledLambdaFunction?.Properties ?? {}, fault);
  const path = join(folder, 'planted.json');
  writeFileSync(path, JSON.stringify(planted));

  const { status } = checkTemplate(path);

  expect(status).toBe(1);
});
