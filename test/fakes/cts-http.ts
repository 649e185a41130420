import type { HttpAnswer, HttpClient, HttpRequest } from '../../lib/huawei/http.ts';

/** A trace as CTS has it; the fields that watch does not read are left out. */
export interface FakeTrace {
  readonly trace_id: string;
  readonly trace_name: string;
  readonly service_type: string;
  readonly resource_id: string | null;
  readonly trace_type: string | null;
  readonly trace_rating: string | null;
  readonly trace_status?: string;
  readonly response?: unknown;
  /** A number to be found by; another value is listed whatever the span. */
  readonly time: unknown;
  readonly record_time?: number;
}

export interface FakeCts {
  readonly traces: FakeTrace[];
  /** Data nodes of the instances, by instance id. */
  readonly dataNodes: Map<string, readonly string[]>;
  /** Requests so far. */
  readonly urls: string[];
  /** Faults: what to answer instead, or undefined; awaited before each answer. */
  fault: (request: HttpRequest) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>;
  readonly http: HttpClient;
}

export function answer(status: number, body: unknown): HttpAnswer {
  return {
    status,
    body: JSON.stringify(body),
    header: () => undefined,
  };
}

/** The audit service, newest trace first, and DDM's list of schemas. */
export function createFakeCts(): FakeCts {
  const cts: FakeCts = {
    traces: [],
    dataNodes: new Map(),
    urls: [],
    fault: () => undefined,
    http: {
      close: () => {},
      send: async (request) => {
        cts.urls.push(request.url);
        const url = new URL(request.url);
        const instanceId = /\/instances\/([^/]+)\/databases$/.exec(url.pathname)?.[1];
        return (
          (await cts.fault(request)) ??
          (instanceId ? databasesOf(cts, instanceId) : listTraces(cts, url.searchParams))
        );
      },
    },
  };
  return cts;
}

function databasesOf({ dataNodes }: FakeCts, instanceId: string): HttpAnswer {
  const nodes = dataNodes.get(instanceId);
  if (nodes === undefined) return answer(404, { errCode: 'DBS.280001', externalMessage: 'gone' });
  const databases = nodes.map((id) => ({ name: `schema-${id}`, used_rds: [{ id }] }));
  return answer(200, { databases, total: databases.length });
}

function isDate(time: unknown): time is number {
  return typeof time === 'number' && time <= 8.64e15;
}

function listTraces({ traces }: FakeCts, query: URLSearchParams): HttpAnswer {
  const [from, to, limit] = ['from', 'to', 'limit'].map((name) => Number(query.get(name)));
  const found = traces
    .filter(({ service_type }) => service_type === query.get('service_type'))
    .filter(({ time }) => !isDate(time) || (time >= (from ?? 0) && time <= (to ?? 0)))
    .toSorted((a, b) => Number(b.time) - Number(a.time) || 0);
  const next = query.get('next') ?? undefined;
  const start = found.findIndex(({ trace_id }) => trace_id === next) + 1;
  const page = found.slice(start, start + (limit ?? 10));
  const marker = start + page.length < found.length ? page.at(-1)?.trace_id : undefined;
  return answer(200, { traces: page, meta_data: { count: page.length, marker } });
}
