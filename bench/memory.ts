import { inline, measureFunction } from './measure.ts';
import { seconds } from './numbers.ts';

const aimMb = 150;

/** Peak memory of one run over a large fleet, with the heap of this machine and with a small one. */
export async function* memory() {
  yield `memory of one run over 100,000 instances (aim ${aimMb} MB)`;
  const cloud = { instances: 100_000 };
  const env = { ...inline, SYNC_CONCURRENCY: '100', SYNC_RATE_PER_SECOND: '10000' };
  for (const nodeArguments of [[], ['--max-old-space-size=48', '--max-semi-space-size=1']]) {
    const { runs } = await measureFunction('scheduled', { cloud, env, nodeArguments });
    const heap = nodeArguments.join(' ') || 'heap as V8 sizes it for this machine';
    for (const { durationMs, peakRssMb, report } of runs) {
      yield `peak RSS ${peakRssMb.toFixed(0)} MB, ${(peakRssMb / aimMb).toFixed(2)} of ${aimMb} MB  (${heap}; ${report.accepted} accepted in ${seconds(durationMs)})`;
    }
  }
}
