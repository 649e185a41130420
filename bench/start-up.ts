import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../scripts/build.ts';

export interface StartUp {
  readonly importMs: number;
  readonly rssMb: number;
  readonly bundleBytes: number;
}

const emptySource = 'export const handler = async () => {};';
const bareSource = `
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

const rounds = 21;

/** Import time and memory of the built handler, of the bare libraries, and of nothing: medians. */
export async function measureStartUp(): Promise<Record<'built' | 'bare' | 'empty', StartUp>> {
  const folder = await mkdtemp(join(tmpdir(), 'ddm-sync-bench-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const files = {
    empty: await bundleSource(folder, 'empty', emptySource),
    bare: await bundleSource(folder, 'bare', bareSource),
    built: fileURLToPath(new URL('../dist/functions/scheduled.js', import.meta.url)),
  };
  const samples = { empty: [], bare: [], built: [] } as Record<keyof typeof files, number[][]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ['empty', 'bare', 'built'] as const) samples[name].push(sample(files[name]));
  }
  const result = {
    empty: await summarise(files.empty, samples.empty),
    bare: await summarise(files.bare, samples.bare),
    built: await summarise(files.built, samples.built),
  };
  await rm(folder, { recursive: true });
  return result;
}

async function bundleSource(folder: string, name: string, contents: string): Promise<string> {
  const outfile = join(folder, `${name}.js`);
  const resolveDir = fileURLToPath(new URL('..', import.meta.url));
  await build({ ...bundleOptions, stdin: { contents, resolveDir }, outfile });
  return outfile;
}

function sample(file: string): number[] {
  const { stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', probe, pathToFileURL(file).href],
    { encoding: 'utf8' },
  );
  return JSON.parse(stdout);
}

async function summarise(file: string, samples: readonly number[][]): Promise<StartUp> {
  return {
    importMs: median(samples.map(([importMs = 0]) => importMs)),
    rssMb: median(samples.map(([, rss = 0]) => rss)) / 1_048_576,
    bundleBytes: (await stat(file)).size,
  };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
