import { inline, measureFunction, measurePeer, warmMedian } from './measure.ts';

const instances = 5_000;

/** Processor time for one instance. */
export async function* cpu() {
  yield 'CPU per instance, 5,000 instances, one log line each';
  const measurement = {
    cloud: { instances },
    env: { ...inline, SYNC_CONCURRENCY: '20', SYNC_RATE_PER_SECOND: '10000' },
    invocations: 6,
    pauseMs: 1_100,
  };
  const oursMs = warmMedian(await measureFunction('scheduled', measurement), 'cpuMs');
  const peerMs = warmMedian(await measurePeer('withAxios', measurement), 'cpuMs');
  const perInstance = (ms: number) => `${((ms / instances) * 1_000).toFixed(0)} us`;
  yield `ddm-sync                 ${perInstance(oursMs)}  ${(oursMs / peerMs).toFixed(2)} of a bare axios POST  (aim 1.3)`;
  yield `p-limit + axios          ${perInstance(peerMs)}`;
}
