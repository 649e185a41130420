import { writeFile } from 'node:fs/promises';
import { OptionError, runCommand } from './options.ts';
import { chooseInput, reportCommand } from './report/options.ts';
import { drawPage } from './report/page.ts';
import { readSummary } from './report/read.ts';
import { describeSummary } from './report/text.ts';
import { exitCodes } from './report/verdict.ts';

const { stderr, stdin, stdout } = process;

await runCommand(reportCommand, async (options) => {
  const summary = await readSummary(chooseInput(options, stdin.isTTY));
  stdout.write(options.json ? `${JSON.stringify(summary, null, 2)}\n` : describeSummary(summary));
  if (options.html !== undefined) {
    await writePage(options.html, drawPage(summary));
    stderr.write(`Wrote ${options.html}\n`);
  }
  return exitCodes[summary.verdict.state];
});

async function writePage(path: string, page: string): Promise<void> {
  try {
    await writeFile(path, page);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new OptionError(`Cannot write ${path}: ${error.message}`, { cause: error });
  }
}
