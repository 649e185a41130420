import type { HttpAnswer } from '../../../lib/huawei/http.ts';
import { epochMs } from '../cloud/process.ts';
import type { ReadFault } from '../faults.ts';
import type { World } from '../world.ts';
import { json, never, type Reply, refused, unavailable } from './answer.ts';
import { indexOf, instanceIdOf, nodeIdOf } from './ids.ts';

interface DdmJob {
  readonly id: string;
  readonly index: number;
  readonly startedAt: number;
  readonly endsAt: number;
  readonly isFailed: boolean;
}

/** What the service knows of one instance. */
interface DdmInstance {
  calls: number;
  /** Calls that it did not accept. */
  refusals: number;
  accepts: number;
  lastCallAt: number;
  lastAcceptedAt: number;
}

export interface Ddm {
  readonly instances: readonly DdmInstance[];
  readonly jobs: readonly DdmJob[];
  respond(path: string, query: URLSearchParams, method: string, token: string): Reply;
  /** When each call came that asked for a sync. */
  readonly calledAt: readonly number[];
  /** Calls that asked for a sync. */
  calls(): number;
  /** Those of them that were refused with 429 or 503. */
  wasted(): number;
  /** Calls that listed the schemas of an instance. */
  listings(): number;
}

export function createDdm(world: World): Ddm {
  const { faults, journal, plan, random, scheduler } = world;
  const instances: DdmInstance[] = Array.from({ length: plan.fleet }, () => ({
    ...{ calls: 0, refusals: 0, accepts: 0, lastCallAt: -1, lastAcceptedAt: -1 },
  }));
  const jobs: DdmJob[] = [];
  const [least, most] = plan.ddm.latencyMs;
  const taken: number[] = [];
  const calledAt: number[] = [];
  let wasted = 0;
  let listings = 0;

  const isAboveLimit = (now: number): boolean => {
    const limit = faults.find('limit')?.perSecond ?? plan.ddm.perSecond;
    if (limit >= 10_000) return false;
    while (taken.length > 0 && (taken[0] ?? 0) <= now - 1_000) taken.shift();
    if (taken.length >= limit) return true;
    taken.push(now);
    return false;
  };

  /** What the gateway and the project answer, whatever is asked for. */
  const refuse = (token: string): HttpAnswer | undefined => {
    const outage = faults.find('outage');
    if (world.sabotage === 'refuse after the faults' && scheduler.now() > plan.asksUntil)
      return invalid;
    if (outage) return unavailable(outage.retryAfterSeconds);
    if (!world.iam.isValid(token) || random.chance(faults.share('spurious-401')))
      return refused(token);
    return undefined;
  };

  const sync = (index: number, token: string): Reply => {
    const now = scheduler.now();
    const instance = instances[index];
    if (instance === undefined) return { answer: gone, latencyMs: least };
    calledAt.push(now);
    instance.calls += 1;
    instance.lastCallAt = now;
    journal.event(`call ${index}`);
    const latencyMs = random.between(least, most) * (faults.find('slow')?.factor ?? 1);
    const failed =
      refuse(token) ??
      (isAboveLimit(now) ? throttled(plan.ddm.retryAfterSeconds) : undefined) ??
      failOf(world, index);
    if (failed === 'never') return { answer: gone, latencyMs: never };
    if (failed) {
      instance.refusals += 1;
      if (failed.status === 429 || failed.status === 503) wasted += 1;
      return { answer: failed, latencyMs };
    }
    if (world.sabotage === 'claim') return { answer: accepted(index, 'job-of-nothing'), latencyMs };
    instance.accepts += 1;
    instance.lastAcceptedAt = now;
    const id = `job-${jobs.length}`;
    const endsAt = now + random.between(1_000, 60_000);
    jobs.push({ id, index, startedAt: now, endsAt, isFailed: random.chance(plan.ddm.failedJobs) });
    journal.event(`accepted ${index} ${id}`);
    return { answer: accepted(index, id), latencyMs };
  };

  const read = (path: string, query: URLSearchParams, token: string): HttpAnswer => {
    if (path.endsWith('/databases')) listings += 1;
    const failed = refuse(token);
    if (failed) return failed;
    if (path.endsWith('/databases')) return listSchemas(world, indexOf(instanceIn(path)));
    if (path.endsWith('/jobs')) return listJobs(jobs, query, scheduler.now());
    return listInstances(world, query);
  };

  return {
    instances,
    jobs,
    calledAt,
    calls: () => calledAt.length,
    wasted: () => wasted,
    listings: () => listings,
    respond: (path, query, method, token) =>
      method === 'POST'
        ? sync(indexOf(instanceIn(path)), token)
        : { answer: read(path, query, token), latencyMs: random.between(least, most) },
  };
}

