import { randomUUID } from 'node:crypto';
import { type Answer, type GatewayOptions, refuse, sendAnswer, unknownApi } from './gateway.ts';
import { type CloudServer, readBody, startCloudServer } from './server.ts';

/** A trace as CTS keeps it: the fields that ddm-sync reads. */
interface CloudTrace {
  readonly trace_id: string;
  readonly trace_name: string;
  readonly service_type: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly trace_type: 'ApiCall' | 'ConsoleAction' | 'SystemAction';
  readonly trace_rating: 'normal' | 'warning' | 'incident';
  /** Ms since the epoch; CTS does not list a trace before its time. */
  readonly time: number;
}

export type NewTrace = Partial<CloudTrace> &
  Pick<CloudTrace, 'trace_name' | 'service_type' | 'resource_id'>;

export interface CtsServer extends CloudServer {
  add(trace: NewTrace): CloudTrace;
  /** Calls so far. */
  calls(): number;
  /** Traces listed so far. */
  shown(): number;
  /** Faults: what to answer instead, or undefined. */
  fault: (query: URLSearchParams) => Answer | undefined;
}

const keptMs = 7 * 24 * 3_600_000;
const defaultSpanMs = 3_600_000;

/** A few of those that CTS knows. */
const operations: Answer = {
  status: 200,
  body: {
    operations: [
      {
        service_type: 'RDS',
        resource_type: 'instance',
        operation_list: ['createInstance', 'instanceAction', 'changeInstancePort'],
      },
      {
        service_type: 'GaussDB',
        resource_type: 'instance',
        operation_list: ['instanceSwitchOver', 'renameInstance'],
      },
      { service_type: 'ECS', resource_type: 'ecs', operation_list: ['createServer'] },
    ],
  },
};

/** The audit service, as far as `GET /v3/{project_id}/traces` and `…/operations`. */
export async function startCts(options: GatewayOptions): Promise<CtsServer> {
  const traces: CloudTrace[] = [];
  let calls = 0;
  let shown = 0;
  const server = await startCloudServer(async (request, response) => {
    const body = await readBody(request);
    calls += 1;
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://cts');
    const path = `/v3/${options.projectId}`;
    const isTraces = request.method === 'GET' && pathname === `${path}/traces`;
    const isOperations = request.method === 'GET' && pathname === `${path}/operations`;
    const given =
      refuse(request, body, options) ??
      (isTraces || isOperations ? cts.fault(searchParams) : unknownApi()) ??
      (isOperations ? operations : listTraces(traces, searchParams));
    sendAnswer(response, given);
    const { traces: page } = (given.body ?? {}) as { readonly traces?: readonly unknown[] };
    shown += page?.length ?? 0;
  });
  const cts: CtsServer = {
    ...server,
    add: (trace) => {
      const added: CloudTrace = {
        trace_id: randomUUID(),
        resource_type: 'instance',
        trace_type: 'ApiCall',
        trace_rating: 'normal',
        time: Date.now(),
        ...trace,
      };
      traces.push(added);
      return added;
    },
    calls: () => calls,
    shown: () => shown,
    fault: () => undefined,
  };
  return cts;
}

const filters = ['service_type', 'resource_type', 'resource_id', 'trace_name'] as const;

/** Newest first; the marker is the last trace of the page, and null when nothing follows. */
function listTraces(traces: readonly CloudTrace[], query: URLSearchParams): Answer {
  const now = Date.now();
  const from = Math.max(now - keptMs, Number(query.get('from') ?? now - defaultSpanMs));
  const to = Math.min(now, Number(query.get('to') ?? now));
  const limit = Number(query.get('limit') ?? 10);
  const isRight = query.get('trace_type') === 'system' && limit >= 1 && limit <= 200;
  if (!isRight || Number.isNaN(from) || Number.isNaN(to)) {
    return {
      status: 400,
      body: { error_code: 'CTS.0003', error_msg: 'The request parameters are wrong.' },
    };
  }
  const found = traces
    .filter(({ time }) => time >= from && time <= to)
    .filter((trace) => filters.every((name) => (query.get(name) ?? trace[name]) === trace[name]))
    .toSorted((a, b) => b.time - a.time);
  const next = query.get('next');
  const start = next === null ? 0 : found.findIndex(({ trace_id }) => trace_id === next) + 1;
  const page = found.slice(start, start + limit);
  const marker = start + page.length < found.length ? (page.at(-1)?.trace_id ?? null) : null;
  return { status: 200, body: { traces: page, meta_data: { count: page.length, marker } } };
}
