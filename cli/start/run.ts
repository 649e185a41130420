import { setTimeout as sleep } from 'node:timers/promises';
import { type Cloud, deadLetterQueue, syncQueue } from '../../emulator/cloud.ts';
import { startEventSource } from '../../emulator/event-source.ts';
import { type LambdaOptions, startLambda } from '../../emulator/lambda.ts';
import type { StartOptions } from './options.ts';
import type { Project } from './project.ts';
import { createScreen, type Output, type Screen } from './screen.ts';

const workerTimeoutMs = 60_000; // as in serverless.yml
const batchSize = 100;
const batchWindowMs = 1_000;

type QueueFaults = Pick<StartOptions, 'kill' | 'redeliver' | 'workers'>;

/** How a run ended. */
export interface FleetRun {
  /** The invocation did not fail. */
  readonly ok: boolean;
  /** Instances. */
  readonly failed: number;
}

/** @param faults what goes wrong with the queue of the embedded cloud */
export async function runFleet(
  options: Pick<StartOptions, 'dryRun' | 'json'>,
  project: Project,
  taskRoot: string,
  out: Output,
  faults: QueueFaults = { kill: 0, redeliver: 0, workers: 1 },
): Promise<FleetRun> {
  const { cloud, env } = project;
  const screen = createScreen(options, project, out);
  const lambda = { taskRoot, env, onLine: screen.line };
  const scheduled = await startLambda({ ...lambda, functionName: 'scheduled' });
  const result = await scheduled.invoke(options.dryRun ? { dryRun: true } : {});
  await scheduled.stop();
  if (cloud && cloud.sqs.messages(syncQueue).length > 0) {
    await drain(faults, cloud, lambda, screen);
  }
  return { ok: result.ok, failed: screen.finish(result) };
}

/** Runs workers until the queue is empty. */
async function drain(
  { kill, redeliver, workers }: QueueFaults,
  cloud: Cloud,
  lambda: Omit<LambdaOptions, 'functionName'>,
  screen: Screen,
): Promise<void> {
  const left = (): number => cloud.sqs.messages(syncQueue).length;
  screen.phase(`${left()} messages in the queue, ${workers} workers`);
  const source = startEventSource({
    queueUrl: cloud.queueUrl,
    worker: { ...lambda, timeoutMs: workerTimeoutMs },
    maximumConcurrency: workers,
    batchSize,
    batchWindowMs,
    kill: everyShare(kill),
    redeliver: everyShare(redeliver),
  });
  while (left() > 0) await sleep(50);
  await source.stop();
  const deadLetters = cloud.sqs
    .messages(deadLetterQueue)
    .map(({ body }) => String(JSON.parse(body).instanceId));
  screen.drained({ ...source.stats, deadLetters });
}

/** Answers true to the given share of the calls, spread evenly. */
function everyShare(share: number): () => boolean {
  let calls = 0;
  return () => {
    calls += 1;
    return Math.floor(calls * share) > Math.floor((calls - 1) * share);
  };
}
