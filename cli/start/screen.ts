import type { InvocationResult } from '../../emulator/runtime-api.ts';
import type { Target } from '../target.ts';
import type { StartOptions } from './options.ts';
import {
  describeFailures,
  describeReport,
  drawProgress,
  type LogLine,
  nextSteps,
  parseLogLine,
} from './present.ts';

/** What a person sees of a run. */
export interface Screen {
  /** A line that a function wrote. */
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

const { stdout } = process;

export function createScreen({ instances, json }: StartOptions, { cloud, name }: Target): Screen {
  if (json) {
    const nothing = (): void => {};
    const line = (text: string): void => void stdout.write(`${text}\n`);
    return { line, phase: nothing, drained: nothing, finish: nothing };
  }
  const ends = new Map<string, LogLine>(); // the last outcome of each instance
  let report: LogLine | undefined;
  let drained: DrainStats | undefined;
  stdout.write(`Running the packaged scheduled handler against ${name}\n`);

  const withStatus = (status: string): LogLine[] =>
    [...ends.values()].filter((line) => line.status === status);

  let drawnAt = 0;
  const draw = (): void => {
    if (!stdout.isTTY || Date.now() - drawnAt < 100) return;
    drawnAt = Date.now();
    const done = ends.size - withStatus('queued').length;
    const progress = drawProgress(done, cloud ? instances : done, withStatus('failed').length);
    stdout.write(`\r${progress}`);
  };

  const describeEnd = (stats: DrainStats): string => {
    const [accepted, failed] = [withStatus('accepted').length, withStatus('failed').length];
    const unknown = stats.deadLetters.filter((id) => ends.get(id)?.status === 'queued').length;
    return [
      '',
      'In the end',
      `  accepted     ${accepted}`,
      `  failed       ${failed}`,
      `  lost         ${ends.size - accepted - failed - unknown}`,
      `  batches      ${stats.batches}, of which ${stats.killed} had their worker killed`,
      `  redelivered  ${stats.redelivered} messages that were done`,
      `  dead-letter  ${stats.deadLetters.length} messages${unknown > 0 ? `, ${unknown} without a result: their worker was killed at the last delivery` : ''}`,
      `  calls        ${cloud?.ddm.stats().calls ?? 0}`,
      '',
    ].join('\n');
  };

  return {
    line: (text) => {
      const line = parseLogLine(text);
      if (line === undefined) return void (text.startsWith('{') || stdout.write(`${text}\n`));
      if (line.message === 'sync run finished') report = line;
      if (!line.message.startsWith('instance sync ') || line.status === undefined) return;
      ends.set(line.instanceId ?? '', line);
      draw();
    },
    phase: (title) => void stdout.write(`${stdout.isTTY ? '\n' : ''}${title}\n`),
    drained: (stats) => {
      drained = stats;
    },
    finish: (result) => {
      const failures = withStatus('failed');
      if (stdout.isTTY) stdout.write('\n');
      if (failures.length > 0) stdout.write(`\nFailed\n${describeFailures(failures)}\n`);
      if (report) stdout.write(`\nRun ${report.runId ?? ''}\n${describeReport(report)}\n`);
      if (drained) stdout.write(describeEnd(drained));
      const { throttled = 0 } = cloud?.ddm.stats() ?? {};
      if (throttled > 0) stdout.write(`  throttled  ${throttled}\n`);
      stdout.write(`\n${conclude(result, failures.length)}\n`);
      if (cloud) stdout.write(`\n${nextSteps}`);
    },
  };
}

function conclude(result: InvocationResult, failed: number): string {
  if (!result.ok) {
    return `The invocation failed: ${result.error.errorType}: ${result.error.errorMessage}`;
  }
  return failed > 0
    ? 'The run worked; single failed instances do not fail it. The next run tries them again.'
    : 'The run worked.';
}
