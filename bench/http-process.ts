// Invokes the built `http` handler for one instance, as often as asked.
import { readFileSync } from 'node:fs';
import { readParameters } from './parameters.ts';
import { recordRuns } from './record-runs.ts';

const [invocations = '1'] = process.argv.slice(2);
const handlerUrl = new URL('../dist/functions/http.js', import.meta.url).href;
const { handler } = await import(handlerUrl);
const { instanceIds } = await readParameters();
const sample = JSON.parse(readFileSync(new URL('../events/http.json', import.meta.url), 'utf8'));
const body = JSON.stringify({ instanceIds: instanceIds.slice(0, 1) });

await recordRuns(
  Number(invocations),
  async (invocation) => {
    const context = {
      awsRequestId: `run-${invocation}`,
      functionName: 'bench',
      getRemainingTimeInMillis: () => 29_000,
    };
    const startedAt = performance.now();
    const { statusCode } = await handler({ ...sample, body }, context);
    const durationMs = performance.now() - startedAt;
    return { total: 1, accepted: statusCode === 200 ? 1 : 0, failed: 0, durationMs };
  },
  60,
);
