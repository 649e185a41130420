import { writeFile } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStage, type Stage } from '../infra/stage.ts';
import { wrapLines } from './format.ts';
import { OptionError, runCommand } from './options.ts';
import { chooseInput, type ReportOptions, reportCommand } from './report/options.ts';
import { drawPage } from './report/page.ts';
import { readSummary } from './report/read.ts';
import { describeStages, exitCodeOfStages, readStages } from './report/stages.ts';
import { exitCodeOf } from './report/summary.ts';
import { describeSummary } from './report/text.ts';
import { chooseStages } from './stages.ts';

const { env, stderr, stdin, stdout } = process;

await runCommand(reportCommand, async (options) => {
  const stages = chooseStages(options.stage).map((name) => readStage(name, env));
  if (stages.length > 1) return reportStages(stages, options);
  const input = { ...chooseInput(options, stdin.isTTY, stages[0]), comparePath: options.compare };
  const summary = await readSummary(input);
  stdout.write(
    options.json
      ? `${JSON.stringify(summary, null, 2)}\n`
      : wrapLines(describeSummary(summary), stdout.columns),
  );
  if (options.html !== undefined) {
    await writePage(options.html, drawPage(summary, findErrorCodes(options.html)));
    stderr.write(`Wrote ${options.html}\n`);
  }
  return exitCodeOf(summary);
});

async function reportStages(stages: readonly Stage[], options: ReportOptions): Promise<number> {
  if (options.html ?? options.compare) {
    throw new OptionError('--html and --compare are for one stage: name one');
  }
  const reports = await readStages(stages, options);
  const json = `${JSON.stringify({ stages: reports }, null, 2)}\n`;
  stdout.write(options.json ? json : wrapLines(describeStages(reports), stdout.columns));
  return exitCodeOfStages(reports);
}

async function writePage(path: string, page: string): Promise<void> {
  try {
    await writeFile(path, page);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new OptionError(`Cannot write ${path}: ${error.message}`, { cause: error });
  }
}

/** Beside the runbook of the team, if its address is known; otherwise in this folder. */
function findErrorCodes(pagePath: string): string {
  const runbook = URL.parse(process.env.RUNBOOK_URL ?? '');
  if (runbook?.protocol === 'https:' && runbook.pathname.endsWith('/runbook.md')) {
    return new URL('error-codes.md', runbook).href;
  }
  const docs = fileURLToPath(new URL('../docs/error-codes.md', import.meta.url));
  return relative(dirname(pagePath), docs).split(sep).map(encodeURIComponent).join('/');
}
