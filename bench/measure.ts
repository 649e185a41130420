import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Cloud, type CloudOptions, startCloud } from '../emulator/cloud.ts';
import type { DdmStats } from '../emulator/ddm.ts';
import { environmentOf } from '../emulator/environment.ts';
import { median } from './numbers.ts';

/** What the measured process answers. */
interface Run {
  readonly report: {
    readonly accepted: number;
    readonly failed: number;
    readonly queued: number;
    readonly statusCode?: number;
    readonly batchItemFailures?: readonly unknown[];
  };
  /** The report's own; where it has none, of the whole call. */
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly peakRssMb: number;
}

interface Measured {
  readonly runs: readonly Run[];
  /** The service's own count, over all runs. */
  readonly stats: DdmStats;
}

interface Measurement {
  readonly cloud: CloudOptions;
  readonly env?: Readonly<Record<string, string>>;
  readonly event?: (cloud: Cloud) => unknown;
  readonly invocations?: number;
  readonly pauseMs?: number;
  readonly nodeArguments?: readonly string[];
}

/** Settings of a run that calls DDM for every instance itself. */
export const inline = { SYNC_QUEUE_URL: '', SYNC_FOLLOW: 'off' } as const;

/** A packaged function in a process of its own, against an embedded cloud in this one. */
export function measureFunction(functionName: string, measurement: Measurement) {
  const url = new URL(`../dist/functions/${functionName}.js`, import.meta.url);
  return measureModule(url.href, 'handler', measurement);
}

/** The loop that you would write by hand, for the same fleet. */
export function measurePeer(name: 'withAxios' | 'withAxiosRetry', measurement: Measurement) {
  const event = ({ ddm: { instanceIds }, iam }: Cloud) => ({
    instanceIds,
    token: [...iam.tokens][0],
  });
  return measureModule(import.meta.resolve('./peer.ts'), name, { ...measurement, event });
}

/** An exported handler of any module, as `measureFunction` does it. */
export async function measureModule(
  url: string,
  name: string,
  measurement: Measurement,
): Promise<Measured> {
  const { env, event = () => ({}), invocations = 1, nodeArguments = [], pauseMs = 0 } = measurement;
  const cloud = await startCloud(measurement.cloud);
  const child = fork(fileURLToPath(import.meta.resolve('./measured-process.ts')), [url, name], {
    env: { ...awsEnvironment, ...environmentOf(cloud), ...env },
    execArgv: [...nodeArguments],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const exit = once(child, 'exit');
  const runs: Run[] = [];
  while (runs.length < invocations) {
    child.send(Object(event(cloud)));
    const [run] = await Promise.race([once(child, 'message'), exit]);
    if (!run?.report) throw new Error(`${name} of ${url} ended its process: ${run}`);
    runs.push(run);
    await sleep(pauseMs);
  }
  child.kill();
  await cloud.close();
  return { runs, stats: cloud.ddm.stats() };
}

const awsEnvironment = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** Without what the first runs pay for: just-in-time compilation and the parameter store. */
export function warmMedian(
  { runs }: Measured,
  figure: 'durationMs' | 'cpuMs',
  coldRuns = 1,
): number {
  return median(runs.slice(coldRuns).map((run) => run[figure]));
}
