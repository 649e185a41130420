import * as v from 'valibot';
import type { Config } from '../config.ts';
import { getJson, type ReadDeps } from './get-json.ts';

export interface TraceDeps extends ReadDeps {
  readonly ctsEndpoint: string;
  readonly config: Pick<Config, 'projectId'>;
}

/** An operation as Huawei's audit service (CTS) recorded it. */
export interface Trace {
  readonly traceId: string;
  readonly traceName: string;
  readonly resourceId: string;
  /** `SystemAction` is the end of an asynchronous operation; ApiCall and ConsoleAction are the request. */
  readonly traceType: string;
  /** Whether the operation worked. */
  readonly succeeded: boolean;
  /** Ms since the epoch. */
  readonly time: number;
  /** As received. */
  readonly raw: unknown;
}

export interface TraceQuery {
  /** RDS, DDM, ... */
  readonly serviceType: string;
  readonly traceName?: string | undefined;
  /** Ms since the epoch; CTS keeps 7 days. */
  readonly fromMs: number;
  readonly toMs: number;
}

const pageSize = 200; // the API's limit

const text = v.optional(v.string(), '');
const traceSchema = v.pipe(
  v.looseObject({
    trace_id: v.string(),
    trace_name: v.string(),
    resource_id: text,
    trace_type: text,
    trace_rating: v.optional(v.string()),
    trace_status: v.optional(v.string()), // some services' name for the rating
    time: v.number(),
  }),
  v.transform(
    (trace): Trace => ({
      traceId: trace.trace_id,
      traceName: trace.trace_name,
      resourceId: trace.resource_id,
      traceType: trace.trace_type,
      succeeded: (trace.trace_rating ?? trace.trace_status ?? 'normal') === 'normal',
      time: trace.time,
      raw: trace,
    }),
  ),
);

const schema = v.object({
  // One undocumented entry must not hide the others.
  traces: v.array(
    v.union([
      traceSchema,
      v.pipe(
        v.unknown(),
        v.transform(() => undefined),
      ),
    ]),
  ),
  meta_data: v.optional(v.object({ marker: v.nullish(v.string()) })),
});

/**
 * The traces of a time span, page by page: `GET /v3/{project_id}/traces`.
 * @throws what getJson() throws
 */
export async function listTraces(
  deps: TraceDeps,
  query: TraceQuery,
  signal: AbortSignal,
): Promise<readonly Trace[]> {
  const found = new Map<string, Trace>();
  let marker: string | undefined;
  do {
    const page = await getJson(deps, {
      what: `listing the audit traces of ${query.serviceType}`,
      url: urlOf(deps, query, marker),
      schema,
      signal,
    });
    const before = found.size;
    for (const trace of page.traces) if (trace) found.set(trace.traceId, trace);
    const next = page.meta_data?.marker ?? undefined;
    marker = page.traces.length > 0 && found.size > before && next !== marker ? next : undefined;
  } while (marker);
  return [...found.values()];
}

function urlOf(
  { config, ctsEndpoint }: TraceDeps,
  { fromMs, serviceType, toMs, traceName }: TraceQuery,
  marker: string | undefined,
): string {
  const url = new URL(`${ctsEndpoint}/v3/${encodeURIComponent(config.projectId)}/traces`);
  const query = {
    trace_type: 'system',
    service_type: serviceType,
    ...(traceName && { trace_name: traceName }),
    from: String(Math.floor(fromMs)),
    to: String(Math.ceil(toMs)),
    limit: String(pageSize),
    ...(marker && { next: marker }),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
