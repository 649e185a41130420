import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseOptions } from '../../cli/options.ts';
import { chooseInput, reportCommand } from '../../cli/report/options.ts';
import { readSummary } from '../../cli/report/read.ts';
import { exitCodeOf } from '../../cli/report/summary.ts';
import { runNode, temporaryFolder } from './process.ts';

type Options = Parameters<typeof runNode>[2];

/** `npm run report -- ...args` in a process of its own. */
export function runReport(args: readonly string[], options?: Options) {
  return runNode('cli/report.ts', args, options);
}

/** Runs with `--json`, and parses what it prints. */
export async function spawnJsonReport(args: readonly string[], options?: Options) {
  const { status, stdout } = await runReport([...args, '--json'], options);
  return { status, report: JSON.parse(stdout) };
}

/** The same in this process, from files. */
export async function readReport(args: readonly string[]) {
  const options = parseOptions(reportCommand, args);
  const input = { ...chooseInput(options, false), comparePath: options.compare };
  const summary = await readSummary(input);
  const status = exitCodeOf(summary);
  return { status, report: JSON.parse(JSON.stringify(summary)) };
}

/** A file that ends with the test. */
export function temporaryFile(name: string, content: string | Uint8Array = ''): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}
