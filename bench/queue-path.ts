import { syncQueue } from '../emulator/cloud.ts';
import { percent, seconds } from './numbers.ts';
import { startPackaged } from './packaged.ts';

const instances = 10_000;
const perSecond = 100;
const workers = 4;

/** The way of a fleet through the queue and the workers, when they share what the service takes. */
export async function* queuePath() {
  yield '10,000 instances through the queue and 4 workers, a service that takes 100 calls a second';
  await using packaged = await startPackaged({
    instances,
    latencyMs: 50,
    throttlePerSecond: perSecond,
    env: {
      SYNC_FOLLOW: 'off',
      SYNC_INLINE_MAX: '0',
      SYNC_RATE_PER_SECOND: String(perSecond / workers),
    },
  });
  const { cloud } = packaged;
  await packaged.invoke('scheduled');
  const startedAt = performance.now();
  packaged.work(cloud.queueUrl, { maximumConcurrency: workers, batchWindowMs: 5_000 });
  await packaged.emptied(syncQueue);
  const durationMs = performance.now() - startedAt;
  const { accepted, calls, throttled } = cloud.ddm.stats();
  const ratio = durationMs / ((instances / perSecond) * 1_000);
  yield `${accepted} accepted in ${seconds(durationMs)}, ${ratio.toFixed(3)} of ideal (aim 1.10); ${percent(throttled / calls)} of the calls above the limit (aim 3 %)`;
}
