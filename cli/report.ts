import { writeFile } from 'node:fs/promises';
import { createFleetState } from './report/fleet-state.ts';
import { help, parseReportOptions, type ReportOptions } from './report/options.ts';
import { drawPage } from './report/page.ts';
import { parseLine } from './report/parse-line.ts';
import { SourceError } from './report/source-error.ts';
import { openSources } from './report/sources.ts';
import { type Summary, summarise } from './report/summary.ts';
import { describeSummary } from './report/text.ts';
import { OptionError } from './start/options.ts';

const { stderr, stdin, stdout } = process;

async function main(): Promise<number> {
  const options = parseReportOptions(process.argv.slice(2), stdin.isTTY);
  if (options.help) {
    stdout.write(help);
    return 0;
  }
  const summary = await read(options);
  stdout.write(options.json ? `${JSON.stringify(summary, null, 2)}\n` : describeSummary(summary));
  if (options.html !== undefined) await writePage(options.html, summary);
  return exitCodes[summary.verdict.state];
}

const exitCodes = { 'in sync': 0, 'not in sync': 1, 'nothing known': 2 } as const;

async function read({ input, sinceMs }: ReportOptions): Promise<Summary> {
  const now = new Date();
  const state = createFleetState(sinceMs === undefined ? 0 : now.getTime() - sinceMs);
  const notes: string[] = [];
  const sources = openSources({ input, now, sinceMs });
  for (const { lines, name } of sources) {
    try {
      for await (const line of lines) {
        state.add(parseLine(line));
        if (stderr.isTTY && state.lines.total % 20_000 === 0) showProgress(state.lines.total, name);
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      notes.push(error.message);
    }
  }
  if (stderr.isTTY) stderr.write('\r\u001b[K');
  return summarise(state, {
    at: now,
    sources: sources.map(({ name }) => name),
    notes,
    isSample: input.from === 'sample',
  });
}

function showProgress(lines: number, name: string): void {
  stderr.write(`\r\u001b[K${lines.toLocaleString('en-US')} lines read (${name})`);
}

async function writePage(path: string, summary: Summary): Promise<void> {
  try {
    await writeFile(path, drawPage(summary));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new OptionError(`Cannot write ${path}: ${error.message}`, { cause: error });
  }
  stderr.write(`Wrote ${path}\n`);
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof OptionError)) throw error;
  stderr.write(`${error.message}\n`);
  return 2;
});
