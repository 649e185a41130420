import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root, runNode, temporaryFolder } from '../support/process.ts';

const files = ['package.json', 'package-lock.json', '.npmrc'] as const;

/** A copy of what describes our packages. */
function copyProject(): string {
  const folder = temporaryFolder();
  for (const name of files) copyFileSync(join(root, name), join(folder, name));
  return folder;
}

// biome-ignore lint/suspicious/noExplicitAny: a test plants what should not be there
function edit(folder: string, name: string, change: (content: any) => void): void {
  const path = join(folder, name);
  const content = JSON.parse(readFileSync(path, 'utf8'));
  change(content);
  writeFileSync(path, JSON.stringify(content));
}

/** A registry that answers requests for advisories so; null: with 404. */
async function startRegistry(advisories: object | null): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    if (advisories === null || !request.url?.includes('advisories')) response.writeHead(404);
    response.end(JSON.stringify(advisories ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function check(folder: string, registry = 'http://127.0.0.1:1/') {
  return runNode('scripts/check-supply-chain.ts', [folder], {
    env: { npm_config_registry: registry, npm_config_cache: join(folder, 'cache') },
  });
}

test('our packages pass, also without a registry', async () => {
  const { status, stdout } = await check(copyProject());

  expect(stdout).toMatch(/^\d{3} packages, 0 problems; advisories not checked: .*\n$/);
  expect(status).toBe(0);
});

test('each planted fault is named, with its place', async () => {
  const folder = copyProject();
  edit(folder, 'package.json', (manifest) => {
    manifest.dependencies.axios = '^1.21.1';
    manifest.dependencies.valibot = 'github:someone/valibot';
    manifest.devDependencies.knip = 'latest';
    manifest.scripts.postinstall = 'node steal.js';
  });
  edit(folder, 'package-lock.json', ({ packages }) => {
    packages['node_modules/axios'].resolved = 'https://mirror.example/axios.tgz';
    delete packages['node_modules/valibot'].integrity;
    packages['node_modules/vitest'].integrity = 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=';
    packages['node_modules/@middy/core'].name = 'evil';
    packages['node_modules/@middy/core'].license = '(AGPL-3.0-only OR SSPL-1.0)';
    packages['node_modules/p-limit'].license = 'MIT AND GPL-2.0-only';
    delete packages['node_modules/knip'].license;
    packages['node_modules/knip'].hasInstallScript = true;
  });
  writeFileSync(join(folder, '.npmrc'), 'ignore-scripts=false\n');

  const { status, stdout } = await check(folder);

  expect(status).toBe(1);
  expect(stdout.trim().split('\n').slice(0, -1).sort()).toEqual([
    '.npmrc: set ignore-scripts=true',
    'package-lock.json: axios is out of date: npm install',
    'package-lock.json: knip is out of date: npm install',
    'package-lock.json: node_modules/@middy/core has the licence "(AGPL-3.0-only OR SSPL-1.0)": check it',
    'package-lock.json: node_modules/@middy/core is another package, evil: name it in package.json',
    'package-lock.json: node_modules/axios has an address: npm install --omit-lockfile-registry-resolved',
    'package-lock.json: node_modules/knip has an install script: find out whether it works without',
    'package-lock.json: node_modules/knip has the licence "none": check it',
    'package-lock.json: node_modules/p-limit has the licence "MIT AND GPL-2.0-only": check it',
    'package-lock.json: node_modules/valibot has no SHA-512: install it again',
    'package-lock.json: node_modules/vitest has no SHA-512: install it again',
    'package-lock.json: valibot is out of date: npm install',
    'package.json: axios is "^1.21.1": pin one version of the registry',
    'package.json: knip is "latest": pin one version of the registry',
    'package.json: the script postinstall runs at each install',
    'package.json: valibot is "github:someone/valibot": pin one version of the registry',
  ]);
});

const advisory = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-0000-0000-0000',
  title: 'Leaks headers',
  vulnerable_versions: '<99.0.0',
};

test.each<[string, object | null, number, RegExp]>([
  ['knows none', {}, 0, /0 problems; no advisory above low\n$/],
  ['has none to give', null, 0, /0 problems; advisories not checked/],
  [
    'knows one of a shipped package',
    { axios: [{ ...advisory, severity: 'high' }] },
    1,
    /advisories for axios \(high\): npm audit/,
  ],
  [
    'knows a slight one',
    { axios: [{ ...advisory, severity: 'low' }] },
    0,
    /no advisory above low\n/,
  ],
  ['knows one of a tool', { knip: [{ ...advisory, severity: 'critical' }] }, 0, /no advisory/],
])('a registry that %s', async (_, advisories, expected, message) => {
  const { status, stdout } = await check(copyProject(), await startRegistry(advisories));

  expect(stdout).toMatch(message);
  expect(status).toBe(expected);
});
