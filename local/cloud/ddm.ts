import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccessKeys } from '../../lib/secret.ts';
import { createDataNodes, type DataNodes } from './data-nodes.ts';
import { type CloudServer, readBody, sendJson, startCloudServer } from './server.ts';
import { checkSignature } from './signature.ts';
import { createSlidingLimit } from './sliding-limit.ts';

export interface DdmOptions {
  readonly projectId: string;
  readonly instanceIds: readonly string[];
  readonly isValidToken: (token: string) => boolean;
  /** Whose signatures are taken. */
  readonly accessKeys?: AccessKeys;
  /** Time that every answer takes. */
  readonly latencyMs?: number;
  /** Share (0 to 1) of the instances that fail, always the same ones. */
  readonly failShare?: number;
  /** Share (0 to 1) of the instances that fail once. */
  readonly flakyShare?: number;
  /** Calls in any second above which the gateway throttles. */
  readonly throttlePerSecond?: number | undefined;
}

export interface DdmStats {
  readonly calls: number;
  readonly accepted: number;
  readonly throttled: number;
  readonly peakInFlight: number;
}

export interface DdmServer extends CloudServer {
  stats(): DdmStats;
  readonly instanceIds: readonly string[];
  /** Data nodes of the instances. */
  readonly dataNodes: DataNodes;
  /** How far the service's clock is ahead, in ms. */
  clockSkewMs: number;
  /** What the list says of instances that are not RUNNING, by id. */
  readonly states: Map<string, string>;
  /** Faults of the list: what to answer instead, or undefined. */
  listFault: () => Answer | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const path = /^\/(v1|v3)\/([^/]+)\/instances\/([^/?]+)\/(rds\/sync|data-nodes\/sync)$/;

/** DDM and its gateway: the two sync calls and the list, with the answers of the API reference. */
export const startDdm = async (options: DdmOptions): Promise<DdmServer> => {
  const stats = { calls: 0, accepted: 0, throttled: 0, peakInFlight: 0 };
  const instances = new Map(
    options.instanceIds.map((id, index) => [id, pickFault(index, options)]),
  );
  const limit = createSlidingLimit(options.throttlePerSecond ?? Number.POSITIVE_INFINITY);
  const dataNodes = createDataNodes();
  let inFlight = 0;

  const answer = (request: IncomingMessage, body: string): Answer => {
    const { headers, method, url = '' } = request;
    if (!limit.take()) {
      stats.throttled += 1;
      return gatewayError(
        429,
        '0308',
        `The throttling threshold has been reached: policy user over ratelimit,limit:${options.throttlePerSecond},time:1 second`,
      );
    }
    if (headers.authorization !== undefined) {
      const problem = checkSignature(request, body, options, Date.now() + ddm.clockSkewMs);
      if (problem) return gatewayError(401, '0301', problem);
    } else if (!options.isValidToken(String(headers['x-auth-token']))) {
      return gatewayError(401, '0307', 'The token must be updated.');
    }
    const databasesOf = /^\/v1\/[^/]+\/instances\/([^/]+)\/databases\?/.exec(url)?.[1];
    if (method === 'GET' && databasesOf) {
      if (!instances.has(databasesOf)) return ddmError(404, 'DBS.280001', 'Parameter error.');
      const { searchParams } = new URL(url, 'http://ddm');
      return { status: 200, body: dataNodes.listDatabases(databasesOf, searchParams) };
    }
    if (method === 'GET' && url.startsWith(`/v1/${options.projectId}/instances`)) {
      return ddm.listFault() ?? listInstances(url, options, ddm.states);
    }
    const [, version, projectId, instanceId = '', action] = path.exec(url) ?? [];
    const isSync = (version === 'v1') === (action === 'rds/sync');
    if (method !== 'POST' || projectId !== options.projectId || !isSync) {
      return gatewayError(404, '0101', 'The API does not exist or has not been published.');
    }
    if (headers['content-type'] !== 'application/json') {
      return ddmError(415, 'DBS.280001', 'Unsupported media type.');
    }
    const fault = instances.get(instanceId);
    if (fault === undefined) return ddmError(404, 'DBS.280001', 'Parameter error.'); // code: our guess
    const failed = fault.next();
    if (failed) return failed;
    stats.accepted += 1;
    return {
      status: 200,
      body: version === 'v1' ? { instanceId, jobId: randomUUID() } : undefined,
    };
  };

  const server = await startCloudServer(async (request, response) => {
    const body = await readBody(request);
    if (request.url === '/_stats') return sendJson(response, 200, stats);
    stats.calls += 1;
    inFlight += 1;
    stats.peakInFlight = Math.max(stats.peakInFlight, inFlight);
    const given = answer(request, body);
    if (options.latencyMs) await sleep(options.latencyMs);
    inFlight -= 1;
    if (ddm.clockSkewMs) {
      response.setHeader('Date', new Date(Date.now() + ddm.clockSkewMs).toUTCString());
    }
    send(response, given);
  });
  const { instanceIds } = options;
  const ddm: DdmServer = {
    ...server,
    instanceIds,
    dataNodes,
    stats: () => ({ ...stats }),
    clockSkewMs: 0,
    states: new Map(),
    listFault: () => undefined,
  };
  return ddm;
};

const send = (response: ServerResponse, { body, status }: Answer): void => {
  if (typeof body === 'string')
    response.writeHead(status, { 'Content-Type': 'text/html' }).end(body);
  else if (body === undefined) response.writeHead(status, { 'Content-Length': '0' }).end();
  else sendJson(response, status, body);
};

const ddmError = (status: number, errCode: string, externalMessage: string): Answer => ({
  status,
  body: { errCode, externalMessage },
});

const gatewayError = (status: number, number: string, message: string): Answer => ({
  status,
  body: {
    error_msg: message,
    error_code: `APIGW.${number}`,
    request_id: randomBytes(16).toString('hex'),
  },
});

const listInstances = (
  url: string,
  { instanceIds, projectId }: DdmOptions,
  states: ReadonlyMap<string, string>,
): Answer => {
  const query = new URL(url, 'http://ddm').searchParams;
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
};

interface Fault {
  /** The error of the next call, or undefined when it works. */
  next(): Answer | undefined;
}

const lastingFaults: readonly Answer[] = [
  ddmError(400, 'DBS.280001', 'Parameter error.'),
  ddmError(500, 'DBS.200412', 'Server failure.'),
  ddmError(400, 'DBS.300005', 'Failed to process the request.'),
];

const passingFaults: readonly Answer[] = [
  ddmError(400, 'DBS.300002', 'Server failure.'),
  { status: 502, body: '<html><body><h1>502 Bad Gateway</h1></body></html>' },
];

const healthy: Fault = { next: () => undefined };

// Spreads the faults evenly over the list, so that the same switches always hit the same instances.
const pickFault = (index: number, { failShare = 0, flakyShare = 0 }: DdmOptions): Fault => {
  const isHit = (share: number, at: number): boolean =>
    Math.floor((at + 1) * share) > Math.floor(at * share);
  const lasting = lastingFaults[Math.floor(index * failShare) % lastingFaults.length];
  if (isHit(failShare, index)) return { next: () => lasting };
  if (!isHit(flakyShare, index)) return healthy;
  let passing = passingFaults[Math.floor(index * flakyShare) % passingFaults.length];
  return {
    next: () => {
      const failed = passing;
      passing = undefined;
      return failed;
    },
  };
};
