import type { Stage } from '../../infra/stage.ts';
import { formatAge, formatCount, layOutTable } from '../format.ts';
import { OptionError } from '../options.ts';
import { chooseInput, type ReportInput, type ReportOptions } from './options.ts';
import { readSummary } from './read.ts';
import { exitCodeOf, type Summary } from './summary.ts';

/** What a stage's log says, or why it could not be read. */
export type StageReport = { readonly stage: string } & (Summary | { readonly error: string });

/** Reads the stages one after the other. One that cannot be read does not keep the others from being shown. */
export async function readStages(
  stages: readonly Stage[],
  options: ReportOptions,
): Promise<readonly StageReport[]> {
  const reports: StageReport[] = [];
  for (const stage of stages) {
    reports.push({ stage: stage.name, ...(await readOne(chooseInput(options, false, stage))) });
  }
  return reports;
}

async function readOne(input: ReportInput): Promise<Summary | { readonly error: string }> {
  try {
    return await readSummary(input);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return { error: error.message };
  }
}

/** The stages side by side, then what a person should know of each. */
export function describeStages(reports: readonly StageReport[]): string {
  const head = [
    'stage',
    'state',
    'instances',
    'accepted',
    'failed',
    'unknown',
    'queued',
    'last run',
    'token',
  ];
  const lines = [...layOutTable(head, reports.map(toRow)), '', ...reports.flatMap(describeOne)];
  return `${lines.join('\n').trimEnd()}\n`;
}

function toRow(report: StageReport): readonly string[] {
  if ('error' in report) return [report.stage, 'cannot be read', '', '', '', '', '', '', ''];
  const { at, counts, runs, stage, token, verdict } = report;
  const last = runs.findLast(({ isDryRun }) => !isDryRun);
  const { accepted, confirmed, failed, retrying, total, unknown, waiting } = counts;
  return [
    stage,
    verdict.state,
    ...[total, accepted + confirmed, failed, unknown, waiting + retrying].map(formatCount),
    last ? `${formatAge(at, last.at)} ago` : 'none',
    token?.state ?? '',
  ];
}

function describeOne(report: StageReport): readonly string[] {
  if ('error' in report) return [`${report.stage}: ${report.error}`];
  const { stage, verdict } = report;
  return [`${stage}: ${verdict.text}`, ...verdict.warnings.map((warning) => `  ! ${warning}`)];
}

/** That of the worst: 2 where one of the stages cannot tell. */
export function exitCodeOfStages(reports: readonly StageReport[]): number {
  return Math.max(...reports.map((report) => ('error' in report ? 2 : exitCodeOf(report))));
}
