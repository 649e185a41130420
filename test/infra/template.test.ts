import {
  appendFileSync,
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { root } from '../support/process.ts';
import { hashInputs, inputs, runPackage } from '../support/template.ts';

const folder = mkdtempSync(join(tmpdir(), 'ddm-sync-template-'));
const service = join(folder, 'service');
const cache = join(folder, 'cache');

for (const name of inputs) cpSync(join(root, name), join(service, name), { recursive: true });

afterAll(() => rmSync(folder, { recursive: true }));

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(join(service, path), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(service, path), text.replace(from, to));
}

describe('a template that the tests share', () => {
  test('follows serverless.yml, infra/ and lib/, and not the settings of this machine', () => {
    const before = runPackage();
    edit('serverless.yml', 'maxReceiveCount: 5', 'maxReceiveCount: 7');
    edit('infra/numbers.cjs', 'changeWindowSeconds + 1', 'changeWindowSeconds + 11');
    edit('lib/aws/stored-token.ts', 'maxParts = 8', 'maxParts = 9');
    vi.stubEnv('AUTH_MODE', 'aksk');

    const after = runPackage({}, service, cache);

    for (const [{ template }, receives, delay, lastPart] of [
      [before, 5, 21, 26],
      [after, 7, 31, 28],
    ] as const) {
      const { ChangeQueue, RotateTokenRole, SyncQueue, TokenExpiresAlarm } = template.Resources;
      const role = JSON.stringify(RotateTokenRole);
      expect(SyncQueue?.Properties.RedrivePolicy).toMatchObject({ maxReceiveCount: receives });
      expect(ChangeQueue?.Properties.DelaySeconds).toBe(delay);
      expect(role).toContain(`/token/${lastPart}"`);
      expect(role).not.toContain(`/token/${lastPart + 1}"`);
      expect(TokenExpiresAlarm?.Type).toBe('AWS::CloudWatch::Alarm');
    }
  });

  test('is packaged once', () => {
    runPackage({}, service, cache);
    const [kept = ''] = globSync(`${cache}/*/*.json`);
    writeFileSync(kept, JSON.stringify({ status: 0, output: 'kept' }));

    expect(runPackage({}, service, cache)).toEqual({ status: 0, output: 'kept' });
  });

  test.each(inputs)('has another key after a change of %s', (input) => {
    const before = hashInputs(service);

    const isFolder = !input.includes('.');
    appendFileSync(join(service, isFolder ? `${input}/new.txt` : input), '\n');

    expect(hashInputs(service)).not.toBe(before);
  });
});
