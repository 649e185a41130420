// The loop that a careful person writes by hand: p-limit and axios, with and without axios-retry.
import http from 'node:http';
import axios, { type AxiosInstance } from 'axios';
import axiosRetry from 'axios-retry';
import pLimit from 'p-limit';

interface Fleet {
  readonly instanceIds: readonly string[];
  readonly token: string;
}

const { env } = process;
const concurrency = Number(env.SYNC_CONCURRENCY);
const httpAgent = new http.Agent({ keepAlive: true, maxSockets: concurrency });

export function withAxios(fleet: Fleet) {
  return syncAll(fleet, axios.create({ httpAgent }));
}

export function withAxiosRetry(fleet: Fleet) {
  const client = axios.create({ httpAgent });
  axiosRetry(client, {
    retries: 3,
    retryDelay: axiosRetry.exponentialDelay,
    retryCondition: ({ response: { status = 0 } = {} }) => status === 429 || status >= 500,
  });
  return syncAll(fleet, client);
}

async function syncAll({ instanceIds, token }: Fleet, client: AxiosInstance) {
  const limit = pLimit(concurrency);
  const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' };
  const url = `${env.DDM_ENDPOINT}/v1/${env.DDM_PROJECT_ID}/instances`;
  const post = (id: string) => client.post(`${url}/${id}/rds/sync`, undefined, { headers });
  const results = await Promise.allSettled(instanceIds.map((id) => limit(() => post(id))));
  const accepted = results.filter(({ status }) => status === 'fulfilled').length;
  return { accepted, failed: results.length - accepted };
}
