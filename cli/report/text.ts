import {
  formatAge,
  formatCount,
  formatDuration,
  formatRate,
  formatTime,
  plural,
} from './format.ts';
import type { RunRow } from './run-row.ts';
import type { Summary } from './summary.ts';
import { drawSparkline, layOutTable } from './text-table.ts';
import { describeAbsent, describeFailing, describeMore, describeWaiting } from './text-trouble.ts';

const maxRuns = 8;
const maxTrendRuns = 48;

/** The report for a terminal: the verdict first. */
export function describeSummary(summary: Summary): string {
  return [
    [
      summary.verdict.text,
      ...(summary.isSample ? ['SAMPLE DATA: a made-up day of a made-up fleet'] : []),
      ...summary.verdict.warnings.map((warning) => `! ${warning}`),
    ],
    describeFailing(summary),
    describeWaiting(summary.waiting),
    describeAbsent(summary.absent),
    describeToken(summary),
    describeRunTable(summary.runs),
    describeTrends(summary),
    describeProblems(summary),
    describeInput(summary),
  ]
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n');
}

function describeToken({ at, token }: Summary): readonly string[] {
  if (!token) return [];
  const { expiresAt, failure, hoursLeft = 0, madeAt, state } = token;
  return [
    `Token: ${state}`,
    ...(expiresAt ? [`  valid until ${formatTime(expiresAt)} (${hoursLeft} hours left)`] : []),
    ...(madeAt ? [`  made at ${formatTime(madeAt)}, ${formatAge(at, madeAt)} ago`] : []),
    ...(failure ? [`  rotation failed at ${formatTime(failure.at)}: ${failure.reason}`] : []),
  ];
}

function describeRunTable(runs: readonly RunRow[]): readonly string[] {
  if (runs.length === 0) return [];
  const head = [
    'finished',
    'trigger',
    'total',
    'accepted',
    'failed',
    'queued',
    'calls',
    'took',
    'by workers',
  ];
  const rows = runs.slice(-maxRuns).toReversed().map(describeRun);
  return [`Last runs (${formatCount(runs.length)} in the log)`, ...layOutTable(head, rows)];
}

function describeRun(run: RunRow): readonly string[] {
  return [
    formatTime(run.at),
    `${run.trigger}${run.isDryRun ? ' (dry)' : ''}`,
    ...[run.total, run.accepted, run.failed, run.queued, run.attempts].map(formatCount),
    formatDuration(run.durationMs),
    run.workers
      ? `${formatCount(run.workers.accepted)} accepted, ${formatCount(run.workers.failed)} failed`
      : '',
  ];
}

function describeTrends({ failuresOverTime, runs }: Summary): readonly string[] {
  const { bucketHours, buckets } = failuresOverTime;
  const called = runs.filter(({ attempts }) => attempts > 0).slice(-maxTrendRuns);
  const rates = called.flatMap(({ callsPerSecond = [] }) => callsPerSecond);
  const durations = called.map(({ durationMs }) => durationMs);
  const totals = buckets.map(({ total }) => total);
  const span = bucketHours === 1 ? 'hour' : `${bucketHours} h`;
  return [
    ...(totals.length > 1
      ? [
          `Failing instances per ${span}  ${drawSparkline(totals)}  highest ${formatCount(Math.max(...totals))}`,
        ]
      : []),
    ...(called.length > 1
      ? [
          `Duration of runs           ${drawSparkline(durations)}  highest ${formatDuration(Math.max(...durations))}`,
          `Calls per second           ${drawSparkline(rates)}  highest ${formatRate(Math.max(...rates))}`,
        ]
      : []),
  ];
}

const maxProblems = 10;

function describeProblems({ problems }: Summary): readonly string[] {
  return problems.length === 0
    ? []
    : [
        'Other warnings and errors, newest first',
        ...problems
          .slice(0, maxProblems)
          .map(
            ({ count, lastAt, level, message, reason }) =>
              `  ${formatTime(lastAt)}  ${level.padEnd(5)}  ${formatCount(count)} x  ${message}${reason ? ` (${reason})` : ''}`,
          ),
        ...describeMore(problems.length - maxProblems),
      ];
}

function describeInput({ input, skippedOnly }: Summary): readonly string[] {
  const { firstAt, lastAt, lines, notes, unreadableLines } = input;
  const span = firstAt && lastAt ? `, ${formatTime(firstAt)} to ${formatTime(lastAt)}` : '';
  return [
    `Read ${plural(lines, 'line')}${span}`,
    ...(unreadableLines > 0
      ? [`  ${plural(unreadableLines, 'line')} could not be read: cut off, or not of ddm-sync`]
      : []),
    ...(skippedOnly > 0 ? [`  ${plural(skippedOnly, 'instance')} seen in dry runs only`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
}
