import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { environmentOf } from '../cli/target.ts';
import {
  type Cloud,
  type CloudOptions,
  deadLetterQueue,
  followDeadLetterQueue,
  followQueue,
  startCloud,
  syncQueue,
} from '../emulator/cloud.ts';
import { type EventSourceOptions, startEventSource } from '../emulator/event-source.ts';
import { startLambda } from '../emulator/lambda.ts';

interface FollowMeasured {
  /** Calls of the job list for each look at all the jobs. */
  readonly listCallsPerRound: number;
  readonly rounds: number;
  /** Accepted (run, instance) pairs, and how many of them have no end line. */
  readonly accepted: number;
  readonly missing: number;
  readonly killed: number;
  readonly listFaults: number;
}

const taskRoot = fileURLToPath(new URL('..', import.meta.url));

/** What following costs, and what it loses when processes are killed and the job list fails. */
async function measureFollow(): Promise<FollowMeasured> {
  return {
    ...(await measureRounds(1_000)),
    ...(await measureLosses(10_000)),
  };
}

const batchWindowMs = 2_000; // the 20 seconds of the event source, at that speed

async function measureRounds(instances: number) {
  const bench = await start({ instances, jobMs: 5_000, queueSpeed: 10 }, String(instances));
  await bench.run();
  const follow = bench.work('follow', { maximumConcurrency: 1, batchWindowMs });
  let rounds = 0;
  await bench.emptied(followQueue, (body) => {
    rounds = Math.max(rounds, Number(JSON.parse(body).round));
  });
  await follow.stop();
  const { lists } = bench.cloud.ddm.tasks;
  await bench.cloud.close();
  return { rounds, listCallsPerRound: lists / rounds };
}

async function measureLosses(instances: number) {
  const bench = await start({ instances, jobMs: 1_000, jobFailShare: 0.02, queueSpeed: 60 }, '500');
  const { cloud } = bench;
  let asked = 0;
  let listFaults = 0;
  cloud.ddm.jobsFault = () => {
    asked += 1;
    if (asked % 5 !== 0) return undefined;
    listFaults += 1;
    return { status: 503, body: '' };
  };
  await bench.run();
  const workers = bench.work('worker', { maximumConcurrency: 2, kill: every(12) });
  const follow = bench.work('follow', { maximumConcurrency: 1, kill: every(6) });
  await bench.emptied(syncQueue);
  await workers.stop();
  await bench.emptied(followQueue);
  await follow.stop();
  const dead = [deadLetterQueue, followDeadLetterQueue].flatMap((name) => cloud.sqs.messages(name));
  if (dead.length > 0) throw new Error(`${dead.length} messages are dead letters`);
  const killed = workers.stats.killed + follow.stats.killed;
  await cloud.close();
  return { ...bench.count(), killed, listFaults };
}

async function start(options: CloudOptions, inlineMax: string) {
  const cloud: Cloud = await startCloud(options);
  const accepted = new Set<string>();
  const ended = new Set<string>();
  const onLine = (text: string): void => {
    // A killed process leaves half a line.
    if (!text.includes('"instance sync ') || !text.endsWith('}')) return;
    const { end, instanceId, runId, status } = JSON.parse(text);
    if (status === 'accepted') accepted.add(`${runId} ${instanceId}`);
    if (end !== undefined) ended.add(`${runId} ${instanceId}`);
  };
  const env = {
    ...environmentOf(cloud),
    SYNC_RATE_PER_SECOND: '1000',
    SYNC_INLINE_MAX: inlineMax,
  };
  return {
    cloud,
    run: async () => {
      const scheduled = await startLambda({ functionName: 'scheduled', taskRoot, env, onLine });
      await scheduled.invoke({});
      await scheduled.stop();
    },
    work: (functionName: 'worker' | 'follow', rest: Partial<EventSourceOptions>) =>
      startEventSource({
        queueUrl: functionName === 'follow' ? cloud.followQueueUrl : cloud.queueUrl,
        functionName,
        worker: { taskRoot, env, onLine, timeoutMs: 60_000 },
        maximumConcurrency: 1,
        batchSize: 100,
        batchWindowMs: 100,
        ...rest,
      }),
    emptied: async (name: string, onBody: (body: string) => void = () => {}) => {
      for (let messages = cloud.sqs.messages(name); messages.length > 0; await sleep(20)) {
        for (const { body } of messages) onBody(body);
        messages = cloud.sqs.messages(name);
      }
    },
    count: () => ({
      accepted: accepted.size,
      missing: [...accepted].filter((pair) => !ended.has(pair)).length,
    }),
  };
}

function every(times: number): () => boolean {
  let asked = 0;
  return () => {
    asked += 1;
    return asked % times === 0;
  };
}

export async function benchFollow(): Promise<void> {
  const { accepted, killed, listCallsPerRound, listFaults, missing, rounds } =
    await measureFollow();
  process.stdout.write(
    [
      '(l) the end of every accepted sync',
      `    1,000 jobs               ${listCallsPerRound.toFixed(1)} calls of the job list a round (aim 10), ${rounds} rounds`,
      `    ${accepted} accepted, ${killed} processes killed, ${listFaults} faults of the list: ${missing} without an end line (aim 0)`,
      '',
    ].join('\n'),
  );
}
