import { createHash } from 'node:crypto';

export interface DataNodes {
  /** Ids of the data nodes that an instance's schemas are on. */
  of(instanceId: string): readonly string[];
  /** The body of `GET …/instances/{instance_id}/databases`. */
  listDatabases(instanceId: string, query: URLSearchParams): unknown;
}

const nodesPerInstance = 2;
const maxPage = 128;

/** Each instance has two data nodes of its own, and three schemas on them. */
export function createDataNodes(): DataNodes {
  const of = (instanceId: string): readonly string[] =>
    Array.from({ length: nodesPerInstance }, (_, index) => {
      const hex = createHash('md5').update(`${instanceId}-${index}`).digest('hex');
      return `${hex}in01`;
    });

  return {
    of,
    listDatabases: (instanceId, query) => {
      const [first = '', second = ''] = of(instanceId);
      const node = (id: string) => ({
        id,
        name: `rds-${id.slice(0, 6)}`,
        status: 'normal',
        error_msg: null,
      });
      const schema = { status: 'RUNNING', created: 1_639_467_982_000, shard_unit: 8 };
      const cluster = { ...schema, shard_mode: 'cluster', shard_number: 16 };
      const single = { ...schema, shard_mode: 'single', shard_number: 1 };
      const databases = [
        { name: 'orders', ...cluster, used_rds: [node(first), node(second)] },
        { name: 'billing', ...single, used_rds: [node(second)] },
        { name: 'empty', ...single, used_rds: null },
      ];
      const offset = Number(query.get('offset') ?? 0);
      const limit = Math.min(maxPage, Number(query.get('limit') ?? 10));
      return { databases: databases.slice(offset, offset + limit), total: databases.length };
    },
  };
}
