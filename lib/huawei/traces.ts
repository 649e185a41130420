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

const text = v.nullish(v.string());
const traceSchema = v.pipe(
  v.looseObject({
    trace_id: v.string(),
    trace_name: v.string(),
    resource_id: text,
    trace_type: text,
    trace_rating: text,
    trace_status: text, // some services' name for the rating
    time: v.optional(v.unknown()),
    record_time: v.optional(v.unknown()),
  }),
  v.transform((trace) => ({
    trace,
    time: toMs(trace.time) ?? toMs(trace.record_time) ?? Number.NaN,
  })),
  v.check(({ time }) => !Number.isNaN(time)),
  v.transform(
    ({ time, trace }): Trace => ({
      traceId: trace.trace_id,
      traceName: trace.trace_name,
      resourceId: trace.resource_id ?? '',
      traceType: trace.trace_type ?? '',
      succeeded: (trace.trace_rating ?? trace.trace_status ?? 'normal') === 'normal',
      time,
      raw: trace,
    }),
  ),
);

const maxTime = 8.64e15; // the largest Date

/** Ms since the epoch, or the form of the CTS user guide: 2016/12/08 11:07:28 GMT+08:00. */
function toMs(time: unknown): number | undefined {
  if (typeof time === 'number') return Math.abs(time) <= maxTime ? time : undefined;
  if (typeof time !== 'string') return undefined;
  if (/^\d{13}$/.test(time)) return Number(time);
  const parts = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d) GMT([+-]\d\d:\d\d)$/.exec(time);
  if (parts === null) return undefined;
  const [, year, month, day, clock, zone] = parts;
  return Date.parse(`${year}-${month}-${day}T${clock}${zone}`);
}

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

/** What CTS lists for a time span. */
interface ListedTraces {
  readonly traces: readonly Trace[];
  /** Entries that are not of the documented form. */
  readonly unreadable: number;
}

/**
 * The traces of a time span, page by page: `GET /v3/{project_id}/traces`.
 * @throws what getJson() throws
 */
export async function listTraces(
  deps: TraceDeps,
  query: TraceQuery,
  signal: AbortSignal,
): Promise<ListedTraces> {
  const found = new Map<string, Trace>();
  const markers = new Set<string>();
  let unreadable = 0;
  for (let marker: string | undefined; ; ) {
    const page = await getJson(deps, {
      what: `listing the audit traces of ${query.serviceType}`,
      url: urlOf(deps, query, marker),
      schema,
      signal,
    });
    for (const trace of page.traces) {
      if (trace) found.set(trace.traceId, trace);
      else unreadable += 1;
    }
    // encodeURIComponent() throws on half of a pair of surrogates.
    marker = page.meta_data?.marker?.toWellFormed() || undefined;
    // A marker that comes again would lead round in a circle.
    if (page.traces.length === 0 || marker === undefined || markers.has(marker)) break;
    markers.add(marker);
  }
  return { traces: [...found.values()], unreadable };
}

function urlOf(
  { config, ctsEndpoint }: TraceDeps,
  { fromMs, serviceType, toMs, traceName }: TraceQuery,
  marker: string | undefined,
): string {
  const query = {
    trace_type: 'system',
    service_type: serviceType,
    ...(traceName && { trace_name: traceName }),
    from: String(Math.floor(fromMs)),
    to: String(Math.ceil(toMs)),
    limit: String(pageSize),
    ...(marker && { next: marker }),
  };
  // Not URLSearchParams, which sends a blank as "+": the signature has %20.
  const pairs = Object.entries(query).map(
    ([name, value]) => `${name}=${encodeURIComponent(value)}`,
  );
  const url = new URL(`${ctsEndpoint}/v3/${encodeURIComponent(config.projectId)}/traces`);
  url.search = pairs.join('&');
  return url.href;
}
