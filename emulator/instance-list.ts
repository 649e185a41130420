import { createHash } from 'node:crypto';
import type { Answer } from './gateway.ts';

interface Project {
  readonly instanceIds: readonly string[];
  readonly projectId: string;
}

/** `GET /v1/{project_id}/instances` */
export function listInstances(
  query: URLSearchParams,
  { instanceIds, projectId }: Project,
  states: ReadonlyMap<string, string>,
): Answer {
  const offset = Number(query.get('offset') ?? 0);
  const limit = Math.min(128, Number(query.get('limit') ?? 10));
  const page = instanceIds.slice(offset, offset + limit);
  return {
    status: 200,
    body: {
      instances: page.map((id) => toInstance(id, projectId, states.get(id) ?? 'RUNNING')),
      instance_num: instanceIds.length, // the project's, as total_record
      page_no: Math.floor(offset / limit) + 1,
      page_size: page.length,
      total_record: instanceIds.length,
      total_page: Math.ceil(instanceIds.length / limit),
    },
  };
}

/** With every field of the API reference. */
function toInstance(id: string, projectId: string, status: string) {
  const network = createHash('md5').update(projectId).digest('hex');
  return {
    id,
    status,
    name: `ddm-${id.slice(0, 8)}`,
    created: '2021-12-14T07:46:22+0000',
    updated: '2021-12-14T07:49:13+0000',
    available_zone: 'eu-de-01,eu-de-02',
    vpc_id: network,
    subnet_id: network,
    security_group_id: network,
    node_count: 2,
    access_ip: '192.168.0.115',
    access_port: '5066',
    core_count: '8',
    ram_capacity: '16',
    error_msg: null,
    node_status: status,
    enterprise_project_id: '0',
    project_id: projectId,
    engine_version: '3.0.8.5',
    order_id: null,
    enable_ssl: false,
    flavor_ref: 'ddm.2c.xlarge.2',
  };
}
