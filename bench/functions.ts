import { randomUUID } from 'node:crypto';
import type { Cloud } from '../emulator/cloud.ts';
import { type SmnServer, startSmn } from '../emulator/smn.ts';
import { sample, toBatch } from './events.ts';
import { measureFunction } from './measure.ts';

const batchSize = 100; // of serverless.yml
const jobsPerMessage = 128; // lib/jobs/job.ts

type Row = readonly [
  functionName: string,
  work: string,
  instances: number,
  event: (cloud: Cloud, smn: SmnServer) => unknown,
];

/** Each function, with the most that one invocation of it has to do. */
const rows: readonly Row[] = [
  ['scheduled', '500 instances synced, 500 to the queue', 1_000, () => ({})],
  ['scheduled', '500 instances synced, 99,500 to the queue', 100_000, () => ({})],
  ['http', '500 instances synced and answered', 500, () => sample('http', { body: '' })],
  ['http', '100,000 instances left to a worker', 100_000, () => sample('http', { body: '' })],
  ['worker', 'a batch of 100 messages', 1_000, ({ ddm }) => toBatch(toMessages(ddm.instanceIds))],
  ['worker', '100,000 messages sent for POST /sync', 100_000, () => toBatch([fleetMessage()])],
  ['follow', 'a batch of 100 messages, 12,800 jobs', 1, () => toBatch(followMessages())],
  ['changed', 'one event', 1, () => sample('changed')],
  ['smn', 'one signed notification', 1, notify],
  ['watch', '1,000 traces, the data nodes of 1,000 instances', 1_000, addTraces],
  ['rotate-token', 'one rotation', 1, () => ({})],
];

const heapMb = 128; // V8 takes half of a machine as small as a function; this is what 256 MB would be

/** Peak memory and processor time of every packaged function. */
export async function* functions() {
  yield 'memory and processor time of every function, doing the most that one invocation has to do';
  yield `peak RSS with the heap of this machine, and with ${heapMb} MB; CPU cold and warm`;
  const smn = await startSmn();
  for (const row of rows) {
    const natural = await measure(row, smn, []);
    const capped = await measure(row, smn, [`--max-old-space-size=${heapMb}`]);
    const [functionName, work] = row;
    const rss = `${natural.peakRssMb.toFixed(0)} MB  ${capped.peakRssMb.toFixed(0)} MB`;
    const cpu = `${natural.coldCpuMs.toFixed(0)} ms  ${natural.warmCpuMs.toFixed(0)} ms`;
    const failed = natural.ok && capped.ok ? '' : '  FAILED';
    yield `${functionName.padEnd(13)} ${rss.padEnd(15)} ${cpu.padEnd(17)} ${work}${failed}`;
  }
  await smn.close();
}

async function measure(
  [functionName, , instances, event]: Row,
  smn: SmnServer,
  nodeArguments: readonly string[],
) {
  const { runs } = await measureFunction(functionName, {
    cloud: { instances, latencyMs: 20 },
    env: { SYNC_RATE_PER_SECOND: '1000', SMN_TOPIC_URNS: smn.topicUrn },
    event: (cloud) => event(cloud, smn),
    invocations: 3,
    nodeArguments,
  });
  const [coldCpuMs = 0, ...warm] = runs.map(({ cpuMs }) => cpuMs);
  const ok = runs.every(
    ({ report: { batchItemFailures = [], statusCode = 200 } }) =>
      statusCode < 300 && batchItemFailures.length === 0,
  );
  return { ok, coldCpuMs, warmCpuMs: Math.min(...warm), peakRssMb: runs.at(-1)?.peakRssMb ?? 0 };
}

function toMessages(instanceIds: readonly string[]): string[] {
  return instanceIds
    .slice(0, batchSize)
    .map((instanceId) => JSON.stringify({ instanceId, trigger: 'schedule', runId: 'run-1' }));
}

function fleetMessage(): string {
  return JSON.stringify({ fleet: true, trigger: 'http', runId: randomUUID() });
}

/** Jobs that the service does not list: each is looked for, and put back into the queue. */
function followMessages(): string[] {
  return Array.from({ length: batchSize }, () => {
    const jobs = Array.from({ length: jobsPerMessage }, () => [
      `${randomUUID().replaceAll('-', '')}in09`,
      randomUUID(),
      Date.now() - 10_000,
    ]);
    return JSON.stringify({ round: 1, runs: [{ trigger: 'schedule', runId: 'run-1', jobs }] });
  });
}

const portChange = {
  service_type: 'RDS',
  trace_name: 'changeInstancePort',
  trace_type: 'SystemAction',
  resource_id: 'c6f68fed9e74478c8679479a07d7d568in01', // of no instance
} as const;

function notify(_: Cloud, smn: SmnServer): unknown {
  return smn.toEvent(smn.sign({ message: JSON.stringify(portChange) }));
}

/** 1,000 traces, and one more in each later invocation. The change is one of an unknown data node. */
function addTraces({ cts }: Cloud): object {
  const other = { ...portChange, trace_name: 'setDBParameters', request: 'x'.repeat(1_500) };
  if (cts.shown() === 0) for (let index = 1; index < 1_000; index += 1) cts.add(other);
  cts.add(portChange);
  return {};
}
