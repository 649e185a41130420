import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, runNode } from '../support/process.ts';
import { packageService, required } from '../support/template.ts';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const path = join(root, `dist/release/ddm-sync-${version}.template.json`);
const released = await runNode('scripts/release.ts', [], { env: { HOME: process.env.HOME ?? '' } });

const values: Readonly<Record<string, string>> = {
  Stage: 'dev',
  DdmEndpoint: required.DDM_ENDPOINT,
  DdmProjectId: required.DDM_PROJECT_ID,
  AlarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms',
  'AWS::Region': 'eu-central-1',
};

/** What CloudFormation makes of it with these values. */
function render(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(render);
  if (typeof value !== 'object' || value === null) return value;
  const { 'Fn::Sub': text } = value as { 'Fn::Sub'?: unknown };
  if (typeof text !== 'string') {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, render(one)]));
  }
  const filled = text.replace(/\$\{([\w:]+)\}/g, (whole, name) => values[name] ?? whole);
  return /\$\{[^!]/.test(filled) ? { 'Fn::Sub': filled } : filled.replaceAll('${!', '${');
}

/** Without what depends on the code, and where the code is. */
function comparable(resources: object): object {
  const rendered = render(resources) as Readonly<Record<string, { readonly Type: string }>>;
  const own = Object.entries(rendered).filter(
    ([, { Type }]) => !/^AWS::(S3::|Lambda::(Version|Alias))/.test(Type),
  );
  // The dashboard shows the host of the endpoint where a parameter can only show the whole.
  const withoutCode = (key: string, value: unknown) => (key === 'Code' ? undefined : value);
  const text = JSON.stringify(Object.fromEntries(own), withoutCode)
    .replaceAll(required.DDM_ENDPOINT, 'endpoint')
    .replaceAll(new URL(required.DDM_ENDPOINT).host, 'endpoint');
  return JSON.parse(text.replaceAll('Ddmsyncdev', 'Ddmsync'));
}

test('the released template is, with its parameters, what a deployment brings', () => {
  const template = JSON.parse(readFileSync(path, 'utf8'));
  const direct = packageService({ ALARM_TOPIC_ARN: values.AlarmTopicArn ?? '' });

  expect(released.status).toBe(0);
  expect(JSON.stringify(template)).not.toContain('zz');
  expect(comparable(template.Resources)).toEqual(comparable(direct.Resources));
});

test('the code of every function is in the bucket that the parameters name', () => {
  const { Parameters, Resources } = JSON.parse(readFileSync(path, 'utf8'));
  const functions = Object.values<{ Type: string; Properties: { Code: unknown } }>(
    Resources,
  ).filter(({ Type }) => Type === 'AWS::Lambda::Function');

  expect(functions.length).toBe(8);
  for (const { Properties } of functions) {
    expect(Properties.Code).toEqual({ S3Bucket: { Ref: 'CodeBucket' }, S3Key: { Ref: 'CodeKey' } });
  }
  expect(Object.keys(Parameters)).toEqual([
    ...['Stage', 'DdmEndpoint', 'DdmProjectId', 'AlarmTopicArn', 'CodeBucket', 'CodeKey'],
  ]);
  const zip = join(root, 'dist/release', Parameters.CodeKey.Default);
  expect(existsSync(zip) && statSync(zip).size).toBeGreaterThan(500_000);
});

test('CloudFormation would take it', async () => {
  const { status, stdout } = await runNode('scripts/check-template.ts', [path]);

  expect([status, stdout]).toEqual([0, expect.stringContaining('; 0 faults')]);
});
