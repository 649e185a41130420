import { readIds } from './compare.ts';
import { parseLine } from './entry.ts';
import { createFleetState } from './fleet-state.ts';
import type { ReportInput } from './options.ts';
import { openSources, SourceError } from './sources.ts';
import { type Summary, summarise } from './summary.ts';

const progressLines = 20_000;

/** Reads every line of the input. A source that is missing or incomplete becomes a note. */
export async function readSummary({ comparePath, input, sinceMs }: ReportInput): Promise<Summary> {
  const compareWith = comparePath === undefined ? undefined : await readIds(comparePath);
  const now = new Date();
  const state = createFleetState(sinceMs === undefined ? 0 : now.getTime() - sinceMs);
  const notes: string[] = [];
  const sources = openSources(input, { now, sinceMs });
  for (const { lines, name } of sources) {
    try {
      for await (const line of lines) {
        state.add(parseLine(line));
        if (state.lines.total % progressLines === 0) showProgress(state.lines.total, name);
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      notes.push(error.message);
    }
  }
  if (stderr.isTTY) stderr.write('\r\u001b[K');
  const names = sources.map(({ name }) => name);
  const isSample = input.from === 'sample';
  return summarise(state, { at: now, compareWith, sources: names, notes, isSample });
}

const { stderr } = process;

function showProgress(lines: number, name: string): void {
  if (!stderr.isTTY) return;
  stderr.write(`\r\u001b[K${lines.toLocaleString('en-US')} lines read (${name})`);
}
