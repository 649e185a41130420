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
const maxTotal = 1_000_000; // beyond it, a total is no number of things

/** Infinity if the API does not say. */
const total = v.fallback(
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(maxTotal)),
  Number.POSITIVE_INFINITY,
);

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
    total_record: total,
  }),
} as const;

/** A list of instances that is being read; what has been read is kept when a call of it fails. */
export interface InstanceListing {
  /** Reads what is missing: all instances of the project, each once, `GET /v1/{project_id}/instances`. */
  read(deps: ListDeps, signal: AbortSignal): Promise<readonly ListedInstance[]>;
}

/** Offsets from `from` on that no page has covered yet. */
interface Gap {
  readonly from: number;
  readonly until: number;
}

const pagesInFlight = 10;

/**
 * The first page tells how many instances there are. Then the others are read several at once: at 150 ms a page, 40,000
 * instances one after the other take longer than a worker has.
 */
export function createInstanceListing(): InstanceListing {
  const found = new Map<string, ListedInstance>();
  const gaps: Gap[] = [{ from: 0, until: Number.POSITIVE_INFINITY }];

  const readPage = async (deps: ListDeps, gap: Gap, signal: AbortSignal): Promise<void> => {
    const page = await getPage(deps, instances, gap.from, signal);
    for (const instance of page.instances) found.set(instance.id, instance);
    if (page.instances.length === 0) return;
    const from = gap.from + page.instances.length;
    gaps.push(...split({ ...gap, from }, page.total_record));
  };

  return {
    read: async (deps, signal) => {
      const failures: unknown[] = [];
      while (gaps.length > 0 && failures.length === 0) {
        const some = gaps.splice(0); // first the first page, then all others
        const work = async (): Promise<void> => {
          for (let gap = some.shift(); gap; gap = failures.length > 0 ? undefined : some.shift()) {
            const current = gap;
            await readPage(deps, current, signal).catch((error: unknown) => {
              gaps.push(current);
              failures.push(error);
            });
          }
        };
        await Promise.all(Array.from({ length: deps.pace ? pagesInFlight : 1 }, work));
        gaps.push(...some);
      }
      if (failures.length > 0) throw failures[0];
      return [...found.values()];
    },
  };
}

/** Page by page, if it is known how many there are. The last page stays open: there may be more by then. */
function split({ from, until }: Gap, total: number): readonly Gap[] {
  const end = Math.min(until, total);
  if (!Number.isFinite(end)) return [{ from, until }];
  const gaps: Gap[] = [];
  for (let at = from; at < end; at += pageSize) {
    const next = at + pageSize;
    gaps.push({ from: at, until: next < end ? next : until });
  }
  return gaps;
}

/**
 * How many instances there are, Infinity if the API does not say. One harmless call: it proves credentials, project
 * and endpoint.
 */
export async function countInstances(deps: ListDeps, signal: AbortSignal): Promise<number> {
  return (await getPage(deps, { ...instances, limit: 1 }, 0, signal)).total_record;
}

const databases = v.object({
  databases: v.array(v.object({ used_rds: v.nullish(v.array(v.object({ id: v.string() })), []) })),
  total,
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
  total,
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
