import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewTrace } from './cts.ts';
import { createDataNodes, type DataNodes } from './data-nodes.ts';
import { type CloudName, ddmError, type FaultShares, pickFault, toV3 } from './ddm-faults.ts';
import { createTasks, type TaskOptions, type Tasks } from './ddm-tasks.ts';
import {
  type Answer,
  type GatewayOptions,
  gatewayError,
  refuse,
  sendAnswer,
  unknownApi,
} from './gateway.ts';
import { listInstances } from './instance-list.ts';
import { type CloudServer, readBody, startCloudServer } from './server.ts';
import { createSlidingLimit } from './sliding-limit.ts';

export interface DdmOptions extends GatewayOptions, FaultShares, TaskOptions {
  readonly instanceIds: readonly string[];
  /** Records an operation with the audit service. */
  readonly addTrace?: (trace: NewTrace) => void;
  /** How long every answer takes. */
  readonly latencyMs?: number;
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
  /** The form of v3's errors. */
  cloud: CloudName;
  /** The status in the list of instances that are not RUNNING, by id. */
  readonly states: Map<string, string>;
  /** Faults of the list: what to answer instead, or undefined. */
  listFault: () => Answer | undefined;
  /** The jobs of accepted syncs. */
  readonly tasks: Tasks;
  /** Faults of the job list: what to answer instead, or undefined. */
  jobsFault: () => Answer | undefined;
}

const path = /^\/(v1|v3)\/([^/]+)\/instances\/([^/?]+)\/(rds\/sync|data-nodes\/sync)$/;

/** DDM and its gateway: the two sync calls and the lists, with the answers of the API reference. */
export async function startDdm(options: DdmOptions): Promise<DdmServer> {
  const stats = { calls: 0, accepted: 0, throttled: 0, peakInFlight: 0 };
  const instances = new Map(
    options.instanceIds.map((id, index) => [id, pickFault(index, options)]),
  );
  const limit = createSlidingLimit(options.throttlePerSecond ?? Number.POSITIVE_INFINITY);
  const dataNodes = createDataNodes();
  const tasks = createTasks(options, options.addTrace ?? (() => {}));
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
    const refusal = refuse(request, body, options, Date.now() + ddm.clockSkewMs);
    if (refusal) return refusal;
    if (method === 'GET') return answerQuestion(url);
    const [, version, projectId, instanceId = '', action] = path.exec(url) ?? [];
    const isSync = (version === 'v1') === (action === 'rds/sync');
    if (method !== 'POST' || projectId !== options.projectId || !isSync) return unknownApi();
    if (headers['content-type'] !== 'application/json') {
      return ddmError(415, 'DBS.280001', 'Unsupported media type.');
    }
    const fault = instances.get(instanceId);
    if (fault === undefined) return ddmError(404, 'DBS.280001', 'Parameter error.'); // code: our guess
    const failed = fault.next();
    if (failed) return failed;
    stats.accepted += 1;
    const jobId = tasks.start(instanceId, version === 'v1' ? 'v1' : 'v3');
    return { status: 200, body: version === 'v1' ? { instanceId, jobId } : undefined };
  };

  const answerQuestion = (url: string): Answer => {
    const { pathname, searchParams } = new URL(url, 'http://ddm');
    const databasesOf = /^\/v1\/[^/]+\/instances\/([^/]+)\/databases$/.exec(pathname)?.[1];
    if (databasesOf) {
      if (!instances.has(databasesOf)) return ddmError(404, 'DBS.280001', 'Parameter error.');
      return { status: 200, body: dataNodes.listDatabases(databasesOf, searchParams) };
    }
    if (pathname === `/v1/${options.projectId}/instances`) {
      return ddm.listFault() ?? listInstances(searchParams, options, ddm.states);
    }
    if (pathname !== `/v3/${options.projectId}/jobs`) return unknownApi();
    return ddm.jobsFault() ?? tasks.list(searchParams);
  };

  const server = await startCloudServer(async (request, response) => {
    const body = await readBody(request);
    stats.calls += 1;
    inFlight += 1;
    stats.peakInFlight = Math.max(stats.peakInFlight, inFlight);
    const answered = answer(request, body);
    const given = request.url?.startsWith('/v3/') ? toV3(answered, ddm.cloud) : answered;
    if (options.latencyMs) await sleep(options.latencyMs);
    inFlight -= 1;
    if (ddm.clockSkewMs) {
      response.setHeader('Date', new Date(Date.now() + ddm.clockSkewMs).toUTCString());
    }
    sendAnswer(response, given);
  });
  const { instanceIds } = options;
  const ddm: DdmServer = {
    ...server,
    instanceIds,
    dataNodes,
    stats: () => ({ ...stats }),
    clockSkewMs: 0,
    cloud: 'Huawei Cloud',
    states: new Map(),
    listFault: () => undefined,
    tasks,
    jobsFault: () => undefined,
  };
  return ddm;
}
