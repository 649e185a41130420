import { describeFailures } from '../failures.ts';
import {
  drawSparkline,
  formatAge,
  formatCount,
  formatDuration,
  formatLength,
  formatRate,
  formatTime,
  layOutTable,
  plural,
} from './format.ts';
import type { Run } from './runs.ts';
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
    describeAbsent(summary),
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
  const rows = failing
    .slice(0, maxInstances)
    .map(({ errCode, failures, instanceId, isSinceEarlier, since }) => [
      `${formatTime(since)}${isSinceEarlier ? ' or earlier' : ''}`,
      formatCount(failures),
      errCode,
      instanceId,
    ]);
  return [
    'Not in sync',
    describeFailures(failing),
    '',
    'Longest first',
    ...layOutTable(['not in sync since', 'failures', 'code', 'instance'], rows),
    ...describeMore(failing.length - rows.length),
  ];
}

function describeWaiting({ waiting }: Summary): readonly string[] {
  if (waiting.length === 0) return [];
  const rows = waiting
    .slice(0, maxInstances)
    .map(({ errCode = '-', failures, instanceId, isLong, since, waitedMs }) => [
      formatTime(since),
      `${formatLength(waitedMs)}${isLong ? ', too long' : ''}`,
      formatCount(failures),
      errCode,
      instanceId,
    ]);
  return [
    'Waiting in the queue, longest first',
    ...layOutTable(['since', 'for', 'failures', 'last code', 'instance'], rows),
    ...describeMore(waiting.length - rows.length),
  ];
}

function describeMore(count: number): readonly string[] {
  return count > 0 ? [`  and ${formatCount(count)} more (--json lists them)`] : [];
}

function describeAbsent({ absent }: Summary): readonly string[] {
  if (absent.length === 0) return [];
  const examples = absent.slice(0, maxExamples).join(', ');
  return [
    `Left out: ${plural(absent.length, 'instance')} that the last scheduled run no longer had in its list`,
    `  ${examples}${absent.length > maxExamples ? ', ...' : ''}`,
  ];
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

function describeRuns({ runs }: Summary): readonly string[] {
  if (runs.length === 0) return [];
  const outcomes = ['total', 'accepted', 'failed', 'queued', 'calls'];
  const head = ['finished', 'trigger', ...outcomes, 'took', 'by workers'];
  const rows = runs.slice(-maxRuns).toReversed().map(describeRun);
  return [`Last runs (${formatCount(runs.length)} in the log)`, ...layOutTable(head, rows)];
}

function describeRun(run: Run): readonly string[] {
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
  const lines = problems
    .slice(0, maxProblems)
    .map(
      ({ count, lastAt, level, message, reason }) =>
        `  ${formatTime(lastAt)}  ${level.padEnd(5)}  ${formatCount(count)} x  ${message}${reason ? ` (${reason})` : ''}`,
    );
  return [
    'Other warnings and errors, newest first',
    ...lines,
    ...describeMore(problems.length - lines.length),
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
