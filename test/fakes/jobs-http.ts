import type { Clock } from '../../lib/clock.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../lib/huawei/http.ts';
import { answer } from './cts-http.ts';

interface FakeJob {
  readonly id: string;
  readonly instanceId: string;
  readonly createdAt: number;
  readonly endsAt: number;
  /** Empty: it works. */
  readonly failReason: string;
}

export interface FakeJobs extends HttpClient {
  readonly jobs: FakeJob[];
  /** Requests so far. */
  readonly urls: string[];
  /** The job list knows no job of a sync. */
  jobsHidden: boolean;
  /** The audit service records no sync. */
  tracesHidden: boolean;
  /** What the next jobs are like; asked for each. */
  plan: (instanceId: string) => { readonly durationMs: number; readonly failReason?: string };
  /** Faults: what to answer instead, or undefined. */
  fault: (request: HttpRequest) => HttpAnswer | undefined;
  /** Starts the job of an accepted sync. */
  start(instanceId: string): FakeJob;
}

const latencyMs = 20;

/** DDM's sync calls with the jobs that they start, its job list, and what the audit service records. */
export function createFakeJobs(clock: Clock): FakeJobs {
  const fake: FakeJobs = {
    jobs: [],
    urls: [],
    jobsHidden: false,
    tracesHidden: false,
    plan: () => ({ durationMs: 5_000 }),
    fault: () => undefined,
    start: (instanceId) => {
      const { durationMs, failReason = '' } = fake.plan(instanceId);
      const id = `job-${fake.jobs.length}-${instanceId.slice(24)}`;
      const createdAt = clock.now();
      const job = { id, instanceId, createdAt, endsAt: createdAt + durationMs, failReason };
      fake.jobs.push(job);
      return job;
    },
    close: () => {},
    send: async (request) => {
      fake.urls.push(request.url);
      const given = fake.fault(request) ?? respond(fake, request.url, clock.now());
      await clock.sleep(Math.min(latencyMs, request.timeoutMs));
      return given;
    },
  };
  return fake;
}

function respond(fake: FakeJobs, text: string, now: number): HttpAnswer {
  const { pathname, searchParams } = new URL(text);
  const [, version, instanceId] = /\/(v1|v3)\/[^/]+\/instances\/([^/]+)\//.exec(pathname) ?? [];
  if (instanceId !== undefined) {
    const { id } = fake.start(instanceId);
    return answer(200, version === 'v1' ? { instanceId, jobId: id } : {});
  }
  return pathname.endsWith('/jobs')
    ? listJobs(fake, searchParams, now)
    : listTraces(fake, searchParams, now);
}

function listJobs({ jobs, jobsHidden }: FakeJobs, query: URLSearchParams, now: number) {
  const [from = 0, to = 0, offset = 0, limit = 0] = numbers(query, [
    'start_time',
    'end_time',
    'offset',
    'limit',
  ]);
  const known = jobsHidden ? [] : jobs;
  const found = known.filter(({ createdAt }) => createdAt >= from && createdAt <= to);
  const page = found.slice(offset, offset + limit).map(({ endsAt, failReason, id }) => {
    const ended = failReason ? 'Failed' : 'Completed';
    return { id, status: endsAt > now ? 'Running' : ended, fail_reason: failReason || null };
  });
  return answer(200, { jobs: page, offset, limit, total: found.length });
}

function listTraces({ jobs, tracesHidden }: FakeJobs, query: URLSearchParams, now: number) {
  const [from = 0, to = 0] = numbers(query, ['from', 'to']);
  const about = { trace_name: 'synRdsinfo', service_type: 'DDM' };
  const traces = (tracesHidden ? [] : jobs).flatMap(
    ({ createdAt, endsAt, failReason, id, instanceId }) => [
      {
        ...about,
        trace_id: `${id}-asked`,
        resource_id: instanceId,
        trace_type: 'ApiCall',
        trace_rating: 'normal',
        time: createdAt,
      },
      {
        ...about,
        trace_id: `${id}-ended`,
        resource_id: instanceId,
        trace_type: 'SystemAction',
        trace_rating: failReason ? 'warning' : 'normal',
        time: endsAt,
      },
    ],
  );
  const found = traces.filter(({ time }) => time >= from && time <= Math.min(to, now));
  return answer(200, { traces: found, meta_data: { count: found.length, marker: null } });
}

function numbers(query: URLSearchParams, names: readonly string[]): number[] {
  return names.map((name) => Number(query.get(name)));
}
