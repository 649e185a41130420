import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { SyncError } from '../errors.ts';
import type { Auth } from './auth.ts';
import { parseObject } from './error-body.ts';
import { readFailure, toFailure } from './failure.ts';
import type { HttpClient } from './http.ts';

export interface ListDeps {
  readonly http: HttpClient;
  readonly auth: Auth;
  readonly clock: Pick<Clock, 'now'>;
  readonly config: Pick<Config, 'ddmEndpoint' | 'projectId'>;
}

/** A DDM instance as the list API shows it. */
export interface ListedInstance {
  readonly id: string;
  readonly name: string;
  /** RUNNING, or one of the states of HUAWEI.md section 1.5. */
  readonly status: string;
}

const pageSize = 50; // the API takes 128, but their answer may be larger than what we read

const schema = v.object({
  instances: v.array(
    v.object({
      id: v.string(),
      name: v.optional(v.string(), ''),
      status: v.optional(v.string(), ''),
    }),
  ),
  total_record: v.optional(v.number()),
});

/** All instances of the project, each once. @throws {SyncError} with the instance id `-` */
export const listInstances = async (
  deps: ListDeps,
  timeoutMs: number,
): Promise<readonly ListedInstance[]> => {
  const found = new Map<string, ListedInstance>();
  for (let offset = 0; ; ) {
    const { instances, total } = await listPage(deps, offset, pageSize, timeoutMs);
    for (const instance of instances) found.set(instance.id, instance);
    offset += instances.length;
    if (instances.length === 0 || offset >= total) return [...found.values()];
  }
};

/** One page: `GET /v1/{project_id}/instances`. @throws {SyncError} with the instance id `-` */
export const listPage = async (
  { auth, clock, config, http }: ListDeps,
  offset: number,
  limit: number,
  timeoutMs: number,
): Promise<{ readonly instances: readonly ListedInstance[]; readonly total: number }> => {
  const project = encodeURIComponent(config.projectId);
  const request = {
    method: 'GET' as const,
    url: `${config.ddmEndpoint}/v1/${project}/instances?offset=${offset}&limit=${limit}`,
    headers: { 'Content-Type': 'application/json' },
  };
  const headers = { ...request.headers, ...auth.headers(request) };
  const answer = await http.send({ ...request, headers, timeoutMs }).catch((error: unknown) => {
    throw new SyncError('-', toFailure(error));
  });
  if (answer.status !== 200) {
    throw new SyncError('-', readFailure(answer, auth.secrets(), clock.now()));
  }
  const parsed = v.safeParse(schema, parseObject(answer.body));
  if (!parsed.success) {
    const externalMessage = 'the answer is not a list of instances';
    const code = { errCode: 'BAD_RESPONSE', retryClass: 'permanent', httpStatus: 200 } as const;
    throw new SyncError('-', { ...code, externalMessage });
  }
  const { instances, total_record: total = Number.POSITIVE_INFINITY } = parsed.output;
  return { instances, total };
};
