import { describeFailures } from '../failures.ts';
import { drawSparkline, formatCount, formatDuration, formatRate, layOutTable } from '../format.ts';
import { narrowFailingColumns, problemColumns, runColumns, waitingColumns } from './columns.ts';
import { inputFacts, tokenFacts } from './facts.ts';
import type { Column } from './html.ts';
import type { Summary } from './summary.ts';

const maxInstances = 20;
const maxExamples = 3;
const maxRuns = 8;
const maxTrendRuns = 48;
const maxProblems = 10;

/** The report for a terminal: the verdict first. */
export function describeSummary(summary: Summary): string {
  const sections = [
    describeVerdict(summary),
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

function describeVerdict({ isSample, verdict }: Summary): readonly string[] {
  return [
    verdict.text,
    ...(isSample ? ['SAMPLE DATA: a made-up day of a made-up fleet'] : []),
    ...verdict.warnings.map((warning) => `! ${warning}`),
  ];
}

/** By code with what to do, then one by one. */
function describeFailing({ failing }: Summary): readonly string[] {
  if (failing.length === 0) return [];
  return [
    'Not in sync',
    describeFailures(failing),
    '',
    'Longest first',
    ...describeInstances(narrowFailingColumns, failing),
  ];
}

function describeWaiting({ waiting }: Summary): readonly string[] {
  if (waiting.length === 0) return [];
  return ['Waiting in the queue, longest first', ...describeInstances(waitingColumns, waiting)];
}

function describeInstances<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): readonly string[] {
  const shown = rows.slice(0, maxInstances);
  return [...layOut(columns, shown), ...describeMore(rows.length - shown.length)];
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
