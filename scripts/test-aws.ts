import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// npm run test:aws: the tests that need moto, an independent AWS. Where it is missing they are skipped, with one line
// that says so; .ci/run repeats that line at its end.
const root = fileURLToPath(new URL('..', import.meta.url));
const python = spawnSync('python3', ['-c', 'import boto3, moto.server; print(moto.__version__)'], {
  encoding: 'utf8',
});

if (python.status === 0) {
  const vitest = `${root}/node_modules/vitest/vitest.mjs`;
  const args = [vitest, 'run', '--config', 'vitest.aws.config.ts', ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  conclude(`test:aws: ${status === 0 ? 'passed' : 'FAILED'} against moto ${python.stdout.trim()}`);
  process.exitCode = status ?? 1;
} else {
  conclude('test:aws: SKIPPED: it needs python3 with moto[server] and boto3');
}

function conclude(line: string): void {
  mkdirSync(`${root}/dist`, { recursive: true });
  writeFileSync(`${root}/dist/test-aws.txt`, `${line}\n`);
  process.stdout.write(`${line}\n`);
}
