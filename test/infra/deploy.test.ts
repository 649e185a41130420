import { expect, test } from 'vitest';
import { runBash } from '../support/process.ts';

/** The script with npm and npx that do nothing; `fails` is what does not work. */
function deploy(env: Readonly<Record<string, string>> = {}, fails = 'nothing') {
  const body = `[[ "$*" != *${fails}* ]]`;
  const commands = { npm: body, npx: body };
  const { calls, status } = runBash('infra/deploy.sh', ['--stage', 'prod'], { commands, env });
  return { status, calls };
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
