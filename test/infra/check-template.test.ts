import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, runNode, temporaryFolder } from '../support/process.ts';
import { packageService, propertiesOf, type Template } from '../support/template.ts';

const template = packageService();

// The engine takes seconds to start: one run for all templates.
test('the check of CloudFormation rules passes our templates, and fails on planted faults', async () => {
  const folder = temporaryFolder();
  const templates = {
    default: template,
    'canary-off': packageService({ CANARY: 'off' }),
    'alarm-email': packageService({ ALARM_EMAIL: 'on-call@team.example' }),
    'unknown-runtime': plant({ Runtime: 'nodejs99.x' }),
    'unknown-property': plant({ Memory: 512 }),
    'unknown-resource': plant({ Role: { 'Fn::GetAtt': ['NoRole', 'Arn'] } }),
  };
  const paths = Object.entries(templates).map(([name, content]) => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(content));
    return path;
  });

  const { status, stdout } = await runNode('scripts/check-template.ts', [
    ...paths,
    join(root, 'infra/parameter-key.yml'),
  ]);

  const faults = [...stdout.matchAll(/\/([\w-]+)\.\w+: .*; (\d+) faults$/gm)];
  expect(Object.fromEntries(faults.map(([, name, count]) => [name, count]))).toEqual({
    default: '0',
    'canary-off': '0',
    'alarm-email': '0',
    'unknown-runtime': '1',
    'unknown-property': '1',
    'unknown-resource': '1',
    'parameter-key': '0',
  });
  expect(status).toBe(1);
});

function plant(fault: Readonly<Record<string, unknown>>): Template {
  const planted = structuredClone(template);
  Object.assign(propertiesOf(planted, 'ScheduledLambdaFunction'), fault);
  return planted;
}
