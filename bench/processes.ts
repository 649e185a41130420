import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { CloudOptions } from '../emulator/cloud.ts';
import type { DdmStats } from '../emulator/ddm.ts';

export interface Run {
  readonly report: {
    readonly total: number;
    readonly accepted: number;
    readonly failed: number;
    readonly queued?: number;
    readonly durationMs: number;
  };
  readonly cpuMs: number;
}

export interface Measured {
  readonly runs: readonly Run[];
  readonly maxRssMb: number;
  /** The service's own count, over all runs. */
  readonly stats: DdmStats;
}

export interface Measurement {
  readonly cloud: CloudOptions;
  readonly env?: Readonly<Record<string, string>>;
  readonly invocations?: number;
  readonly nodeArguments?: readonly string[];
  /** Whether the handler is told of the queue. */
  readonly queue?: boolean;
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
const handlerUrl = new URL('../dist/functions/scheduled.js', import.meta.url).href;

/** The built handler against an embedded cloud of its own, each in its own process. */
export function measureHandler(measurement: Measurement): Promise<Measured> {
  return measure(measurement, [path('./handler-process.ts'), handlerUrl]);
}

export function measurePeer(
  kind: 'axios' | 'axios-retry',
  measurement: Measurement,
): Promise<Measured> {
  return measure(measurement, [path('./peer-process.ts'), kind]);
}

/** `POST /sync` for one instance, again and again in a warm process. */
export function measureHttp(measurement: Measurement): Promise<Measured> {
  return measure(measurement, [path('./http-process.ts')]);
}

/** Messages for a whole fleet to the queue, by ours or by a bare loop over the SDK's client. */
export function measureDispatch(
  kind: 'ours' | 'bare',
  measurement: Measurement,
): Promise<Measured> {
  return measure(measurement, [path('./dispatch-process.ts'), kind]);
}

async function measure(
  { cloud, env, invocations = 1, nodeArguments = [], queue = false }: Measurement,
  command: readonly string[],
): Promise<Measured> {
  const server = await startCloudProcess(cloud);
  const child = spawn(process.execPath, [...nodeArguments, ...command, String(invocations)], {
    env: {
      ...awsEnvironment,
      ...server.env,
      QUEUE_URL: server.queueUrl,
      ...(queue && { SYNC_QUEUE_URL: server.queueUrl }),
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const result = child.stdio[3];
  if (!(result instanceof Readable) || !child.stderr) throw new TypeError('the child has no fd 3');
  child.stderr.resume();
  const [answer] = await Promise.all([text(result), once(child, 'exit')]);
  if (answer === '') throw new Error(`${command[0]} failed: run it by hand`);
  const answered = await fetch(`${server.env.DDM_ENDPOINT}/_stats`);
  const stats = JSON.parse(await answered.text());
  server.stop();
  return { ...JSON.parse(answer), stats };
}

const awsEnvironment = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** An embedded cloud in a process of its own, so that its work is not measured. */
export async function startCloudProcess(options: CloudOptions) {
  const child = spawn(process.execPath, [path('../emulator/main.ts'), JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { ddm, parameterPrefix, projectId, queueUrl, sqs, ssm } = JSON.parse(String(line));
  return {
    env: {
      DDM_ENDPOINT: ddm,
      DDM_PROJECT_ID: projectId,
      PARAMETER_PREFIX: parameterPrefix,
      AWS_ENDPOINT_URL_SSM: ssm,
      AWS_ENDPOINT_URL_SQS: sqs,
    },
    queueUrl: String(queueUrl),
    stop: () => child.stdin.end(),
  };
}
