import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeEach, onTestFinished } from 'vitest';
import { type Cloud, type CloudOptions, startCloud } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { startLambda } from '../../emulator/lambda.ts';
import type { InvocationResult } from '../../emulator/runtime-api.ts';
import { type Calls, callsOf, createReset } from './cloud-state.ts';
import { root } from './process.ts';

/** The folder that is zipped. */
export const taskRoot = root;

export interface Session {
  readonly cloud: Cloud;
  /** All that the function printed in this test, stdout and stderr. */
  readonly output: readonly string[];
  readonly lines: () => readonly Record<string, unknown>[];
  /** What the cloud was asked in this test. */
  readonly calls: () => Calls;
  readonly invoke: (event: unknown) => Promise<InvocationResult>;
}

export interface SessionOptions extends CloudOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

type SessionInCloud = Omit<SessionOptions, keyof CloudOptions> & { readonly cloud: Cloud };

export type FunctionName =
  | 'scheduled'
  | 'http'
  | 'worker'
  | 'follow'
  | 'changed'
  | 'watch'
  | 'rotate-token'
  | 'smn';

/** A packaged handler in a process of its own for one test, spoken to through the Lambda Runtime API. */
export async function startPackaged(
  functionName: FunctionName,
  options: SessionOptions | SessionInCloud,
): Promise<Session> {
  const cloud = 'cloud' in options ? options.cloud : await startTestCloud(options);
  const { stop, ...session } = await open(functionName, cloud, options);
  onTestFinished(stop);
  return session;
}

/**
 * The same for all tests of a file, started at its top level. Each test begins with no output, and with the
 * cloud as it was; the process keeps what it learned: parameters, rate, certificates.
 */
export async function sharePackaged(
  functionName: FunctionName,
  options: SessionOptions | SessionInCloud,
): Promise<Session> {
  const cloud = 'cloud' in options ? options.cloud : await shareCloud(options);
  const { begin, stop, ...session } = await open(functionName, cloud, options);
  beforeEach(begin);
  afterAll(stop);
  return session;
}

/** An embedded cloud that ends with the test. */
export async function startTestCloud(options: CloudOptions): Promise<Cloud> {
  const cloud = await startCloud(options);
  onTestFinished(() => cloud.close());
  return cloud;
}

/** An embedded cloud for all tests of a file; each begins with the cloud as it was. */
export async function shareCloud(options: CloudOptions): Promise<Cloud> {
  const cloud = await startCloud(options);
  beforeEach(createReset(cloud));
  afterAll(() => cloud.close());
  return cloud;
}

async function open(
  functionName: FunctionName,
  cloud: Cloud,
  { env = {}, timeoutMs = 60_000 }: Pick<SessionOptions, 'env' | 'timeoutMs'>,
): Promise<Session & { readonly begin: () => void; readonly stop: () => Promise<void> }> {
  const output: string[] = [];
  const leftOut: string[] = [];
  const lambda = await startLambda({
    functionName,
    taskRoot,
    timeoutMs,
    env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '1000', ...env },
    onLine: (line) => {
      output.push(line);
      if (line.includes('is not in the package')) leftOut.push(line);
    },
  });
  let before = callsOf(cloud);
  return {
    cloud,
    output,
    lines: () => output.map((line) => JSON.parse(line)),
    calls: () => callsOf(cloud, before),
    invoke: async (event) => {
      const result = await lambda.invoke(event);
      await nextTurn(); // what it printed comes through pipes, beside the answer
      return result;
    },
    begin: () => {
      output.length = 0;
      before = callsOf(cloud);
    },
    stop: async () => {
      await lambda.stop();
      if (leftOut.length > 0) throw new Error(`used, but left out: ${leftOut[0]}`);
    },
  };
}

/** A sample of events/, a fresh copy each time. */
export function sample(name: string) {
  return JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));
}

/** The instance ids of an embedded cloud, in the order of its list. */
export async function cloudIds(cloud: Cloud): Promise<string[]> {
  const answer = await fetch(`${cloud.ddm.endpoint}/v1/${cloud.projectId}/instances?limit=128`, {
    headers: { 'X-Auth-Token': [...cloud.iam.tokens][0] ?? '' },
  });
  const { instances } = JSON.parse(await answer.text());
  return instances.map(({ id }: { id: string }) => id);
}