function instanceIn(path: string): string {
  return /\/instances\/(\w{36})/.exec(path)?.[1] ?? '';
}

function accepted(index: number, jobId: string): HttpAnswer {
  return json(200, { instanceId: instanceIdOf(index), jobId });
}

const gone = json(404, { errCode: 'DBS.280001', externalMessage: 'The instance does not exist.' });
const failing = json(500, { errCode: 'DBS.200412', externalMessage: 'Server failure.' });
const busy = json(409, { errCode: 'DBS.200011', externalMessage: 'Another operation.' });
const invalid = json(400, { errCode: 'DBS.300005', externalMessage: 'Failed to process.' });

function throttled(retryAfterSeconds: number | undefined): HttpAnswer {
  const body = { error_code: 'APIGW.0308', error_msg: 'Throttled' };
  const text = retryAfterSeconds === undefined ? undefined : String(retryAfterSeconds);
  return json(429, body, { 'retry-after': text });
}

function failOf({ faults, random }: World, index: number): HttpAnswer | 'never' | undefined {
  const own = faults.ofInstance(index);
  if (own === 'never-answers') return 'never';
  if (own === '500') return failing;
  if (own === '409' || own === 'backup') return busy;
  if (own === '400') return invalid;
  if (own === '401') return json(401, { error_code: 'APIGW.0307', error_msg: 'Refused' });
  if (own === 'gone') return gone;
  if (random.chance(faults.share('errors-500'))) return failing;
  return random.chance(faults.share('errors-503')) ? unavailable() : undefined;
}

const readAnswers: Readonly<Record<ReadFault, HttpAnswer>> = {
  '403': json(403, { error_code: 'DBS.200001', error_msg: 'No permission' }),
  '404-apigw': json(404, { error_code: 'APIGW.0101', error_msg: 'The API does not exist' }),
  html: json(200, '<html><body>Maintenance</body></html>'),
  redirect: json(302, ''),
  '429': throttled(undefined),
  '500': failing,
  '503': unavailable(),
};

function listSchemas({ faults, nodes, random }: World, index: number): HttpAnswer {
  const fault = faults.ofSchemas(index);
  if (fault) return readAnswers[fault];
  const own = faults.ofInstance(index);
  if (own === '500') return failing;
  if (own === '409') return busy;
  if (own === 'gone') return gone;
  if (random.chance(faults.share('errors-500'))) return failing;
  const ofInstance = nodes.ofInstance(index);
  const databases = ofInstance.map((node) => ({
    name: `schema${node}`,
    used_rds: [{ id: nodeIdOf(node) }],
  }));
  return json(200, { databases, total: databases.length });
}

function listInstances({ faults, plan: { fleet } }: World, query: URLSearchParams): HttpAnswer {
  const offset = Number(query.get('offset'));
  const length = Math.max(0, Math.min(Number(query.get('limit')), fleet - offset));
  const instances = Array.from({ length }, (_, at) => ({
    id: instanceIdOf(offset + at),
    status: faults.ofInstance(offset + at) === 'backup' ? 'BACKUP' : 'RUNNING',
  }));
  return json(200, { instances, total_record: fleet });
}

function listJobs(jobs: readonly DdmJob[], query: URLSearchParams, now: number): HttpAnswer {
  const from = Number(query.get('start_time')) - epochMs;
  const to = Number(query.get('end_time')) - epochMs;
  const offset = Number(query.get('offset'));
  const first = firstAt(jobs, from);
  const end = firstAt(jobs, to + 1);
  const page = jobs.slice(
    first + offset,
    Math.min(end, first + offset + Number(query.get('limit'))),
  );
  const listed = page.map(({ endsAt, id, isFailed }) => ({
    id,
    status: endsAt > now ? 'Running' : isFailed ? 'Failed' : 'Completed',
    fail_reason: isFailed && endsAt <= now ? 'the node is not in state Normal' : null,
  }));
  return json(200, { jobs: listed, total: end - first });
}

/** The first job that started at or after a time: they are in order. */
function firstAt(jobs: readonly DdmJob[], at: number): number {
  let low = 0;
  let high = jobs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((jobs[middle]?.startedAt ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
