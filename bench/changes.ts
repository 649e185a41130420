import { setTimeout as sleep } from 'node:timers/promises';
import type { NewTrace } from '../emulator/cts.ts';
import { startSmn } from '../emulator/smn.ts';
import { median, seconds } from './numbers.ts';
import { startPackaged } from './packaged.ts';
import { measureVerification } from './smn-verification.ts';

/** What it takes to verify a message, to look at the traces, and from a message to the call of DDM. */
export async function* changes() {
  yield 'change detection';
  const [oursMs, bareMs] = await measureVerification();
  yield `verifying one SMN message, warm   ${oursMs.toFixed(3)} ms  (aim 1 ms), ${(oursMs / bareMs).toFixed(2)} of a bare node:crypto verify`;
  const watched = await measureWatch(10_000);
  yield `watch over ${watched.traces} traces          ${seconds(watched.durationMs)}  (aim 2 s), ${watched.changes} of them changes`;
  const overMs = await measureNotification(5);
  yield `SMN message to DDM call           the queue's delay of ${queueDelaySeconds} s, and ${median(overMs).toFixed(0)} ms (aim 1 s)`;
}

const portChange = { trace_name: 'changeInstancePort', service_type: 'RDS' } as const;
const names = ['setDBParameters', 'resetPassword', 'createManualSnapshot', 'instanceAction'];

/** One look of the packaged `watch`, warm: it knows the data nodes of 100 instances. */
async function measureWatch(traces: number) {
  await using packaged = await startPackaged({ instances: 100 });
  const { cts, ddm } = packaged.cloud;
  const nodes = ddm.instanceIds.flatMap((instanceId) => ddm.dataNodes.of(instanceId));
  const add = (index: number, trace: Pick<NewTrace, 'trace_name' | 'service_type'>) =>
    cts.add({
      ...trace,
      trace_type: 'SystemAction',
      resource_id: nodes[index % nodes.length] ?? '',
    });
  const watch = await packaged.start('watch');
  add(0, portChange);
  await watch.invoke({});
  for (let index = 0; index < traces; index += 1) {
    add(index, { ...portChange, trace_name: names[index % names.length] ?? '' });
  }
  const startedAt = performance.now();
  const result = await watch.invoke({});
  const durationMs = performance.now() - startedAt;
  if (!result.ok) throw new Error(`watch failed: ${result.error.errorMessage}`);
  return { durationMs, ...(result.response as { changes: number; traces: number }) };
}

const queueDelaySeconds = 3;

/** From a signed notification to the call of DDM, warm: how much more than the queue's delay it takes. */
async function measureNotification(rounds: number): Promise<readonly number[]> {
  const server = await startSmn();
  await using packaged = await startPackaged({
    instances: 20,
    changeDelaySeconds: queueDelaySeconds,
    env: {
      CHANGE_WINDOW_SECONDS: String(queueDelaySeconds - 1),
      SMN_TOPIC_URNS: server.topicUrn,
    },
  });
  const { changeQueueUrl, ddm } = packaged.cloud;
  const smn = await packaged.start('smn');
  packaged.work(changeQueueUrl, { batchSize: 10, batchWindowMs: 0 });
  const overMs: number[] = [];
  for (const instanceId of ddm.instanceIds.slice(0, rounds + 1)) {
    const [resource_id] = ddm.dataNodes.of(instanceId);
    const message = JSON.stringify({ ...portChange, resource_id, trace_rating: 'normal' });
    const { accepted } = ddm.stats();
    const startedAt = performance.now();
    await smn.invoke(server.toEvent(server.sign({ message })));
    while (ddm.stats().accepted === accepted) await sleep(2);
    overMs.push(performance.now() - startedAt - queueDelaySeconds * 1_000);
  }
  await server.close();
  return overMs.slice(1);
}
