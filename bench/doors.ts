import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Cloud, startCloud } from '../emulator/cloud.ts';
import { readBody, sendJson, startCloudServer } from '../emulator/server.ts';
import { startSmn } from '../emulator/smn.ts';

/** One functionName with the most that one invocation of it has to do. */
export interface Door {
  readonly functionName: string;
  readonly work: string;
  /** The event of each invocation. */
  readonly event: () => unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly cloud: Cloud;
  close(): Promise<void>;
}

const large = 100_000;
const medium = 1_000;
const inlineMax = 500; // SYNC_INLINE_MAX
const batchSize = 100; // of serverless.yml

/** The doors one after the other, each with an embedded cloud of its own. */
export const doors: readonly (() => Promise<Door>)[] = [
  async () => ({
    ...(await withCloud(medium)),
    functionName: 'scheduled',
    work: '500 instances synced, 500 to the queue',
    event: () => ({}),
  }),
  async () => ({
    ...(await withCloud(large)),
    functionName: 'scheduled',
    work: '500 instances synced, 99,500 to the queue',
    event: () => ({}),
  }),
  async () => ({
    ...(await withCloud(inlineMax)),
    functionName: 'http',
    work: '500 instances synced and answered',
    event: () => sample('http', { body: '' }),
  }),
  async () => ({
    ...(await withCloud(large)),
    functionName: 'http',
    work: '100,000 instances left to a worker',
    event: () => sample('http', { body: '' }),
  }),
  async () => {
    const { cloud, close } = await withCloud(medium);
    const ids = (cloud.ssm.value(`${cloud.parameterPrefix}/instances/1`) ?? '').split(',');
    const bodies = Array.from({ length: batchSize }, (_, index) =>
      JSON.stringify({ instanceId: ids[index % ids.length], trigger: 'schedule', runId: 'run-1' }),
    );
    const event = () => toBatch(bodies);
    return { cloud, close, functionName: 'worker', work: 'a batch of 100 messages', event };
  },
  async () => ({
    ...(await withCloud(large)),
    functionName: 'worker',
    work: '100,000 messages sent for POST /sync',
    event: () => toBatch([JSON.stringify({ fleet: true, trigger: 'http', runId: randomUUID() })]),
  }),
  async () => ({
    ...(await withCloud(1)),
    functionName: 'follow',
    work: 'a batch of 100 messages, 12,800 jobs',
    event: () => toBatch(Array.from({ length: batchSize }, toFollowMessage)),
  }),
  async () => ({
    ...(await withCloud(1)),
    functionName: 'changed',
    work: 'one event',
    event: () => sample('changed'),
  }),
  async () => {
    const { cloud, close } = await withCloud(1);
    const smn = await startSmn();
    const trace = {
      service_type: 'RDS',
      trace_name: 'changeInstancePort',
      resource_id: dataNodeId,
    };
    return {
      cloud,
      functionName: 'smn',
      work: 'one signed notification',
      env: { SMN_TOPIC_URNS: smn.topicUrn },
      event: () => smn.toEvent(smn.sign({ message: JSON.stringify(trace) })),
      close: async () => void (await Promise.all([close(), smn.close()])),
    };
  },
  async () => {
    const { cloud, close } = await withCloud(medium);
    const cts = await startTraces();
    return {
      cloud,
      functionName: 'watch',
      work: '1,000 traces, the data nodes of 1,000 instances',
      env: { CTS_ENDPOINT: cts.endpoint },
      event: () => ({}),
      close: async () => void (await Promise.all([close(), cts.close()])),
    };
  },
  async () => ({
    ...(await withCloud(1)),
    functionName: 'rotate-token',
    work: 'one rotation',
    event: () => ({}),
  }),
];

const dataNodeId = 'c6f68fed9e74478c8679479a07d7d568in01';

async function withCloud(instances: number) {
  const cloud = await startCloud({ instances, latencyMs: 20 });
  return { cloud, close: cloud.close };
}

function sample(name: string, rest: object = {}): unknown {
  return {
    ...JSON.parse(readFileSync(new URL(`../events/${name}.json`, import.meta.url), 'utf8')),
    ...rest,
  };
}

const jobsPerMessage = 128; // lib/followed-job.ts

/** Jobs that nobody knows: each is looked for, and put back into the queue. */
function toFollowMessage(): string {
  const jobs = Array.from({ length: jobsPerMessage }, () => {
    const instanceId = `${randomUUID().replaceAll('-', '')}in09`;
    return [instanceId, randomUUID(), Date.now() - 10_000];
  });
  return JSON.stringify({ round: 1, runs: [{ trigger: 'schedule', runId: 'run-1', jobs }] });
}

function toBatch(bodies: readonly string[]): unknown {
  return {
    Records: bodies.map((body) => ({
      messageId: randomUUID(),
      receiptHandle: randomUUID(),
      body,
      attributes: { ApproximateReceiveCount: '1' },
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:ddm-sync-local-sync',
    })),
  };
}

const pageSize = 200; // of the audit service
const pages = 5;

/** An audit service with 1,000 traces in the last minutes; the one that counts is of an unknown data node. */
function startTraces() {
  return startCloudServer(async (request, response) => {
    await readBody(request);
    const page = Number(new URL(request.url ?? '', 'http://cts').searchParams.get('next') ?? 0);
    const traces = Array.from({ length: pageSize }, (_, index) => ({
      trace_id: randomUUID(),
      trace_name: index === 0 && page === 0 ? 'changeInstancePort' : 'setDBParameters',
      resource_id: dataNodeId,
      trace_type: 'SystemAction',
      trace_rating: 'normal',
      request: 'x'.repeat(1_500),
      time: Date.now() - 1_000,
    }));
    const marker = page + 1 < pages ? String(page + 1) : null;
    sendJson(response, 200, { traces, meta_data: { count: traces.length, marker } });
  });
}
