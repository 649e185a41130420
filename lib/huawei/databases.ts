import * as v from 'valibot';
import { read } from './get-json.ts';
import type { ListDeps } from './instances.ts';

const pageSize = 128; // the API's limit

const schema = v.object({
  databases: v.array(v.object({ used_rds: v.nullish(v.array(v.object({ id: v.string() })), []) })),
  total: v.optional(v.number()),
});

/**
 * The data nodes that an instance's schemas are on: `GET …/instances/{instance_id}/databases`. Its
 * `…/rds` lists what could be used, not what is. A node without a schema is not seen.
 * @param deadlineAt monotonic ms
 * @throws what read() throws
 */
export async function listDataNodes(
  deps: ListDeps,
  instanceId: string,
  deadlineAt: number,
): Promise<ReadonlySet<string>> {
  const { ddmEndpoint, projectId } = deps.config;
  const path = `/v1/${encodeURIComponent(projectId)}/instances/${encodeURIComponent(instanceId)}/databases`;
  const found = new Set<string>();
  for (let offset = 0; ; ) {
    const { databases, total = Number.POSITIVE_INFINITY } = await read(deps, {
      what: `listing the schemas of ${instanceId}`,
      url: `${ddmEndpoint}${path}?offset=${offset}&limit=${pageSize}`,
      schema,
      deadlineAt,
    });
    for (const { used_rds } of databases) for (const { id } of used_rds) found.add(id);
    offset += databases.length;
    if (databases.length === 0 || offset >= total) return found;
  }
}
