import { sample } from './events.ts';
import { inline, measureFunction, warmMedian } from './measure.ts';

const latencyMs = 50;

/** The time that `POST /sync` for one instance takes in a warm process. */
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
  const refused = measured.runs.find(({ report }) => report.statusCode !== 200);
  if (refused) throw new Error(`POST /sync answered ${JSON.stringify(refused.report)}`);
  const ms = warmMedian(measured, 'durationMs', 5);
  yield `${ms.toFixed(1)} ms in the handler, ${(ms - latencyMs).toFixed(1)} ms above the service's latency (aim 10 ms)`;
}
