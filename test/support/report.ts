import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { parseOptions } from '../../cli/options.ts';
import { chooseInput, reportCommand } from '../../cli/report/options.ts';
import { readSummary } from '../../cli/report/read.ts';
import { exitCodes } from '../../cli/report/verdict.ts';

const entry = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'cli/report.ts');

export interface ReportRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ReportRunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** `npm run report -- ...args` in a process of its own. */
export async function runReport(
  args: readonly string[],
  { env = {}, input = '' }: ReportRunOptions = {},
): Promise<ReportRun> {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  child.stdin.on('error', () => {}); // it may end before it has read everything
  child.stdin.end(input);
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status: Number(status), stdout, stderr };
}

/** Runs with `--json`, and parses what it prints. */
export async function spawnJsonReport(args: readonly string[], options: ReportRunOptions = {}) {
  const { status, stdout } = await runReport([...args, '--json'], options);
  return { status, report: JSON.parse(stdout) };
}

/** The same in this process, from files. */
export async function readReport(args: readonly string[]) {
  const options = parseOptions(reportCommand, args);
  const summary = await readSummary(chooseInput(options, false));
  const status = exitCodes[summary.verdict.state];
  return { status, report: JSON.parse(JSON.stringify(summary)) };
}

/** A file that ends with the test. */
export function temporaryFile(name: string, content: string | Uint8Array = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'ddm-sync-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
