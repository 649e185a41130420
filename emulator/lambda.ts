import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type InvocationResult, startRuntimeApi } from './runtime-api.ts';

export interface LambdaOptions {
  /** `scheduled` runs `dist/functions/scheduled.handler`. */
  readonly functionName: string;
  /** The folder that is zipped. */
  readonly taskRoot: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Lambda's runtime: a script that takes the handler's name. @default bootstrap.js */
  readonly runtime?: string;
  /** A line of stdout or stderr: the logger writes warnings and errors to the latter. */
  readonly onLine: (line: string) => void;
}

export interface Lambda {
  /** Of the process that runs the handler; undefined if it could not be started. */
  readonly pid: number | undefined;
  invoke(event: unknown): Promise<InvocationResult>;
  /** Ends the process at once, as an out-of-memory error does; a running invocation fails. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const bootstrap = fileURLToPath(new URL('./bootstrap.js', import.meta.url));

/** Runs a built handler as Lambda does: a process with Lambda's environment, fed by the Runtime API. */
export async function startLambda(options: LambdaOptions): Promise<Lambda> {
  const { runtime = bootstrap, timeoutMs = 900_000 } = options;
  const api = await startRuntimeApi(nameOf(options.functionName));
  const env = lambdaEnvironment(options, api.endpoint);
  const child = spawn(process.execPath, [runtime, env._HANDLER], {
    cwd: options.taskRoot,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const drained = Promise.all([
    readLines(child.stdout, options.onLine),
    readLines(child.stderr, options.onLine),
  ]);
  child.once('exit', (code) => {
    const errorMessage = `Runtime exited with ${code === null ? 'a signal' : `status ${code}`}`;
    api.abort({ errorType: 'Runtime.ExitError', errorMessage });
  });

  return {
    pid: child.pid,
    invoke: async (event) => {
      const timer = setTimeout(() => {
        const errorMessage = `Task timed out after ${(timeoutMs / 1_000).toFixed(2)} seconds`;
        api.abort({ errorType: 'Sandbox.Timedout', errorMessage });
        child.kill('SIGKILL');
      }, timeoutMs);
      const result = await api.invoke(event, timeoutMs);
      clearTimeout(timer);
      return result;
    },
    kill: () => stopProcess(child, 'SIGKILL'),
    stop: async () => {
      await stopProcess(child);
      await drained;
      await api.close();
    },
  };
}

function nameOf(functionName: string): string {
  return `ddm-sync-local-${functionName}`;
}

// Exactly what Lambda sets, so that nothing works here by accident.
function lambdaEnvironment({ functionName, env, taskRoot }: LambdaOptions, endpoint: string) {
  return {
    AWS_LAMBDA_FUNCTION_NAME: nameOf(functionName),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${nameOf(functionName)}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_RUNTIME_API: endpoint.replace('http://', ''),
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    POWERTOOLS_SERVICE_NAME: 'ddm-sync-local',
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    LAMBDA_TASK_ROOT: taskRoot,
    _HANDLER: `dist/functions/${functionName}.handler`,
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
    ...env,
  };
}

async function readLines(stream: Readable, onLine: (line: string) => void) {
  for await (const line of createInterface({ input: stream })) onLine(line);
}

async function stopProcess(child: ChildProcess, signal?: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
