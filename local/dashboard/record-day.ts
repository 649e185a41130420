import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type Cloud,
  changeDeadLetterQueue,
  changeQueue,
  deadLetterQueue,
  startCloud,
  syncQueue,
} from '../cloud/cloud.ts';
import { startEventSource } from '../event-source.ts';
import { type Lambda, startLambda } from '../lambda.ts';
import { environmentOf } from '../target.ts';
import { createFaults } from './day-faults.ts';
import { startFaultyGateway } from './faulty-gateway.ts';
import { createMetricStore, keyOf, type MetricStore } from './metric-store.ts';
import { createShownClock, paceMs, periodMs, runs, type ShownClock } from './shown-clock.ts';

/** A line of the log, with the time at which it is shown. */
export interface ShownLine {
  readonly at: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Day {
  readonly store: MetricStore;
  readonly lines: readonly ShownLine[];
}

const taskRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const runsPerRotation = 24;
const runsPerEnvironment = 4; // a new one reads the token anew
const runOfStoreFault = 32;
const service = 'ddm-sync-dev';
const queueResources = {
  SyncQueue: syncQueue,
  ChangeQueue: changeQueue,
  SyncDeadLetterQueue: deadLetterQueue,
  ChangeDeadLetterQueue: changeDeadLetterQueue,
};

/** Makes the runs of a day, one after the other, with faults, and keeps what the handlers print. */
export const recordDay = async (now: number): Promise<Day> => {
  const store = createMetricStore();
  const lines: ShownLine[] = [];
  const clock = createShownClock(now);
  const cloud = await startCloud({ instances: 200, queueSpeed: periodMs / paceMs });
  const gateway = await startFaultyGateway(cloud.ddm.endpoint, createFaults(cloud, clock));
  const lambda = {
    taskRoot,
    env: {
      ...environmentOf(cloud),
      DDM_ENDPOINT: gateway.endpoint,
      POWERTOOLS_SERVICE_NAME: service,
      SYNC_RATE_PER_SECOND: '100',
      SYNC_INLINE_MAX: '150',
      ROTATION_PROOF: 'off',
      FOLLOW_QUEUE_URL: '', // jobs end in their own time, which does not pass faster here
    },
    onLine: (line: string) => keepLine(store, lines, clock.now(), line),
  };
  const rotateToken = await startLambda({ ...lambda, door: 'rotate-token' });
  let scheduled: Lambda | undefined;
  const workers = startEventSource({
    queueUrl: cloud.queueUrl,
    worker: lambda,
    maximumConcurrency: 1,
    batchSize: 50,
    batchWindowMs: 20,
  });
  for (let run = 0; run < runs; run += 1) {
    clock.begin(run);
    if (run % runsPerRotation === 0) await invoke(store, clock, 'rotate-token', rotateToken);
    else ageToken(cloud);
    if (run % runsPerEnvironment === 0) {
      await scheduled?.stop();
      scheduled = undefined;
    }
    scheduled ??= await startLambda({ ...lambda, door: 'scheduled' });
    cloud.ssm.fault = () =>
      run === runOfStoreFault ? { status: 400, type: 'AccessDenied' } : undefined;
    await invoke(store, clock, 'scheduled', scheduled);
    await sleep(Math.max(0, paceMs - clock.elapsedMs()));
    for (const [resource, queue] of Object.entries(queueResources)) {
      const key = keyOf('AWS/SQS', 'ApproximateNumberOfMessagesVisible', [
        `\${${resource}.QueueName}`,
      ]);
      store.add(key, clock.now(), cloud.sqs.messages(queue).length);
    }
  }
  await workers.stop();
  await Promise.all([scheduled?.stop(), rotateToken.stop()]);
  await Promise.all([gateway.close(), cloud.close()]);
  return { store, lines };
};

const keepLine = (store: MetricStore, lines: ShownLine[], at: number, line: string): void => {
  if (!line.startsWith('{')) return;
  const fields: Readonly<Record<string, unknown>> = JSON.parse(line);
  if (!('_aws' in fields)) {
    lines.push({ at, fields });
    return;
  }
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'number') continue;
    const { errCode } = fields;
    const dimensions = errCode === undefined ? [service] : [service, errCode];
    store.add(keyOf('ddm-sync', name, dimensions), at, value);
  }
};

const invoke = async (
  store: MetricStore,
  clock: ShownClock,
  door: string,
  lambda: Lambda,
): Promise<void> => {
  const at = clock.now();
  const from = performance.now();
  const { ok } = await lambda.invoke({});
  const add = (name: string, value: number): void =>
    store.add(keyOf('AWS/Lambda', name, [`${service}-${door}`]), at, value);
  add('Invocations', 1);
  add('Errors', ok ? 0 : 1);
  add('Duration', performance.now() - from);
};

/** The token's end comes nearer by the period that the run stands for. */
const ageToken = ({ parameterPrefix, ssm }: Cloud): void => {
  const name = `${parameterPrefix}/token-set`;
  const stored = ssm.parameters.get(name);
  if (!stored) return;
  const set = JSON.parse(stored.value);
  const expiresAt = new Date(Date.parse(set.expiresAt) - periodMs).toISOString();
  ssm.put({ ...stored, value: JSON.stringify({ ...set, expiresAt }) });
};
