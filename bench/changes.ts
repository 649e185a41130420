import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { environmentOf } from '../cli/target.ts';
import { startCloud } from '../emulator/cloud.ts';
import { startEventSource } from '../emulator/event-source.ts';
import { startLambda } from '../emulator/lambda.ts';
import { startSmn } from '../emulator/smn.ts';

const taskRoot = fileURLToPath(new URL('..', import.meta.url));
const traceNames = ['setDBParameters', 'resetPassword', 'createManualSnapshot', 'instanceAction'];

/** One look of the packaged `watch` at so many traces, warm: it knows the data nodes of 100 instances. */
export async function measureWatch(traces: number) {
  const cloud = await startCloud({ instances: 100 });
  const env = environmentOf(cloud);
  const watch = await startLambda({ functionName: 'watch', taskRoot, env, onLine: () => {} });
  const nodes = cloud.ddm.instanceIds.flatMap((instanceId) => cloud.ddm.dataNodes.of(instanceId));
  const trace = { service_type: 'RDS', trace_type: 'SystemAction' } as const;
  cloud.cts.add({ ...trace, trace_name: 'changeInstancePort', resource_id: nodes[0] ?? '' });
  await watch.invoke({});
  for (let index = 0; index < traces; index += 1) {
    cloud.cts.add({
      ...trace,
      trace_name: traceNames[index % traceNames.length] ?? '',
      resource_id: nodes[index % nodes.length] ?? '',
    });
  }
  const startedAt = performance.now();
  const result = await watch.invoke({});
  const durationMs = performance.now() - startedAt;
  await watch.stop();
  await cloud.close();
  const { changes, traces: read } = (result.ok ? result.response : {}) as Record<string, number>;
  return { durationMs, changes: changes ?? Number.NaN, traces: read ?? Number.NaN };
}

const windowSeconds = 2;

/** From a signed notification to the call of DDM, warm: how much more than the window it takes. */
export async function measureNotification(rounds: number) {
  const cloud = await startCloud({ instances: 20, changeWindowSeconds: windowSeconds + 1 });
  const server = await startSmn();
  const env = {
    ...environmentOf(cloud),
    CHANGE_WINDOW_SECONDS: String(windowSeconds),
    SMN_TOPIC_URNS: server.topicUrn,
  };
  const functions = { taskRoot, env, onLine: () => {} };
  const smn = await startLambda({ ...functions, functionName: 'smn' });
  const source = startEventSource({
    queueUrl: cloud.changeQueueUrl,
    worker: functions,
    maximumConcurrency: 1,
    batchSize: 10,
    batchWindowMs: 0,
  });
  const overMs: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const [dataNodeId] = cloud.ddm.dataNodes.of(cloud.ddm.instanceIds[round] ?? '');
    const trace = {
      trace_name: 'changeInstancePort',
      service_type: 'RDS',
      resource_id: dataNodeId,
      trace_rating: 'normal',
    };
    const event = server.toEvent(server.sign({ message: JSON.stringify(trace) }));
    const { accepted } = cloud.ddm.stats();
    const startedAt = performance.now();
    await smn.invoke(event);
    while (cloud.ddm.stats().accepted === accepted) await sleep(2);
    overMs.push(performance.now() - startedAt - (windowSeconds + 1) * 1_000);
  }
  await Promise.all([source.stop(), smn.stop()]);
  await Promise.all([cloud.close(), server.close()]);
  return { overMs: overMs.slice(1), queueDelaySeconds: windowSeconds + 1 };
}
