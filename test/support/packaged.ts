import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { environmentOf } from '../../cli/target.ts';
import { type Cloud, type CloudOptions, startCloud } from '../../emulator/cloud.ts';
import { startLambda } from '../../emulator/lambda.ts';
import type { InvocationResult } from '../../emulator/runtime-api.ts';

const taskRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Session {
  readonly cloud: Cloud;
  /** All that the function printed so far, stdout and stderr. */
  readonly output: readonly string[];
  readonly lines: () => readonly Record<string, unknown>[];
  invoke(event: unknown): Promise<InvocationResult>;
}

export interface SessionOptions extends CloudOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** An embedded cloud that is there already. */
  readonly cloud?: Cloud;
}

/** A packaged handler in a process of its own, spoken to through the Lambda Runtime API. */
export async function startPackaged(
  functionName:
    | 'scheduled'
    | 'http'
    | 'worker'
    | 'follow'
    | 'changed'
    | 'watch'
    | 'rotate-token'
    | 'smn',
  { cloud: given, env = {}, timeoutMs = 60_000, ...options }: SessionOptions,
): Promise<Session> {
  const cloud = given ?? (await startCloud(options));
  const output: string[] = [];
  const lambda = await startLambda({
    functionName,
    taskRoot,
    timeoutMs,
    env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '1000', ...env },
    onLine: (line) => output.push(line),
  });
  onTestFinished(async () => {
    await lambda.stop();
    if (!given) await cloud.close();
  });
  return {
    cloud,
    output,
    lines: () => output.map((line) => JSON.parse(line)),
    invoke: (event) => lambda.invoke(event),
  };
}

/** A sample of events/, parsed anew each time. */
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
