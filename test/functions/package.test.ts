import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startServer, startTrap } from '../support/http-server.ts';
import { startPackaged } from '../support/packaged.ts';
import { temporaryFolder } from '../support/process.ts';

test('row 33: a packaged function follows no redirect of the service', async () => {
  const evil = await startTrap();
  const { url } = await startServer((_, response) => {
    response.writeHead(307, { Location: `${evil.url}/steal` }).end();
  });
  const env = { DDM_ENDPOINT: url, SYNC_QUEUE_URL: '' };
  const { invoke, lines } = await startPackaged('scheduled', { instances: 2, env });

  const result = await invoke({});

  expect(result).toMatchObject({ ok: true, response: { accepted: 0, failed: 2 } });
  expect(lines()).toContainEqual(expect.objectContaining({ httpStatus: 307 }));
  expect(evil.hits()).toBe(0);
});

test('row 50: a packaged function uses no proxy of the environment, for neither cloud', async () => {
  const proxy = await startTrap();
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'];
  const env = { ...Object.fromEntries(names.map((name) => [name, proxy.url])), NO_PROXY: '' };
  const options = { instances: 20, env: { ...env, SYNC_INLINE_MAX: '10' } };
  const { invoke } = await startPackaged('scheduled', options);

  const result = await invoke({});

  expect(result).toMatchObject({ ok: true, response: { accepted: 10, queued: 10 } });
  expect(proxy.hits()).toBe(0);
});

test("a packaged function signs with its role's keys from the environment, whatever else there is", async () => {
  const authorizations: unknown[] = [];
  const aws = await startServer(({ headers }, response) => {
    authorizations.push([headers.authorization, headers['x-amz-security-token']]);
    response.writeHead(400).end('{"__type":"AccessDeniedException"}');
  });
  const other = await startTrap();
  const profile = join(temporaryFolder(), 'credentials');
  writeFileSync(profile, '[default]\naws_access_key_id=other\naws_secret_access_key=other\n');
  const { invoke } = await startPackaged('scheduled', {
    instances: 1,
    env: {
      AWS_ENDPOINT_URL_SSM: aws.url,
      AWS_ACCESS_KEY_ID: 'ROLE',
      AWS_SESSION_TOKEN: 'session',
      AWS_SHARED_CREDENTIALS_FILE: profile,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: other.url,
    },
  });

  await invoke({});

  expect(authorizations).not.toEqual([]);
  for (const authorization of authorizations) {
    expect(authorization).toEqual([expect.stringContaining('Credential=ROLE/'), 'session']);
  }
  expect(other.hits()).toBe(0);
});
