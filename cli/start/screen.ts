import type { InvocationResult } from '../../emulator/runtime-api.ts';
import type { Outcome, Report } from '../../lib/log.ts';
import { describeFailures } from '../failures.ts';
import type { StartOptions } from './options.ts';
import type { Project } from './project.ts';

/** What a person sees of a run. */
export interface Screen {
  /** Takes a line that a function wrote. */
  line(line: string): void;
  phase(title: string): void;
  drained(stats: DrainStats): void;
  finish(result: InvocationResult): void;
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
  write(text: string): unknown;
}

const redrawMs = 100;

export function createScreen(
  { instances, json }: StartOptions,
  { cloud, name }: Project,
  out: Output,
): Screen {
  if (json) {
    const nothing = (): void => {};
    const line = (text: string): void => void out.write(`${text}\n`);
    return { line, phase: nothing, drained: nothing, finish: nothing };
  }
  const last = new Map<string, LogLine>(); // the last outcome of each instance
  let report: LogLine | undefined;
  let drained: DrainStats | undefined;
  let drawnAt = 0;
  out.write(`Running the packaged scheduled handler against ${name}\n`);

  const withStatus = (status: string): LogLine[] =>
    [...last.values()].filter((line) => line.status === status);

  const draw = (): void => {
    if (!out.isTTY || Date.now() - drawnAt < redrawMs) return;
    drawnAt = Date.now();
    const done = last.size - withStatus('queued').length;
    const progress = drawProgress(done, cloud ? instances : done, withStatus('failed').length);
    out.write(`\r${progress}`);
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
      if (!line.message.startsWith('instance sync ') || line.status === undefined) return;
      last.set(line.instanceId ?? '', line);
      draw();
    },
    phase: (title) => void out.write(`${out.isTTY ? '\n' : ''}${title}\n`),
    drained: (stats) => {
      drained = stats;
    },
    finish: (result) => {
      const failures = withStatus('failed');
      if (out.isTTY) out.write('\n');
      if (failures.length > 0) out.write(`\nFailed\n${describeFailures(failures)}\n`);
      if (report) out.write(`\nRun ${report.runId ?? ''}\n${describeReport(report)}\n`);
      if (drained) out.write(describeEnd(drained));
      const { throttled = 0 } = cloud?.ddm.stats() ?? {};
      if (throttled > 0) out.write(`  throttled  ${throttled}\n`);
      out.write(`\n${conclude(result, failures.length)}\n`);
      if (cloud) out.write(`\n${nextSteps}`);
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

function conclude(result: InvocationResult, failed: number): string {
  if (!result.ok) {
    return `The invocation failed: ${result.error.errorType}: ${result.error.errorMessage}`;
  }
  return failed > 0
    ? 'The run worked. Failed instances do not fail it: the next run tries them again.'
    : 'The run worked.';
}

const nextSteps = `This was the embedded cloud. To run against a real project:
  export DDM_ENDPOINT=https://ddm.<region>.myhuaweicloud.com   # or .eu, or otc.t-systems.com
  export DDM_PROJECT_ID=<project id>  PARAMETER_PREFIX=/ddm-sync/prod
  export AWS_REGION=...  AWS_ACCESS_KEY_ID=...  AWS_SECRET_ACCESS_KEY=...
  npm start -- --dry-run     # reads and checks everything, calls nothing
`;
