import * as v from 'valibot';
import { getJson } from './get-json.ts';
import type { TraceDeps } from './traces.ts';

const schema = v.object({
  operations: v.array(
    v.object({
      service_type: v.string(),
      operation_list: v.nullish(v.array(v.string()), []),
    }),
  ),
});

/**
 * The trace names that CTS knows, by service type: `GET /v3/{project_id}/operations`. Open Telekom Cloud does not
 * document this call.
 * @throws what getJson() throws
 */
export async function listOperations(
  deps: TraceDeps,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { config, ctsEndpoint } = deps;
  const { operations } = await getJson(deps, {
    what: 'listing the operations that CTS knows',
    url: `${ctsEndpoint}/v3/${encodeURIComponent(config.projectId)}/operations`,
    schema,
    signal,
  });
  const byType = Map.groupBy(operations, (one) => one.service_type);
  return new Map(
    [...byType].map(([type, some]) => [type, new Set(some.flatMap((one) => one.operation_list))]),
  );
}
