import { inline, measureFunction, measurePeer } from './measure.ts';
import { percent } from './numbers.ts';

const perSecond = 100;

/** How much of a service's limit a run uses, and what it wastes on 429 answers. */
export async function* throttling() {
  yield '3,000 instances, a service that takes 100 calls a second and answers 429 above';
  const measurement = {
    cloud: { instances: 3_000, latencyMs: 50, throttlePerSecond: perSecond },
    env: { ...inline, SYNC_CONCURRENCY: '50', SYNC_RATE_PER_SECOND: '500' },
  };
  for (const [name, { runs, stats }] of [
    ['ddm-sync', await measureFunction('scheduled', measurement)],
    ['p-limit + axios-retry', await measurePeer('withAxiosRetry', measurement)],
  ] as const) {
    for (const { durationMs, report } of runs) {
      const ratio = report.accepted / (durationMs / 1_000) / perSecond;
      const wasted = percent((stats.calls - stats.accepted) / stats.calls);
      yield `${name.padEnd(24)} ${ratio.toFixed(3)} of the limit, ${wasted} of its calls wasted, ${report.failed} instances failed`;
    }
  }
  yield '(aim: 0.95, 3 %, 0)';
}
