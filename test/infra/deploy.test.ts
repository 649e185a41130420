import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The script with npm and npx that write down what they are asked; `fails` is what does not work. */
function deploy(env: Readonly<Record<string, string>> = {}, fails = 'nothing') {
  const folder = mkdtempSync(join(tmpdir(), 'ddm-sync-deploy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const command of ['npm', 'npx']) {
    const script = `#!/usr/bin/env bash\necho "${command} $*" >> "${folder}/calls"\n[[ "$*" != *${fails}* ]]\n`;
    writeFileSync(join(folder, command), script);
    chmodSync(join(folder, command), 0o755);
  }
  const { status } = spawnSync('bash', [join(root, 'infra/deploy.sh'), '--stage', 'prod'], {
    env: { PATH: `${folder}:/usr/bin:/bin`, ...env },
  });
  return { status, calls: readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') };
}

const rotation = 'npx serverless invoke --function rotate-token --qualifier live --stage prod';

test('builds, deploys, and replaces the token', () => {
  expect(deploy()).toEqual({
    status: 0,
    calls: ['npm run build', 'npx serverless deploy --stage prod', rotation],
  });
});

test.each([{ AUTH_MODE: 'aksk' }, { TOKEN_ROTATION: 'off' }])('rotates nothing with %o', (env) => {
  expect(deploy(env).calls).not.toContain(rotation);
});

test('stops where the deployment fails, and fails where the rotation does', () => {
  expect(deploy({}, 'deploy')).toMatchObject({ status: 1, calls: { length: 2 } });
  expect(deploy({}, 'invoke')).toMatchObject({ status: 1, calls: { length: 3 } });
});
