import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.ts';
import { startLambda } from './lambda.ts';
import { help, OptionError, parseOptions, type StartOptions } from './options.ts';
import {
  describeFailures,
  describeReport,
  drawProgress,
  type LogLine,
  nextSteps,
  parseLogLine,
} from './present.ts';
import type { InvocationResult } from './runtime-api.ts';
import { chooseTarget, type Target } from './target.ts';

const taskRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const { stderr, stdout } = process;

const main = async (): Promise<number> => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    stdout.write(help);
    return 0;
  }
  const target = await chooseTarget(options, process.env);
  try {
    await build();
    return await run(options, target);
  } finally {
    await target.cloud?.close();
  }
};

const run = async (options: StartOptions, target: Target): Promise<number> => {
  const screen = createScreen(options, target);
  const lambda = await startLambda({
    handler: 'dist/functions/scheduled.handler',
    taskRoot,
    env: target.env,
    onLine: screen.line,
  });
  const result = await lambda.invoke(options.dryRun ? { dryRun: true } : {});
  await lambda.stop();
  screen.finish(result);
  return result.ok ? 0 : 1;
};

interface Screen {
  line(line: string): void;
  finish(result: InvocationResult): void;
}

const createScreen = ({ instances, json }: StartOptions, { cloud, name }: Target): Screen => {
  if (json) return { line: (line) => stdout.write(`${line}\n`), finish: () => {} };
  const failures: LogLine[] = [];
  let done = 0;
  let report: LogLine | undefined;
  stdout.write(`Running the packaged scheduled handler against ${name}\n`);

  const draw = (): void => {
    if (stdout.isTTY)
      stdout.write(`\r${drawProgress(done, cloud ? instances : done, failures.length)}`);
  };

  return {
    line: (text) => {
      const line = parseLogLine(text);
      if (line === undefined) return void (text.startsWith('{') || stdout.write(`${text}\n`));
      if (line.message === 'sync run finished') report = line;
      if (!line.message.startsWith('instance sync ') || line.status === undefined) return;
      done += 1;
      if (line.status === 'failed') failures.push(line);
      draw();
    },
    finish: (result) => {
      if (stdout.isTTY) stdout.write('\n');
      if (failures.length > 0) stdout.write(`\nFailed\n${describeFailures(failures)}\n`);
      if (report) stdout.write(`\nRun ${report.runId ?? ''}\n${describeReport(report)}\n`);
      const { throttled = 0 } = cloud?.ddm.stats() ?? {};
      if (throttled > 0) stdout.write(`  throttled  ${throttled}\n`);
      stdout.write(`\n${conclude(result, failures.length)}\n`);
      if (cloud) stdout.write(`\n${nextSteps}`);
    },
  };
};

const conclude = (result: InvocationResult, failed: number): string => {
  if (!result.ok) {
    return `The invocation failed: ${result.error.errorType}: ${result.error.errorMessage}`;
  }
  return failed > 0
    ? 'The run worked; single failed instances do not fail it. The next run tries them again.'
    : 'The run worked.';
};

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof OptionError)) throw error;
  stderr.write(`${error.message}\n`);
  return 2;
});
