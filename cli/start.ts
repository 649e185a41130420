import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cloud, deadLetterQueue, syncQueue } from '../emulator/cloud.ts';
import { type EventSource, startEventSource } from '../emulator/event-source.ts';
import { type LambdaOptions, startLambda } from '../emulator/lambda.ts';
import { build } from '../scripts/build.ts';
import { showChanges } from './start/changes.ts';
import { help, OptionError, parseOptions, type StartOptions } from './start/options.ts';
import { createScreen, type Screen } from './start/screen.ts';
import { chooseTarget, type Target } from './target.ts';

const taskRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const { stderr, stdout } = process;

async function main(): Promise<number> {
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
}

async function run(options: StartOptions, target: Target): Promise<number> {
  const { cloud, env } = target;
  if (options.changeNodes !== undefined) {
    if (!cloud) throw new OptionError('--change-nodes is for the embedded cloud');
    return showChanges(options.changeNodes, cloud, { taskRoot, env }, options.json);
  }
  const screen = createScreen(options, target);
  const lambda = { taskRoot, env, onLine: screen.line };
  const scheduled = await startLambda({ ...lambda, functionName: 'scheduled' });
  const result = await scheduled.invoke(options.dryRun ? { dryRun: true } : {});
  await scheduled.stop();
  if (cloud && cloud.sqs.messages(syncQueue).length > 0) {
    await drain(options, cloud, lambda, screen);
  }
  screen.finish(result);
  return result.ok ? 0 : 1;
}

const workerTimeoutMs = 60_000; // as in serverless.yml
const batchSize = 100;
const batchWindowMs = 1_000;

/** Runs workers until the queue is empty. */
async function drain(
  { killShare, redeliverShare, workers }: StartOptions,
  cloud: Cloud,
  lambda: Omit<LambdaOptions, 'functionName'>,
  screen: Screen,
): Promise<void> {
  const messages = cloud.sqs.messages(syncQueue).length;
  screen.phase(`${messages} messages in the queue, ${workers} workers`);
  const source: EventSource = startEventSource({
    queueUrl: cloud.queueUrl,
    worker: { ...lambda, timeoutMs: workerTimeoutMs },
    maximumConcurrency: workers,
    batchSize,
    batchWindowMs,
    kill: everyShare(killShare),
    redeliver: everyShare(redeliverShare),
  });
  while (cloud.sqs.messages(syncQueue).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await source.stop();
  const deadLetters = cloud.sqs
    .messages(deadLetterQueue)
    .map(({ body }) => String(JSON.parse(body).instanceId));
  screen.drained({ ...source.stats, deadLetters });
}

/** True for the given share of the questions, spread evenly. */
function everyShare(share: number): () => boolean {
  let asked = 0;
  return () => {
    asked += 1;
    return Math.floor(asked * share) > Math.floor((asked - 1) * share);
  };
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof OptionError)) throw error;
  stderr.write(`${error.message}\n`);
  return 2;
});
