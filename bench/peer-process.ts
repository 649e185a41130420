// The loop that a careful person writes by hand: p-limit and axios, with axios-retry where asked for.
import http from 'node:http';
import axios from 'axios';
import axiosRetry from 'axios-retry';
import pLimit from 'p-limit';
import { readParameters } from './parameters.ts';
import { recordRuns } from './record-runs.ts';

const { env } = process;
const [kind, invocations = '1'] = process.argv.slice(2);
const { instanceIds, token } = await readParameters();
const concurrency = Number(env.SYNC_CONCURRENCY);
const httpAgent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
const client = axios.create({ httpAgent });

if (kind === 'axios-retry') {
  axiosRetry(client, {
    retries: 3,
    retryDelay: axiosRetry.exponentialDelay,
    retryCondition: ({ response }) =>
      (response?.status ?? 0) === 429 || (response?.status ?? 0) >= 500,
  });
}

function post(instanceId: string) {
  return client.post(
    `${env.DDM_ENDPOINT}/v1/${env.DDM_PROJECT_ID}/instances/${instanceId}/rds/sync`,
    undefined,
    { headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' } },
  );
}

await recordRuns(Number(invocations), async () => {
  const limit = pLimit(concurrency);
  const startedAt = performance.now();
  const results = await Promise.allSettled(instanceIds.map((id) => limit(() => post(id))));
  const durationMs = performance.now() - startedAt;
  const accepted = results.filter(({ status }) => status === 'fulfilled').length;
  return { total: results.length, accepted, failed: results.length - accepted, durationMs };
});

httpAgent.destroy();
