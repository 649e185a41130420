import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import { ClientBuilder } from '@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js';
import type { HcClient } from '@huaweicloud/huaweicloud-sdk-core/HcClient.js';
import { Logger4jInstance } from '@huaweicloud/huaweicloud-sdk-core/logger/log4jLogger.js';
import type { SdkResponse } from '@huaweicloud/huaweicloud-sdk-core/SdkResponse.js';
import {
  AuthScope,
  AuthScopeProject,
  IamClient,
  KeystoneCreateUserTokenByPasswordRequest,
  KeystoneCreateUserTokenByPasswordRequestBody,
  PwdAuth,
  PwdIdentity,
  PwdPassword,
  PwdPasswordUser,
  PwdPasswordUserDomain,
} from '@huaweicloud/huaweicloud-sdk-iam/v3/public-api.js';
import { describe, expect, test } from 'vitest';
import { type CloudName, ddmError } from '../../emulator/ddm-faults.ts';
import { jobStatuses } from '../../emulator/ddm-tasks.ts';
import type { AccessKeys } from '../../lib/secret.ts';
import { shareCloud } from '../support/packaged.ts';

const cloud = await shareCloud({ instances: 150, jobMs: 0 });
const { accessKeys, cts, ddm, iam, projectId } = cloud;
const [instanceId = '', otherId = ''] = ddm.instanceIds;

function credentials({ accessKeyId, secretAccessKey }: AccessKeys = accessKeys) {
  return new BasicCredentials({ ak: accessKeyId, sk: secretAccessKey, projectId });
}

Logger4jInstance.level = 'off'; // it prints refused requests

// Without a user agent of its own, the SDK writes an id into the home folder.
const options = { customUserAgent: 'ddm-sync-test' };

/** The core's own HTTP client, which Huawei's clients for every service are made of. */
function connect(endpoint: string, keys?: AccessKeys) {
  return new ClientBuilder((client: HcClient) => client)
    .withEndpoint(endpoint)
    .withCredential(credentials(keys))
    .withOptions(options)
    .build() as HcClient;
}

interface Call {
  readonly method?: 'GET' | 'POST';
  readonly url: string;
  readonly queryParams?: Readonly<Record<string, unknown>>;
  readonly data?: Record<string, unknown>;
  readonly keys?: AccessKeys;
}

function call<Answer>(
  endpoint: string,
  { keys, method = 'GET', queryParams = {}, ...rest }: Call,
): Promise<Answer & SdkResponse> {
  return connect(endpoint, keys).sendRequest<Answer & SdkResponse>({
    method,
    contentType: 'application/json',
    pathParams: { project_id: projectId },
    headers: {},
    queryParams,
    ...rest,
  });
}

interface Listed {
  readonly instances: readonly { readonly id: string }[];
  readonly jobs: readonly { readonly status: string }[];
  readonly databases: readonly { readonly used_rds: readonly { readonly id: string }[] }[];
  readonly traces: readonly { readonly trace_id: string }[];
  readonly meta_data: { readonly marker: string | null };
  readonly total: number;
}

/** The names of an answer's fields, in alphabetical order. */
function fieldsOf(object: object | undefined): string {
  return Object.keys(object ?? {})
    .sort()
    .join(' ');
}

const sync = (version: 'v1' | 'v3', id = instanceId): Call => ({
  method: 'POST',
  url: `/${version}/{project_id}/instances/${id}/${version === 'v1' ? 'rds' : 'data-nodes'}/sync`,
});

describe("Huawei's IAM client", () => {
  const signIn = (password: string) => {
    const { domainName, userName } = iam.user;
    const domain = new PwdPasswordUserDomain(domainName);
    const user = new PwdPasswordUser(domain, userName, password);
    const identity = new PwdIdentity(['password'], new PwdPassword(user));
    const scope = new AuthScope().withProject(new AuthScopeProject().withId(projectId));
    const body = new KeystoneCreateUserTokenByPasswordRequestBody(
      new PwdAuth(identity).withScope(scope),
    );
    return IamClient.newBuilder()
      .withEndpoint(iam.endpoint)
      .withCredential(credentials())
      .withOptions(options)
      .build()
      .keystoneCreateUserTokenByPassword(
        new KeystoneCreateUserTokenByPasswordRequest().withNocatalog('true').withBody(body),
      );
  };

  test('signs in, and gets a token that the gateway accepts, for a day', async () => {
    const answer = await signIn(iam.user.password);

    const token = String(Object.entries(answer).find(([name]) => name === 'X-Subject-Token')?.[1]);
    expect(iam.tokens.has(token)).toBe(true);
    expect(answer.token).toMatchObject({
      project: { id: projectId, domain: { name: iam.user.domainName } },
      user: { name: iam.user.userName },
    });
    const { expires_at, issued_at } = JSON.parse(JSON.stringify(answer.token));
    expect(Date.parse(expires_at) - Date.parse(issued_at)).toBe(24 * 3_600_000);
    const url = `${ddm.endpoint}/v1/${projectId}/instances?limit=1`;
    const { status } = await fetch(url, { headers: { 'X-Auth-Token': token } });
    expect(status).toBe(200);
  });

  test('reads the refusal of a wrong password', async () => {
    await expect(signIn('wrong')).rejects.toMatchObject({
      httpStatusCode: 401,
      errorMsg: 'The username or password is wrong.',
    });
  });
});

