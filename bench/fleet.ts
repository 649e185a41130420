import { inline, measureFunction, measurePeer, warmMedian } from './measure.ts';
import { seconds } from './numbers.ts';

const latencyMs = 50;
const concurrency = 50;
const instances = 1_000;
const idealMs = (instances / concurrency) * latencyMs;

/** The time of a run over a fleet, next to the ideal and to a loop written by hand. */
export async function* fleet() {
  yield '1,000 instances, 50 ms latency, concurrency 50; ideal = instances / concurrency x latency';
  const measurement = {
    cloud: { instances, latencyMs },
    env: { ...inline, SYNC_CONCURRENCY: String(concurrency), SYNC_RATE_PER_SECOND: '10000' },
    invocations: 6,
    pauseMs: 1_100,
  };
  const oursMs = warmMedian(await measureFunction('scheduled', measurement), 'durationMs');
  const peerMs = warmMedian(await measurePeer('withAxios', measurement), 'durationMs');
  const share = (ms: number, ideal = idealMs) => `${(ms / ideal).toFixed(3)} of ideal`;
  yield `ideal                    ${seconds(idealMs)}`;
  yield `ddm-sync                 ${seconds(oursMs)}  ${share(oursMs)}  (aim 1.05)`;
  yield `ddm-sync, gentle start   ${share(oursMs, idealMs + latencyMs)} plus the one latency that the first four calls take`;
  yield `p-limit + axios          ${seconds(peerMs)}  ${share(peerMs)}, all 50 at once`;
}
