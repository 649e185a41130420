import { sample } from './events.ts';
import { inline, measureFunction, warmMedian } from './measure.ts';

const latencyMs = 50;

/** The times that `POST /sync` takes in a warm process: for one instance, for a large fleet, to refuse a body. */
export async function* http() {
  yield 'POST /sync for one instance, warm, a service that takes 50 ms';
  const measured = await measureFunction('http', {
    cloud: { instances: 50, latencyMs },
    env: inline,
    event: ({ ddm }) =>
      sample('http', { body: JSON.stringify({ instanceIds: ddm.instanceIds.slice(0, 1) }) }),
    invocations: 40,
    pauseMs: 60,
  });
  const wrong = measured.runs.find(({ report }) => report.statusCode !== 200);
  if (wrong) throw new Error(`POST /sync answered ${JSON.stringify(wrong.report)}`);
  const ms = warmMedian(measured, 'durationMs', 5);
  yield `${ms.toFixed(1)} ms in the handler, ${(ms - latencyMs).toFixed(1)} ms above the service's latency (aim 10 ms)`;

  const large = await measureFunction('http', {
    cloud: { instances: 100_000 },
    event: () => sample('http', { body: '{}' }),
    invocations: 20,
  });
  if (large.runs.some(({ report }) => report.statusCode !== 202)) throw new Error('no 202');
  const largeMs = warmMedian(large, 'durationMs', 5);
  yield `100,000 instances: ${largeMs.toFixed(1)} ms until the 202, ${(largeMs / 1_000).toFixed(3)} of the limit of 1 s`;

  const body = `{"a":"${'x'.repeat(10_000_000)}"}`;
  const refused = await measureFunction('http', {
    cloud: { instances: 1 },
    event: () => sample('http', { body }),
    invocations: 20,
  });
  if (refused.runs.some(({ report }) => report.statusCode !== 413)) throw new Error('no 413');
  const refusedMs = warmMedian(refused, 'durationMs', 5);
  yield `a body of 10 MB: ${refusedMs.toFixed(1)} ms until the 413, ${(refusedMs / 50).toFixed(3)} of the limit of 50 ms`;
}
