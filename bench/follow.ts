import {
  deadLetterQueue,
  followDeadLetterQueue,
  followQueue,
  syncQueue,
} from '../emulator/cloud.ts';
import { startPackaged } from './packaged.ts';

/** What following costs, and what it loses when processes are killed and the job list fails. */
export async function* follow() {
  yield 'the end of every accepted sync';
  const { calls, rounds } = await measureRounds();
  yield `1,000 jobs               ${(calls / rounds).toFixed(1)} calls of the job list a round (aim 10), ${rounds} rounds`;
  const { accepted, killed, listFaults, missing } = await measureLosses();
  yield `${accepted} accepted, ${killed} processes killed, ${listFaults} faults of the list: ${missing} without an end line (aim 0)`;
}

const env = { SYNC_RATE_PER_SECOND: '1000' };
const functionName = 'follow';

async function measureRounds() {
  await using packaged = await startPackaged({
    instances: 1_000,
    jobMs: 5_000,
    queueSpeed: 10,
    env: { ...env, SYNC_INLINE_MAX: '1000' },
  });
  const { ddm, followQueueUrl } = packaged.cloud;
  await packaged.invoke('scheduled');
  packaged.work(followQueueUrl, { functionName, batchWindowMs: 2_000 }); // 20 s, at that speed
  let rounds = 0;
  await packaged.emptied(followQueue, (body) => {
    rounds = Math.max(rounds, JSON.parse(body).round);
  });
  return { rounds, calls: ddm.tasks.lists };
}

async function measureLosses() {
  const accepted = new Set<string>();
  const ended = new Set<string>();
  await using packaged = await startPackaged({
    instances: 10_000,
    jobMs: 1_000,
    jobFailShare: 0.02,
    queueSpeed: 60,
    env: { ...env, SYNC_INLINE_MAX: '500' },
    onLine: (text) => {
      // A killed process leaves half a line.
      if (!text.includes('"instance sync ') || !text.endsWith('}')) return;
      const { end, instanceId, runId, status } = JSON.parse(text);
      if (status === 'accepted') accepted.add(`${runId} ${instanceId}`);
      if (end !== undefined) ended.add(`${runId} ${instanceId}`);
    },
  });
  const { ddm, followQueueUrl, queueUrl, sqs } = packaged.cloud;
  let listFaults = 0;
  const isFifth = every(5);
  ddm.jobsFault = () => {
    if (!isFifth()) return undefined;
    listFaults += 1;
    return { status: 503, body: '' };
  };
  await packaged.invoke('scheduled');
  const workers = packaged.work(queueUrl, { maximumConcurrency: 2, kill: every(12) });
  const follow = packaged.work(followQueueUrl, { functionName, kill: every(6) });
  await packaged.emptied(syncQueue);
  await workers.stop();
  await packaged.emptied(followQueue);
  await follow.stop();
  const dead = [deadLetterQueue, followDeadLetterQueue].flatMap((name) => sqs.messages(name));
  if (dead.length > 0) throw new Error(`${dead.length} messages are dead letters`);
  return {
    accepted: accepted.size,
    missing: [...accepted].filter((pair) => !ended.has(pair)).length,
    killed: workers.stats.killed + follow.stats.killed,
    listFaults,
  };
}

function every(times: number): () => boolean {
  let asked = 0;
  return () => {
    asked += 1;
    return asked % times === 0;
  };
}
