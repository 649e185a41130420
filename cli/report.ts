import { writeFile } from 'node:fs/promises';
import { OptionError, runCommand } from './options.ts';
import { parseLine } from './report/entry.ts';
import { createFleetState } from './report/fleet-state.ts';
import { chooseInput, type Input, reportCommand } from './report/options.ts';
import { drawPage } from './report/page.ts';
import { openSources, SourceError } from './report/sources.ts';
import { type Summary, summarise } from './report/summary.ts';
import { describeSummary } from './report/text.ts';

const { stderr, stdin, stdout } = process;
const exitCodes = { 'in sync': 0, 'not in sync': 1, 'nothing known': 2 } as const;
const progressLines = 20_000;

await runCommand(reportCommand, async (options) => {
  const { input, sinceMs } = chooseInput(options, stdin.isTTY);
  const summary = await read(input, sinceMs);
  stdout.write(options.json ? `${JSON.stringify(summary, null, 2)}\n` : describeSummary(summary));
  if (options.html !== undefined) await writePage(options.html, summary);
  return exitCodes[summary.verdict.state];
});

async function read(input: Input, sinceMs: number | undefined): Promise<Summary> {
  const now = new Date();
  const state = createFleetState(sinceMs === undefined ? 0 : now.getTime() - sinceMs);
  const notes: string[] = [];
  const sources = openSources(input, { now, sinceMs });
  for (const { lines, name } of sources) {
    try {
      for await (const line of lines) {
        state.add(parseLine(line));
        const { total } = state.lines;
        if (stderr.isTTY && total % progressLines === 0) showProgress(total, name);
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      notes.push(error.message);
    }
  }
  if (stderr.isTTY) stderr.write('\r\u001b[K');
  const names = sources.map(({ name }) => name);
  return summarise(state, { at: now, sources: names, notes, isSample: input.from === 'sample' });
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
