import * as v from 'valibot';
import type { Config } from '../config.ts';
import { cleanForeignText } from '../text.ts';
import { getJson, type ReadDeps } from './get-json.ts';

/*
 * DDM's lists, page by page. `offset` counts records; `total` may be missing, and a page may be shorter than its
 * limit. Every function throws what getJson() throws.
 */
export interface ListDeps extends ReadDeps {
  readonly config: Pick<Config, 'ddmEndpoint' | 'projectId'>;
}

/** A DDM instance as the list API shows it. */
export interface ListedInstance {
  readonly id: string;
  readonly name: string;
  /** RUNNING, or another of DDM's instance states. */
  readonly status: string;
}

/** A task of DDM as its job list shows it. */
export interface Job {
  readonly id: string;
  /** Running, Completed or Failed; anything else counts as running. */
  readonly status: string;
  /** Scrubbed; empty if there is none. */
  readonly failReason: string;
}

export interface TimeSpan {
  /** Ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

const pageSize = 128; // the API's limit

interface List<Schema extends v.GenericSchema> {
  readonly what: string;
  /** Behind the project id. */
  readonly path: string;
  readonly version: 'v1' | 'v3';
  readonly query?: string;
  readonly schema: Schema;
  readonly limit?: number;
}

function getPage<Schema extends v.GenericSchema>(
  deps: ListDeps,
  { limit = pageSize, path, query = '', schema, version, what }: List<Schema>,
  offset: number,
  signal: AbortSignal,
): Promise<v.InferOutput<Schema>> {
  const { ddmEndpoint, projectId } = deps.config;
  const url = `${ddmEndpoint}/${version}/${encodeURIComponent(projectId)}/${path}`;
  return getJson(deps, {
    what,
    url: `${url}?${query}offset=${offset}&limit=${limit}`,
    schema,
    signal,
  });
}

const instances = {
  what: 'listing the DDM instances',
  version: 'v1',
  path: 'instances',
  schema: v.object({
    instances: v.array(
      v.object({
        id: v.string(),
        name: v.optional(v.string(), ''),
        status: v.optional(v.string(), ''),
      }),
    ),
    total_record: v.optional(v.number(), Number.POSITIVE_INFINITY),
  }),
} as const;

/** All instances of the project, each once: `GET /v1/{project_id}/instances`. */
export async function listInstances(
  deps: ListDeps,
  signal: AbortSignal,
): Promise<readonly ListedInstance[]> {
  const found = new Map<string, ListedInstance>();
  for (let offset = 0; ; ) {
    const page = await getPage(deps, instances, offset, signal);
    for (const instance of page.instances) found.set(instance.id, instance);
    offset += page.instances.length;
    if (page.instances.length === 0 || offset >= page.total_record) return [...found.values()];
  }
}

/** One harmless call: proves credentials, project and endpoint. */
export async function listOneInstance(deps: ListDeps, signal: AbortSignal): Promise<void> {
  await getPage(deps, { ...instances, limit: 1 }, 0, signal);
}

const databases = v.object({
  databases: v.array(v.object({ used_rds: v.nullish(v.array(v.object({ id: v.string() })), []) })),
  total: v.optional(v.number(), Number.POSITIVE_INFINITY),
});

/**
 * The data nodes that hold an instance's schemas: `GET …/instances/{instance_id}/databases`. Its `…/rds` lists
 * what could be used, not what is. A node without a schema is not seen.
 */
export async function listDataNodes(
  deps: ListDeps,
  instanceId: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const list = {
    what: `listing the schemas of ${instanceId}`,
    version: 'v1',
    path: `instances/${encodeURIComponent(instanceId)}/databases`,
    schema: databases,
  } as const;
  for (let offset = 0; ; ) {
    const page = await getPage(deps, list, offset, signal);
    for (const { used_rds } of page.databases) for (const { id } of used_rds) found.add(id);
    offset += page.databases.length;
    if (page.databases.length === 0 || offset >= page.total) return found;
  }
}

const text = v.nullish(v.string(), '');
const jobs = v.object({
  // One undocumented entry must not hide the others.
  jobs: v.array(
    v.fallback(v.nullable(v.object({ id: v.string(), status: text, fail_reason: text })), null),
  ),
  total: v.optional(v.number(), Number.POSITIVE_INFINITY),
});

/*
 * Jobs that start while the list is read push known ones onto the next pages: at 80 a second and 10 s for a page, six
 * pages. More pages without a new job than this mean that the list always says the same.
 */
const maxStalePages = 8;

/**
 * The tasks of a time span of at most 30 days: `GET /v3/{project_id}/jobs`, each once. Stop when you have seen enough.
 */
export async function* listJobs(
  deps: ListDeps,
  { fromMs, toMs }: TimeSpan,
  signal: AbortSignal,
): AsyncGenerator<readonly Job[], void> {
  const query = `start_time=${Math.floor(fromMs)}&end_time=${Math.ceil(toMs)}&`;
  const list = {
    what: 'listing the DDM jobs',
    version: 'v3',
    path: 'jobs',
    query,
    schema: jobs,
  } as const;
  const known = new Set<string>();
  let stalePages = 0;
  for (let offset = 0; ; ) {
    const page = await getPage(deps, list, offset, signal);
    const fresh = page.jobs.flatMap((job) => (job && !known.has(job.id) ? [job] : []));
    for (const { id } of fresh) known.add(id);
    yield fresh.map(({ fail_reason, id, status }) => ({
      id,
      status,
      failReason: cleanForeignText(fail_reason, deps.auth.secrets()),
    }));
    offset += page.jobs.length;
    stalePages = fresh.length === 0 ? stalePages + 1 : 0;
    if (page.jobs.length === 0 || offset >= page.total || stalePages === maxStalePages) return;
  }
}
