import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { bundleOptions } from '../../scripts/build.ts';
import { leanBundle } from '../../scripts/lean-bundle.ts';
import { startTrap } from '../support/http-server.ts';
import { root, temporaryFolder } from '../support/process.ts';

const functions = join(root, 'dist/functions');

async function runBundled(contents: string, env: Readonly<Record<string, string>> = {}) {
  const outfile = join(temporaryFolder(), 'bundle.mjs');
  const stdin = { contents, resolveDir: root };
  await build({ ...bundleOptions, plugins: [leanBundle], stdin, outfile });
  return run([outfile], env);
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return promisify(execFile)(process.execPath, args, { env });
}

describe('what is left out of the package', () => {
  const form = '{ headers: { "Content-Type": "multipart/form-data" }, proxy: false }';

  test.each([
    ['form-data', `axios.post(url, { a: 1 }, ${form})`],
    ['follow-redirects', 'axios.get(url, { proxy: false })'],
    ['https-proxy-agent', "axios.get('https://localhost', { proxy: { host: '127.0.0.1' } })"],
    ['proxy-from-env', 'axios.get(url)'],
    ["axios' adapter for fetch", "axios.get(url, { adapter: 'fetch' })"],
  ])('%s throws when it is used, and says so where no catch can hide it', async (name, call) => {
    const server = await startTrap();

    const { stderr, stdout } = await runBundled(`
      import axios from 'axios';
      const url = '${server.url}';
      ${call}.catch(({ message }) => console.log(message));
    `);

    expect(stdout).toContain(`${name} is not in the package`);
    expect(stderr).toContain(`${name} is not in the package`);
    expect(server.hits()).toBe(0);
  });

  test.each([
    ['SSM', 'client-ssm'],
    ['SQS', 'client-sqs'],
  ])('every way to keys for %s but the environment', async (name, client) => {
    const source = `
      import { ${name}Client } from '@aws-sdk/${client}';
      const read = new ${name}Client({ region: 'eu-central-1' }).config.credentials;
      read().then(
        ({ accessKeyId, secretAccessKey, sessionToken }) =>
          console.log(accessKeyId, secretAccessKey, sessionToken),
        ({ message }) => console.log(message),
      );
    `;
    const keys = {
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'session',
    };
    const other = await startTrap();

    const found = await runBundled(source, keys);
    const missing = await runBundled(source, {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: other.url,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: other.url,
    });

    expect(found.stdout).toBe('id secret session\n');
    expect(missing.stdout).toBe('Unable to find environment variable credentials.\n');
    expect(other.hits()).toBe(0);
  });
});

describe.each(readdirSync(functions))('%s', (file) => {
  test('is 480 kB at most', () => {
    expect(statSync(join(functions, file)).size).toBeLessThanOrEqual(480_000);
  });

  test("is imported without Node's fetch", async () => {
    const path = JSON.stringify(join(functions, file));
    const script = `import(${path}).then(() => console.log(process.moduleLoadList.join()))`;

    const { stdout } = await run(['--eval', script]);

    expect(stdout).toContain('NativeModule http,');
    expect(stdout).not.toContain('undici');
  });
});
