import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build as bundle, type Plugin } from 'esbuild';
import { leanBundle } from './lean-bundle.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

// CommonJS inside a bundle calls require() for Node's own modules; an ES module has none, so the banner makes one.
const requireBanner = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
].join('');

/** How every handler, and what the bench compares it with, is bundled; the handlers with `leanBundle` besides. */
export const bundleOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minify: true,
  legalComments: 'none',
  mainFields: ['module', 'main'],
  banner: { js: requireBanner },
  logLevel: 'warning',
} as const satisfies BuildOptions;

/**
 * Bundles each function of functions/ into dist/functions/<function>.js, and what they load by import() into
 * dist/late/; files that are up to date stay untouched.
 */
export async function build(): Promise<void> {
  const sources = (await readdir(join(root, 'functions'))).filter((file) => file.endsWith('.ts'));
  const late = new Set<string>();
  const functions = sources.map((source) => join(root, 'functions', source));
  await bundleInto('functions', functions, [leanBundle, leaveLate(late)]);
  await bundleInto('late', [...late], [leanBundle]);
  // Without it Lambda reads the .js files as CommonJS.
  await writeIfChanged(join(dist, 'package.json'), '{"type":"module"}\n');
}

/** An import() is left to a bundle of its own. @param found its source files */
function leaveLate(found: Set<string>): Plugin {
  return {
    name: 'late',
    setup: ({ onResolve }) => {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        found.add(resolve(resolveDir, path));
        return { path: `../late/${basename(path, '.ts')}.js`, external: true };
      });
    },
  };
}

async function bundleInto(
  folder: string,
  entryPoints: readonly string[],
  plugins: readonly Plugin[],
): Promise<void> {
  const outdir = join(dist, folder);
  const { outputFiles } = await bundle({
    ...bundleOptions,
    plugins: [...plugins],
    absWorkingDir: root,
    entryPoints: [...entryPoints],
    outdir,
    write: false,
  });
  const current = new Set(outputFiles.map(({ path }) => basename(path)));
  await mkdir(outdir, { recursive: true });
  for (const file of await readdir(outdir)) {
    if (!current.has(file) && file.endsWith('.js')) await rm(join(outdir, file));
  }
  for (const { path, text } of outputFiles) await writeIfChanged(path, text);
}

// Tests and `npm start` may build while another process loads the file: replace it in one step.
async function writeIfChanged(path: string, text: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === text) return;
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