describe("Huawei's own HTTP client, with an access key", () => {
  test('lists the instances page by page, with every field of the reference', async () => {
    const url = '/v1/{project_id}/instances';
    const first = await call<Listed>(ddm.endpoint, { url, queryParams: { offset: 0, limit: 128 } });
    const second = await call<Listed>(ddm.endpoint, {
      url,
      queryParams: { offset: 128, limit: 128 },
    });

    expect(first).toMatchObject({ instance_num: 150, total_record: 150, page_size: 128 });
    expect(second).toMatchObject({ instance_num: 150, total_record: 150, page_size: 22 });
    const ids = [...first.instances, ...second.instances].map(({ id }) => id);
    expect(ids).toEqual(ddm.instanceIds);
    expect(fieldsOf(first.instances[0])).toBe(
      'access_ip access_port available_zone core_count created enable_ssl engine_version ' +
        'enterprise_project_id error_msg flavor_ref id name node_count node_status order_id ' +
        'project_id ram_capacity security_group_id status subnet_id updated vpc_id',
    );
  });

  test('syncs an instance through both versions', async () => {
    expect(await call(ddm.endpoint, sync('v1'))).toMatchObject({
      instanceId,
      jobId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      httpStatusCode: 200,
    });
    expect(await call(ddm.endpoint, { ...sync('v3'), data: {} })).toEqual({ httpStatusCode: 200 });
  });

  test.each([
    ['a wrong secret', { secretAccessKey: 'wrong' }],
    ['an unknown key', { accessKeyId: 'UNKNOWN' }],
  ])('is refused with %s', async (_, wrong) => {
    const keys = { ...accessKeys, ...wrong };
    const before = ddm.stats().accepted;

    await expect(call(ddm.endpoint, { ...sync('v1'), keys })).rejects.toMatchObject({
      httpStatusCode: 401,
      errorCode: 'APIGW.0301',
    });
    expect(ddm.stats().accepted).toBe(before);
  });

  test('lists the jobs, with every documented status and every field of the reference', async () => {
    const startedAt = Date.now();
    for (const [index, status] of jobStatuses.entries()) {
      const id = ddm.instanceIds[index] ?? '';
      ddm.tasks.statuses.set(id, status);
      await call(ddm.endpoint, sync('v1', id));
    }

    const { jobs, total } = await call<Listed>(ddm.endpoint, {
      url: '/v3/{project_id}/jobs',
      queryParams: { start_time: startedAt, end_time: Date.now(), limit: 128 },
    });

    expect(total).toBe(jobStatuses.length);
    expect(jobs.map(({ status }) => status).reverse()).toEqual(jobStatuses);
    expect(fieldsOf(jobs[0])).toBe(
      'created_time database_name end_time fail_reason id instance_id instance_name name ' +
        'operations process status',
    );
  });

  test('lists the schemas of an instance, with every field of the reference', async () => {
    const url = `/v1/{project_id}/instances/${instanceId}/databases`;

    const { databases, total } = await call<Listed>(ddm.endpoint, {
      url,
      queryParams: { limit: 2 },
    });

    expect(total).toBe(3);
    expect(databases).toHaveLength(2);
    expect(fieldsOf(databases[0])).toBe(
      'created name shard_mode shard_number shard_unit status used_rds',
    );
    expect(databases[0]?.used_rds.map(({ id }) => id)).toEqual(ddm.dataNodes.of(instanceId));
  });

  test('pages through the traces, whose `from` is exclusive', async () => {
    const from = Date.now() - 60_000;
    const add = (time: number) =>
      cts.add({ trace_name: 'changeInstancePort', service_type: 'RDS', resource_id: otherId, time })
        .trace_id;
    add(from);
    const added = Array.from({ length: 450 }, (_, index) => add(from + 1 + index));
    const query = { trace_type: 'system', service_type: 'RDS', from, to: Date.now(), limit: 200 };

    const listed: string[] = [];
    let next: string | undefined;
    let pages = 0;
    do {
      const queryParams = { ...query, ...(next && { next }) };
      const page: Listed = await call<Listed>(cts.endpoint, {
        url: '/v3/{project_id}/traces',
        queryParams,
      });
      listed.push(...page.traces.map(({ trace_id }) => trace_id));
      next = page.meta_data.marker ?? undefined;
      pages += 1;
    } while (next);

    expect(pages).toBe(3);
    expect(listed).toEqual(added.toReversed());
  });
});

describe('errors of the v3 API', () => {
  test.each<[CloudName, object]>([
    ['Huawei Cloud', { error_code: 'DBS.280001', error_msg: 'Parameter error.' }],
    ['Open Telekom Cloud', { errCode: 'DBS.280001', externalMessage: 'Parameter error.' }],
  ])('are of the form that %s documents', async (name, body) => {
    ddm.cloud = name;
    ddm.jobsFault = () => ddmError(400, 'DBS.280001', 'Parameter error.');
    const headers = {
      'X-Auth-Token': [...iam.tokens][0] ?? '',
      'Content-Type': 'application/json',
    };
    const v3 = `${ddm.endpoint}/v3/${projectId}`;
    const unknown = `${'0'.repeat(32)}in09`;

    const synced = await fetch(`${v3}/instances/${unknown}/data-nodes/sync`, {
      method: 'POST',
      headers,
    });
    const listed = await fetch(`${v3}/jobs`, { headers });

    expect(await synced.json()).toEqual(body);
    expect(await listed.json()).toEqual(body);
  });

  test("Huawei's SDK reads the form of Huawei Cloud, and of v1 nothing but the status", async () => {
    const unknown = `${'0'.repeat(32)}in09`;

    await expect(call(ddm.endpoint, sync('v3', unknown))).rejects.toMatchObject({
      httpStatusCode: 404,
      errorCode: 'DBS.280001',
      errorMsg: 'Parameter error.',
    });
    await expect(call(ddm.endpoint, sync('v1', unknown))).rejects.toMatchObject({
      httpStatusCode: 404,
      errorCode: undefined,
    });
  });
});
