import type { InvocationResult } from '../../emulator/runtime-api.ts';
import type { Outcome, Report } from '../../lib/log.ts';
import { describeFailures } from '../failures.ts';
import { wrapLines } from '../format.ts';
import type { StartOptions } from './options.ts';
import type { Project } from './project.ts';

/** What a person sees of a run. */
export interface Screen {
  /** Takes a line that a function wrote. */
  line(line: string): void;
  phase(title: string): void;
  drained(stats: DrainStats): void;
  /** Returns how many instances failed. */
  finish(result: InvocationResult): number;
}

interface DrainStats {
  readonly batches: number;
  readonly killed: number;
  readonly redelivered: number;
  /** Instances whose messages are in the dead-letter queue. */
  readonly deadLetters: readonly string[];
}

/** A log line of the handler, as far as the screen uses it. */
type LogLine = Partial<Outcome> &
  Partial<Report> & { readonly message: string; readonly timestamp?: string };

/** Where the screen writes: out. */
export interface Output {
  readonly isTTY: boolean;
  /** Of the terminal. */
  readonly columns?: number;
  write(text: string): unknown;
}

const redrawMs = 100;

export function createScreen(
  { json }: Pick<StartOptions, 'json'>,
  { cloud, name }: Project,
  out: Output,
): Screen {
  const last = new Map<string, LogLine>(); // the last outcome of each instance
  const withStatus = (status: string): LogLine[] =>
    [...last.values()].filter((line) => line.status === status);
  const keep = (line: LogLine): void => {
    if (!line.message.startsWith('instance sync ') || line.status === undefined) return;
    last.set(line.instanceId ?? '', line);
  };
  if (json) {
    const nothing = (): void => {};
    const line = (text: string): void => {
      out.write(`${text}\n`);
      const parsed = parseLogLine(text);
      if (parsed) keep(parsed);
    };
    return { line, phase: nothing, drained: nothing, finish: () => withStatus('failed').length };
  }
  let report: LogLine | undefined;
  let drained: DrainStats | undefined;
  let drawnAt = 0;
  const say = (text: string): void => void out.write(wrapLines(text, out.columns));
  say(`Running the packaged scheduled handler against ${name}\n`);

  const draw = (): void => {
    drawnAt = Date.now();
    const done = last.size - withStatus('queued').length;
    const total = cloud?.ddm.instanceIds.length ?? done;
    out.write(`\r${drawProgress(done, total, withStatus('failed').length)}`);
  };

  const describeEnd = ({ batches, deadLetters, killed, redelivered }: DrainStats): string => {
    const [accepted, failed] = [withStatus('accepted').length, withStatus('failed').length];
    const unknown = deadLetters.filter((id) => last.get(id)?.status === 'queued').length;
    return [
      '',
      'In the end',
      `  accepted     ${accepted}`,
      `  failed       ${failed}`,
      `  lost         ${last.size - accepted - failed - unknown}`,
      `  batches      ${batches}, of which ${killed} had their worker killed`,
      `  redelivered  ${redelivered} messages that were done`,
      `  dead-letter  ${deadLetters.length} messages${unknown > 0 ? `, ${unknown} without a result: their worker was killed at the last delivery` : ''}`,
      `  calls        ${cloud?.ddm.stats().calls ?? 0}`,
      '',
    ].join('\n');
  };

  return {
    line: (text) => {
      const line = parseLogLine(text);
      if (line === undefined) return void (text.startsWith('{') || out.write(`${text}\n`));
      if (line.message === 'sync run finished') report = line;
      keep(line);
      if (out.isTTY && Date.now() - drawnAt >= redrawMs) draw();
    },
    phase: (title) => {
      if (out.isTTY) draw();
      say(`${out.isTTY ? '\n' : ''}${title}\n`);
    },
    drained: (stats) => {
      drained = stats;
    },
    finish: (result) => {
      const failures = withStatus('failed');
      if (out.isTTY) {
        draw();
        out.write('\n');
      }
      if (failures.length > 0) say(`\nFailed\n${describeFailures(failures)}\n`);
      if (report) say(`\nRun ${report.runId ?? ''}\n${describeReport(report)}\n`);
      if (drained) say(describeEnd(drained));
      const { throttled = 0 } = cloud?.ddm.stats() ?? {};
      if (throttled > 0) say(`  throttled  ${throttled}\n`);
      say(`\n${conclude(result, last.size, failures.length)}\n`);
      if (cloud) out.write(`\n${nextSteps}`);
      return failures.length;
    },
  };
}

/** A line that the logger wrote. Anything else is undefined. */
export function parseLogLine(line: string): LogLine | undefined {
  try {
    const parsed = JSON.parse(line);
    return typeof parsed?.message === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const barWidth = 30;

/** `[#####.....]  50/100  3 failed` */
export function drawProgress(done: number, total: number, failed: number): string {
  const filled = total === 0 ? barWidth : Math.round((Math.min(done, total) / total) * barWidth);
  const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`;
  return `[${bar}] ${done}/${total}${failed > 0 ? `  ${failed} failed` : ''}`;
}

function describeReport(report: Partial<Report>): string {
  const { attempts = 0, durationMs = 0, queued = 0, skipped = 0 } = report;
  const seconds = durationMs / 1_000;
  const perSecond = seconds > 0 ? (attempts / seconds).toFixed(0) : '-';
  return [
    `  instances  ${report.total ?? 0}`,
    `  accepted   ${report.accepted ?? 0}`,
    `  failed     ${report.failed ?? 0}`,
    ...(queued > 0 ? [`  queued     ${queued}`] : []),
    ...(skipped > 0 ? [`  skipped    ${skipped}`] : []),
    `  calls      ${attempts}`,
    `  duration   ${seconds.toFixed(2)} s (${perSecond} calls per second)`,
  ].join('\n');
}

function conclude(result: InvocationResult, total: number, failed: number): string {
  if (!result.ok) {
    return `The invocation failed: ${result.error.errorType}: ${result.error.errorMessage}`;
  }
  if (failed === 0) return 'The run worked.';
  const share = failed === total ? `all ${total}` : `${failed} of ${total}`;
  return `The run ended, and ${share} instances failed. On AWS, the next run tries them again.`;
}

const nextSteps = `This was the embedded cloud. For a real project:
  npm run setup -- --stage prod                # asks, tests, and writes parameters and settings
  npx ddm-sync run --stage prod --dry-run      # reads and checks everything, calls nothing
`;
