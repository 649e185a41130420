import * as v from 'valibot';
import { cleanForeignText } from '../text.ts';
import { read } from './get-json.ts';
import type { ListDeps } from './instances.ts';

/** A task of DDM as its job list shows it. */
export interface Job {
  readonly id: string;
  /** Running, Completed or Failed; whatever else there may be is taken for running. */
  readonly status: string;
  /** Scrubbed; empty where none is given. */
  readonly failReason: string;
}

export interface JobSpan {
  /** Ms since the epoch, at most 30 days ago. */
  readonly fromMs: number;
  readonly toMs: number;
}

const pageSize = 128; // the API's limit

const text = v.nullish(v.string(), '');
const schema = v.object({
  // One that is not as documented must not hide the others.
  jobs: v.array(
    v.fallback(v.nullable(v.object({ id: v.string(), status: text, fail_reason: text })), null),
  ),
  total: v.optional(v.number()),
});

/**
 * The tasks of a time span, page by page: `GET /v3/{project_id}/jobs`. Whoever has seen enough stops asking.
 * @param deadlineAt monotonic ms
 * @throws what read() throws
 */
export async function* listJobs(
  deps: ListDeps,
  { fromMs, toMs }: JobSpan,
  deadlineAt: number,
): AsyncGenerator<readonly Job[], void> {
  const { ddmEndpoint, projectId } = deps.config;
  const span = `start_time=${Math.floor(fromMs)}&end_time=${Math.ceil(toMs)}`;
  const url = `${ddmEndpoint}/v3/${encodeURIComponent(projectId)}/jobs?${span}`;
  const known = new Set<string>();
  for (let offset = 0; ; ) {
    const { jobs, total = Number.POSITIVE_INFINITY } = await read(deps, {
      what: 'listing the DDM jobs',
      url: `${url}&offset=${offset}&limit=${pageSize}`,
      schema,
      deadlineAt,
    });
    const fresh = jobs.flatMap((job) => (job && !known.has(job.id) ? [job] : []));
    for (const { id } of fresh) known.add(id);
    yield fresh.map(({ fail_reason, id, status }) => ({
      id,
      status,
      failReason: cleanForeignText(fail_reason, deps.auth.secrets()),
    }));
    offset += jobs.length;
    if (fresh.length === 0 || offset >= total) return;
  }
}
