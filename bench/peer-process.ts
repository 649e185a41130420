// The loop that a careful person writes by hand: p-limit and axios, with axios-retry where asked for.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import axiosRetry from 'axios-retry';
import pLimit from 'p-limit';
import { createParameters, createSsmClient } from '../lib/aws/parameters.ts';
import { systemClock } from '../lib/clock.ts';

const { env } = process;
const [kind, invocations = '1'] = process.argv.slice(2);
const ssm = createSsmClient();
const prefix = env.PARAMETER_PREFIX ?? '';
const parameters = createParameters({ ssm, prefix, clock: systemClock });
const { instanceIds } = await parameters.fleet();
const token = await parameters.token();
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

const runs: unknown[] = [];
for (let invocation = 1; invocation <= Number(invocations); invocation += 1) {
  const limit = pLimit(concurrency);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const results = await Promise.allSettled(
    instanceIds.map((instanceId) =>
      limit(() =>
        client.post(
          `${env.DDM_ENDPOINT}/v1/${env.DDM_PROJECT_ID}/instances/${instanceId}/rds/sync`,
          undefined,
          { headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' } },
        ),
      ),
    ),
  );
  const durationMs = performance.now() - startedAt;
  const { system, user } = process.cpuUsage(cpuBefore);
  const accepted = results.filter(({ status }) => status === 'fulfilled').length;
  const report = { total: results.length, accepted, failed: results.length - accepted, durationMs };
  runs.push({ report, cpuMs: (user + system) / 1_000 });
  await sleep(1_100);
}

httpAgent.destroy();
const maxRssMb = process.resourceUsage().maxRSS / 1_024;
writeFileSync(3, JSON.stringify({ runs, maxRssMb }));
