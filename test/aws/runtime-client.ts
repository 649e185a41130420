import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const source = fileURLToPath(new URL('runtime-client', import.meta.url));
const buildMs = 300_000;

/**
 * The start script of aws-lambda-ric, which Lambda's managed Node runtimes run. It is built once for each version of
 * Node, outside the project, which takes a minute. Undefined where it cannot be built, which it says.
 */
export async function findRuntimeClient(): Promise<string | undefined> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'ddm-sync', `aws-lambda-ric-4.0.2-node-${process.version}`);
  const path = join(folder, 'node_modules/aws-lambda-ric/index.mjs');
  if (existsSync(path)) return path;
  const building = `${folder}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  try {
    cpSync(source, building, { recursive: true });
    const options = { cwd: building, timeout: buildMs };
    await promisify(execFile)('npm', ['ci', '--ignore-scripts=false'], options);
    renameSync(building, folder);
    return path;
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    const text = error instanceof Error ? error.message : '';
    const [, missing = 'npm could not build it'] =
      /((?:autoconf|automake|libtool|cmake|g\+\+|make)\S*: .*not found)/.exec(text) ?? [];
    process.stdout.write(
      `aws-lambda-ric: ${missing}: the functions run under emulator/bootstrap.js\n`,
    );
    return undefined;
  }
}
