import assert from 'node:assert/strict';
import fc from 'fast-check';
import { IamError, ReadError, SyncError } from '../../lib/errors.ts';
import { createDdmClient } from '../../lib/huawei/ddm.ts';
import { parseRetryAfter, readFailure } from '../../lib/huawei/failure.ts';
import type { HttpClient } from '../../lib/huawei/http.ts';
import { createToken } from '../../lib/huawei/iam.ts';
import { createInstanceListing, listDataNodes, listJobs } from '../../lib/huawei/lists.ts';
import { listOperations } from '../../lib/huawei/operations.ts';
import { listTraces } from '../../lib/huawei/traces.ts';
import { mutatedTexts } from './mutate.ts';
import { expectLogText, expectNoSecret, resolvedOr, secret, type Target } from './target.ts';

const ddm = '1f5c9fd6cd984056ba89c8c87cc03278in09';
const { signal } = new AbortController();
const clock = { now: () => 1_795_000_000_000, monotonic: () => 0, sleep: async () => {} };
const auth = {
  generation: 1,
  headers: () => ({ 'X-Auth-Token': secret }),
  secrets: () => [secret],
  renew: async () => {},
};
const endpoint = 'https://ddm.eu-de.otc.t-systems.com';
const config = {
  ...{
    ddmEndpoint: endpoint,
    projectId: 'project',
    ddmApiVersion: 'v1' as const,
    syncAttemptTimeoutMs: 10_000,
  },
} as const;

const maxCalls = 3_000;

/** A service that answers so, then with an empty list. */
function answering(
  body: string,
  empty: object,
  status = 200,
  headers: Record<string, string> = {},
): HttpClient {
  let calls = 0;
  return {
    close: () => {},
    send: async () => {
      calls += 1;
      if (calls > maxCalls) throw new RangeError('it never stops asking');
      return {
        status,
        body: calls === 1 ? body : JSON.stringify(empty),
        header: (name) => headers[name.toLowerCase()],
      };
    },
  };
}

function depsFor(http: HttpClient) {
  return { http, auth, clock, config, random: () => 0.5, ctsEndpoint: endpoint };
}

const syncs: Target = {
  name: 'answer to a sync',
  property: fc.asyncProperty(
    mutatedTexts([
      { instanceId: ddm, jobId: 'job-1' },
      { instanceId: ddm, jobId: secret },
      '<html>login</html>',
    ]),
    async (body) => {
      const client = createDdmClient({ ...depsFor(answering(body, {})), config });
      const accepted = await resolvedOr([SyncError], () => client.sync(ddm, signal));
      if (accepted === undefined) return;
      assert.equal(JSON.parse(body).instanceId, ddm); // nothing else is an acceptance
      expectLogText(accepted.jobId);
    },
  ),
};

const refusals: Target = {
  name: 'error answer',
  property: fc.property(
    mutatedTexts([
      { errCode: 'DBS.280001', externalMessage: `Parameter error. ${secret}` },
      { error_code: 'APIGW.0307', error_msg: `Token ${secret} must be updated` },
      { error: { code: 401, message: `The password ${secret} is wrong`, title: 'Unauthorized' } },
    ]),
    fc.constantFrom(301, 400, 401, 403, 404, 409, 429, 500, 502, 503),
    (body, status) => {
      const failure = readFailure({ status, body, header: () => body }, [secret], clock.now());
      assert.match(failure.errCode, /^([A-Za-z]{2,16}\.\d{1,8}|[A-Z_]{3,30})$/);
      assert.equal(failure.httpStatus, status);
      expectLogText(failure.externalMessage);
      const { retryAfterMs } = failure;
      assert.ok(retryAfterMs === undefined || (retryAfterMs >= 0 && Number.isFinite(retryAfterMs)));
    },
  ),
};

const retryAfters: Target = {
  name: 'Retry-After',
  property: fc.property(mutatedTexts(['120', 'Wed, 25 Nov 2026 07:28:00 GMT']), (text) => {
    const ms = parseRetryAfter(text, clock.now());
    assert.ok(ms === undefined || (ms >= 0 && Number.isFinite(ms)));
  }),
};

const expires = '2026-11-25T10:00:00.000000Z';

