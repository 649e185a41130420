import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../scripts/build.ts';
import { median } from './numbers.ts';

const empty = 'export const handler = async () => {};';
const bare = `
import middy from '@middy/core';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { SSMClient, GetParametersCommand, GetParametersByPathCommand } from '@aws-sdk/client-ssm';
import axios from 'axios';
const logger = new Logger({ serviceName: 'bare' });
export const handler = middy(async () => {
  const ssm = new SSMClient({});
  await ssm.send(new GetParametersCommand({ Names: ['a'] }));
  await ssm.send(new GetParametersByPathCommand({ Path: '/a' }));
  await axios.post('http://127.0.0.1');
}).use(injectLambdaContext(logger));
`;
const probe = `
const before = performance.now();
await import(process.argv[1]);
process.stdout.write(JSON.stringify([performance.now() - before, process.memoryUsage().rss]));
`;
const root = fileURLToPath(new URL('..', import.meta.url));
const rounds = 21;
const aimedShare = 0.75; // of the bare libraries' time
const aimedKb = 480;

/** Import time, memory and size of the built handler, of the bare libraries, and of nothing. */
export async function* startUp() {
  yield 'start-up of the handler; bare = middy + logger + axios + client-ssm, bundled without lean-bundle';
  yield `${rounds} processes of each in turns; minimum and median`;
  const folder = await mkdtemp(join(tmpdir(), 'ddm-sync-bench-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const files = {
    empty: await bundle(folder, 'empty', empty),
    bare: await bundle(folder, 'bare', bare),
    built: join(root, 'dist/functions/scheduled.js'),
  };
  const samples = { empty: [], bare: [], built: [] } as Record<keyof typeof files, number[][]>;
  const names = ['empty', 'bare', 'built'] as const;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) samples[name].push(sample(files[name]));
  }
  const times = (name: keyof typeof files) => samples[name].map(([importMs = 0]) => importMs);
  const ms = (name: keyof typeof files) => median(times(name));
  const leastMs = (name: keyof typeof files) => Math.min(...times(name));
  const mb = (name: keyof typeof files) =>
    median(samples[name].map(([, rss = 0]) => rss)) / 1_048_576;
  const kb = async (file: string) => (await stat(file)).size / 1_000;
  for (const name of names) {
    const both = `${leastMs(name).toFixed(1)}  ${ms(name).toFixed(1)} ms`;
    yield `${name.padEnd(24)} ${both}  ${mb(name).toFixed(1)} MB  ${(await kb(files[name])).toFixed(0)} kB`;
  }
  const shares = [leastMs('built') / leastMs('bare'), ms('built') / ms('bare')];
  yield `built / bare             ${shares.map((share) => share.toFixed(2)).join('  ')} time  (aim ${aimedShare}), ${(mb('built') / mb('bare')).toFixed(2)} memory`;
  yield `built / empty            ${(ms('built') / ms('empty')).toFixed(0)} time, ${(mb('built') / mb('empty')).toFixed(2)} memory`;
  const functions = await readdir(join(root, 'dist/functions'));
  const sizes = await Promise.all(functions.map((name) => kb(join(root, 'dist/functions', name))));
  yield `largest function         ${Math.max(...sizes).toFixed(0)} kB  (aim ${aimedKb})`;
  await rm(folder, { recursive: true });
}

async function bundle(folder: string, name: string, contents: string): Promise<string> {
  const outfile = join(folder, `${name}.js`);
  await build({ ...bundleOptions, stdin: { contents, resolveDir: root }, outfile });
  return outfile;
}

function sample(file: string): number[] {
  const script = ['--input-type=module', '--eval', probe, pathToFileURL(file).href];
  return JSON.parse(spawnSync(process.execPath, script, { encoding: 'utf8' }).stdout);
}
