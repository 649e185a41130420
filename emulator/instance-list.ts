import type { Answer } from './gateway.ts';

/** `GET /v1/{project_id}/instances` */
export function listInstances(
  query: URLSearchParams,
  {
    instanceIds,
    projectId,
  }: { readonly instanceIds: readonly string[]; readonly projectId: string },
  states: ReadonlyMap<string, string>,
): Answer {
  const offset = Number(query.get('offset') ?? 0);
  const limit = Math.min(128, Number(query.get('limit') ?? 10));
  const page = instanceIds.slice(offset, offset + limit);
  return {
    status: 200,
    body: {
      instances: page.map((id) => ({
        id,
        status: states.get(id) ?? 'RUNNING',
        name: `ddm-${id.slice(0, 8)}`,
        project_id: projectId,
      })),
      instance_num: page.length,
      page_no: Math.floor(offset / limit) + 1,
      page_size: page.length,
      total_record: instanceIds.length,
      total_page: Math.ceil(instanceIds.length / limit),
    },
  };
}
