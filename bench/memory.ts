import { inline, measureFunction } from './measure.ts';
import { seconds } from './numbers.ts';

const aimMb = 200;
const memorySizeMb = 512; // of `scheduled`, serverless.yml

// Lambda starts Node with 90 % and 5 % of a function's memory.
const lambdaHeap = [
  `--max-old-space-size=${Math.floor(memorySizeMb * 0.9)}`,
  `--max-semi-space-size=${Math.floor(memorySizeMb * 0.05)}`,
];

/** Peak memory of one run over a large fleet, with the heap of a function on Lambda and with that of this machine. */
export async function* memory() {
  yield `memory of one run over 100,000 instances (aim ${aimMb} MB with the heap of ${memorySizeMb} MB on Lambda)`;
  for (const [concurrency, nodeArguments] of [
    [20, lambdaHeap], // the default
    [100, lambdaHeap],
    [100, []],
  ] as const) {
    const { runs } = await measureFunction('scheduled', {
      cloud: { instances: 100_000 },
      env: { ...inline, SYNC_CONCURRENCY: String(concurrency), SYNC_RATE_PER_SECOND: '10000' },
      nodeArguments,
    });
    const heap = nodeArguments.join(' ') || 'heap as V8 sizes it for this machine';
    for (const { cpuMs, durationMs, peakRssMb, report } of runs) {
      const times = `${report.accepted} accepted in ${seconds(durationMs)}, CPU ${seconds(cpuMs)}`;
      yield `concurrency ${concurrency}: peak RSS ${peakRssMb.toFixed(0)} MB  (${heap}; ${times})`;
    }
  }
}