const signIns: Target = {
  name: "answer to IAM's sign-in",
  property: fc.asyncProperty(
    mutatedTexts([
      { token: { expires_at: expires, project: { id: 'project' } } },
      { token: { expires_at: expires } },
    ]),
    mutatedTexts([`MIIF${secret}`]),
    fc.constantFrom(201, 200, 400, 401, 403, 500),
    async (body, token, status) => {
      const http = answering(body, {}, status, { 'x-subject-token': token });
      const deps = { http, clock, iamEndpoint: endpoint, projectId: 'project' };
      const user = { domainName: 'company', userName: 'ddm-sync', password: secret };
      const found = await resolvedOr([IamError], () => createToken(deps, user, signal));
      if (found === undefined) return;
      assert.equal(status, 201);
      assert.match(found.token, /^[\x21-\x7e]{16,32768}$/);
      assert.ok(Number.isFinite(found.expiresAt));
      const { project = { id: 'project' } } = JSON.parse(body).token;
      assert.equal(project.id, 'project');
    },
  ),
};

const instance = { id: ddm, name: 'orders', status: 'RUNNING' };

const instances: Target = {
  name: 'page of instances',
  property: fc.asyncProperty(
    mutatedTexts([
      { instances: [instance, { ...instance, id: 'x' }], total_record: 300, instance_num: 2 },
    ]),
    async (body) => {
      const deps = depsFor(answering(body, { instances: [] }));
      const listing = createInstanceListing();
      const found = await resolvedOr([ReadError], () => listing.read(deps, signal));
      for (const { id, name, status } of found ?? []) {
        for (const text of [id, name, status]) assert.equal(typeof text, 'string');
      }
    },
  ),
};

const dataNodes: Target = {
  name: 'page of schemas',
  property: fc.asyncProperty(
    mutatedTexts([
      { databases: [{ name: 'db', used_rds: [{ id: 'a', name: 'n' }] }, {}], total: 2 },
    ]),
    async (body) => {
      const deps = depsFor(answering(body, { databases: [] }));
      const found = await resolvedOr([ReadError], () => listDataNodes(deps, ddm, signal));
      for (const id of found ?? []) assert.equal(typeof id, 'string');
    },
  ),
};

const jobs: Target = {
  name: 'page of jobs',
  property: fc.asyncProperty(
    mutatedTexts([
      {
        jobs: [
          { id: 'j', status: 'Failed', fail_reason: `no ${secret}` },
          { id: 'k', status: 'Running' },
        ],
        total: 9,
      },
    ]),
    async (body) => {
      const deps = depsFor(answering(body, { jobs: [] }));
      await resolvedOr([ReadError], async () => {
        for await (const page of listJobs(deps, { fromMs: 0, toMs: 1 }, signal)) {
          for (const { failReason, id } of page) {
            assert.equal(typeof id, 'string');
            expectLogText(failReason);
          }
        }
      });
    },
  ),
};

const traces: Target = {
  name: 'page of audit traces',
  property: fc.asyncProperty(
    mutatedTexts([
      {
        traces: [
          {
            trace_id: 'a',
            trace_name: 'instanceRestart',
            time: 1_795_000_000_000,
            resource_id: 'r',
          },
          { trace_id: 'b', trace_name: 'instanceRestart', time: '2016/12/08 11:07:28 GMT+08:00' },
        ],
        meta_data: { count: 2, marker: 'm' },
      },
    ]),
    async (body) => {
      const deps = depsFor(answering(body, { traces: [], meta_data: {} }));
      const query = { serviceType: 'RDS', fromMs: 0, toMs: 1 };
      const listed = await resolvedOr([ReadError], () => listTraces(deps, query, signal));
      for (const { resourceId, time, traceId } of listed?.traces ?? []) {
        assert.ok(Number.isFinite(time));
        assert.equal(typeof traceId, 'string');
        assert.equal(typeof resourceId, 'string');
      }
    },
  ),
};

const operations: Target = {
  name: 'operations that CTS knows',
  property: fc.asyncProperty(
    mutatedTexts([{ operations: [{ service_type: 'RDS', operation_list: ['createInstance'] }] }]),
    async (body) => {
      const deps = depsFor(answering(body, { operations: [] }));
      const known = await resolvedOr([ReadError], () => listOperations(deps, signal));
      for (const [type, names] of known ?? []) {
        assert.equal(typeof type, 'string');
        for (const one of names) assert.equal(typeof one, 'string');
      }
      expectNoSecret(JSON.stringify([...(known?.keys() ?? [])]));
    },
  ),
};

export const ofAnswers: readonly Target[] = [
  ...[syncs, refusals, retryAfters, signIns, instances, dataNodes, jobs, traces, operations],
];
