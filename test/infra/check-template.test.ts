import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { packageService, propertiesOf, type Template } from '../support/template.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const template = packageService();

// The engine takes seconds to start: one run for all templates.
test('the check of CloudFormation rules passes our templates, and fails on planted faults', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ddm-sync-check-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const templates = {
    default: template,
    'canary-off': packageService({ CANARY: 'off' }),
    'unknown-runtime': plant({ Runtime: 'nodejs99.x' }),
    'unknown-property': plant({ Memory: 512 }),
    'unknown-resource': plant({ Role: { 'Fn::GetAtt': ['NoRole', 'Arn'] } }),
  };
  const paths = Object.entries(templates).map(([name, content]) => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(content));
    return path;
  });

  const { status, stdout } = check(...paths, join(root, 'infra/parameter-key.yml'));

  const faults = [...stdout.matchAll(/\/([\w-]+)\.\w+: .*; (\d+) faults$/gm)];
  expect(Object.fromEntries(faults.map(([, name, count]) => [name, count]))).toEqual({
    default: '0',
    'canary-off': '0',
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

function check(...paths: readonly string[]) {
  return spawnSync(process.execPath, [join(root, 'scripts/check-template.ts'), ...paths], {
    encoding: 'utf8',
  });
}
