import * as v from 'valibot';
import type { Config } from '../config.ts';
import { type ReadDeps, read } from './get-json.ts';

export interface ListDeps extends ReadDeps {
  readonly config: Pick<Config, 'ddmEndpoint' | 'projectId'>;
}

/** A DDM instance as the list API shows it. */
export interface ListedInstance {
  readonly id: string;
  readonly name: string;
  /** RUNNING, or one of the states of HUAWEI.md section 1.5. */
  readonly status: string;
}

const pageSize = 128; // the API's limit

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

/**
 * All instances of the project, each once.
 * @param deadlineAt monotonic ms
 * @throws what read() throws
 */
export async function listInstances(
  deps: ListDeps,
  deadlineAt: number,
): Promise<readonly ListedInstance[]> {
  const found = new Map<string, ListedInstance>();
  for (let offset = 0; ; ) {
    const { instances, total } = await listPage(deps, offset, pageSize, deadlineAt);
    for (const instance of instances) found.set(instance.id, instance);
    offset += instances.length;
    if (instances.length === 0 || offset >= total) return [...found.values()];
  }
}

/** One page: `GET /v1/{project_id}/instances`. @throws what read() throws */
export async function listPage(
  deps: ListDeps,
  offset: number,
  limit: number,
  deadlineAt: number,
): Promise<{ readonly instances: readonly ListedInstance[]; readonly total: number }> {
  const { ddmEndpoint, projectId } = deps.config;
  const { instances, total_record: total = Number.POSITIVE_INFINITY } = await read(deps, {
    what: 'listing the DDM instances',
    url: `${ddmEndpoint}/v1/${encodeURIComponent(projectId)}/instances?offset=${offset}&limit=${limit}`,
    schema,
    deadlineAt,
  });
  return { instances, total };
}
