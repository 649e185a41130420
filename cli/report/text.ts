import { describeFailures } from '../failures.ts';
import {
  drawSparkline,
  formatCount,
  formatDuration,
  formatLength,
  formatRate,
  formatTime,
  layOutTable,
  plural,
} from '../format.ts';
import { describeSince, problemColumns, runColumns } from './columns.ts';
import { comparisonFacts, consoleOf, headingFacts, inputFacts, tokenFacts } from './facts.ts';
import type { Column } from './html.ts';
import type { Summary } from './summary.ts';
import type { Trouble, Waiting } from './trouble.ts';

const maxInstances = 20; // of failures: beyond that the codes say more than a list
const maxExamples = 3;
const maxRuns = 8;
const maxTrendRuns = 48;
const maxProblems = 10;

/** The report for a terminal: the verdict first. */
export function describeSummary(summary: Summary): string {
  const sections = [
    describeVerdict(summary),
    describeComparison(summary),
    describeFailing(summary),
    describeWaiting(summary),
    describeToken(summary),
    describeRuns(summary),
    describeTrends(summary),
    describeProblems(summary),
    describeInput(summary),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function describeVerdict(summary: Summary): readonly string[] {
  const { isSample, verdict } = summary;
  return [
    verdict.text,
    ...headingFacts(summary).map((fact) => `  ${fact}`),
    ...(isSample ? ['SAMPLE DATA: a made-up day of a made-up fleet'] : []),
    ...verdict.warnings.map((warning) => `! ${warning}`),
  ];
}

function describeComparison(summary: Summary): readonly string[] {
  const facts = comparisonFacts(summary, maxInstances);
  return facts.length > 0 ? ['Compared with the other list', ...indent(facts)] : [];
}

/** By code with what to do; a few one by one as well. */
function describeFailing(summary: Summary): readonly string[] {
  const { failing } = summary;
  if (failing.length === 0) return [];
  const console = consoleOf(summary);
  return [
    'Last sync failed',
    describeFailures(failing),
    '         docs/error-codes.md has every code',
    ...(console ? [`         DDM in the console: ${console}`] : []),
    '',
    ...(failing.length > maxInstances
      ? [`  ${plural(failing.length, 'instance')} in all: --json and --html list each`]
      : ['Longest first', ...failing.flatMap(describeTrouble)]),
  ];
}

function describeTrouble(trouble: Trouble): readonly string[] {
  const { errCode, instanceId, name, runId, runsFailed, state } = trouble;
  const runs = `${plural(runsFailed, 'run')} failed`;
  return [
    `  ${[`${instanceId}${name ? ` (${name})` : ''}`, errCode, state, runs].join(', ')}`,
    `      since ${describeSince(trouble)}; last run ${runId || 'unknown'}`,
  ];
}

function describeWaiting({ waiting }: Summary): readonly string[] {
  if (waiting.length === 0) return [];
  const shown = waiting.slice(0, maxInstances);
  return [
    'Waiting in the queue, longest first',
    ...shown.flatMap(describeWait),
    ...describeMore(waiting.length - shown.length),
  ];
}

function describeWait(wait: Waiting): readonly string[] {
  const { errCode, failingSince, instanceId, isLong, name, runId, runsFailed, since, state } = wait;
  const parts = [
    `${instanceId}${name ? ` (${name})` : ''}`,
    ...(errCode === undefined ? [] : [errCode]),
    state,
    ...(failingSince
      ? [`${plural(runsFailed, 'run')} failed since ${formatTime(failingSince)}`]
      : []),
  ];
  return [
    `  ${parts.join(', ')}`,
    `      in the queue since ${formatTime(since)} (${formatLength(wait.waitedMs)}${isLong ? ', too long' : ''}); run ${runId || 'unknown'}`,
  ];
}

function layOut<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly string[] {
  return layOutTable(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map(({ cell }) => cell(row))),
  );
}

function describeMore(count: number): readonly string[] {
  return count > 0 ? [`  and ${formatCount(count)} more (--json lists them)`] : [];
}

function describeToken(summary: Summary): readonly string[] {
  if (!summary.token) return [];
  return [`Token: ${summary.token.state}`, ...indent(tokenFacts(summary))];
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function describeRuns({ runs }: Summary): readonly string[] {
  if (runs.length === 0) return [];
  const shown = runs.slice(-maxRuns).toReversed();
  return [`Last runs (${formatCount(runs.length)} in the log)`, ...layOut(runColumns(runs), shown)];
}

function describeTrends({ failuresOverTime, runs }: Summary): readonly string[] {
  const { bucketHours, buckets } = failuresOverTime;
  const called = runs.filter(({ attempts }) => attempts > 0).slice(-maxTrendRuns);
  const rates = called.flatMap(({ callsPerSecond = [] }) => callsPerSecond);
  const durations = called.map(({ durationMs }) => durationMs);
  const totals = buckets.map(({ total }) => total);
  const span = bucketHours === 1 ? 'hour' : `${bucketHours} h`;
  const draw = (values: readonly number[], format: (value: number) => string): string =>
    `${drawSparkline(values)}  highest ${format(Math.max(...values))}`;
  return [
    ...(totals.length > 1 ? [`Failing instances per ${span}  ${draw(totals, formatCount)}`] : []),
    ...(called.length > 1
      ? [
          `Duration of runs           ${draw(durations, formatDuration)}`,
          `Calls per second           ${draw(rates, formatRate)}`,
        ]
      : []),
  ];
}

function describeProblems({ problems }: Summary): readonly string[] {
  if (problems.length === 0) return [];
  const shown = problems.slice(0, maxProblems);
  return [
    'Other warnings and errors, newest first',
    ...layOut(problemColumns.toReversed(), shown), // the message is the longest
    ...describeMore(problems.length - shown.length),
  ];
}

function describeInput(summary: Summary): readonly string[] {
  return ['What was read', ...indent(inputFacts(summary, maxExamples))];
}
