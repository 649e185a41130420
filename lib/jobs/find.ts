import type { App } from '../app.ts';
import { ownTrace } from '../changes/trace-names.ts';
import type { Deadline } from '../deadline.ts';
import { ReadError } from '../errors.ts';
import { openConnection } from '../huawei/connection.ts';
import type { ReadDeps } from '../huawei/get-json.ts';
import { type Job, listJobs } from '../huawei/lists.ts';
import { listTraces, type Trace } from '../huawei/traces.ts';
import { policyFor } from '../sync/failure-policy.ts';
import type { FollowedJob } from './job.ts';
import type { FoundEnd } from './results.ts';

/*
 * Whether DDM's job list contains the job of a sync is not documented, and v3 gives no job id at all: what is not
 * in the list is looked up in the audit log.
 */
const listedWithinRounds = 2;
const jobMarginMs = 10_000; // how far the service's clock may be behind; this reads other jobs of that time too
const traceMarginMs = 5_000; // less: a trace names the instance and not the job

/**
 * Checks jobs once, all of them together. Resolves with the ends of those that ended. The others stay open,
 * and so do those that could not be checked: one warning says why. Never rejects.
 */
export async function findEnds(
  app: App,
  jobs: readonly FollowedJob[],
  deadline: Deadline,
): Promise<ReadonlyMap<FollowedJob, FoundEnd>> {
  const ends = new Map<FollowedJob, FoundEnd>();
  const problem = await search(app, jobs, ends, deadline).catch((error: unknown) => error);
  if (problem !== undefined) {
    const reason = problem instanceof Error ? problem.message : 'unknown error';
    app.log.warning('sync jobs not checked: the next check tries again', {
      jobs: jobs.length,
      reason,
    });
  }
  return ends;
}

type Ends = Map<FollowedJob, FoundEnd>;

interface Search extends ReadDeps, Pick<App, 'config' | 'ctsEndpoint'> {
  readonly signal: AbortSignal;
}

/** Resolves with the first thing that went wrong. */
async function search(
  app: App,
  jobs: readonly FollowedJob[],
  ends: Ends,
  deadline: Deadline,
): Promise<unknown> {
  using connection = await openConnection(app, deadline, 'calls');
  const deps = { ...app, ...connection, signal: deadline.signal('answers') };
  const listed = await searchJobList(deps, jobs, ends);
  if (listed.means === 'stop') return listed.problem;
  const unlisted = jobs.filter((job) => !ends.has(job) && isUnlisted(job, listed));
  await searchTraces(deps, unlisted, ends);
  return listed.problem;
}

interface Listed {
  /** The jobs that were found, by id. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** Why the list ended early. */
  readonly problem?: unknown;
  /** What that says of the jobs that were not found. */
  readonly means: 'absent' | 'unknown' | 'stop';
}

async function searchJobList(
  deps: Search,
  jobs: readonly FollowedJob[],
  ends: Ends,
): Promise<Listed> {
  const found = new Map<string, Job>();
  const problem = await findJobs(deps, jobs, found).catch((error: unknown) => error);
  for (const job of jobs) {
    const end = readJob(found.get(job.jobId ?? ''));
    if (end) ends.set(job, end);
  }
  if (problem === undefined) return { jobs: found, means: 'absent' };
  const means = problem instanceof ReadError ? policyFor(problem.failure).means : 'unknown';
  return { jobs: found, problem, means };
}

/** Pages through the list until every job that has an id was found. */
async function findJobs(
  deps: Search,
  jobs: readonly FollowedJob[],
  found: Map<string, Job>,
): Promise<void> {
  const wanted = new Set(jobs.flatMap(({ jobId = [] }) => jobId));
  if (wanted.size === 0) return;
  const span = { fromMs: firstAccepted(jobs) - jobMarginMs, toMs: deps.clock.now() };
  for await (const page of listJobs(deps, span, deps.signal)) {
    for (const job of page) if (wanted.has(job.id)) found.set(job.id, job);
    if (found.size === wanted.size) return;
  }
}

function readJob(job: Job | undefined): FoundEnd | undefined {
  if (job?.status === 'Completed') return { end: 'completed', source: 'job' };
  if (job?.status !== 'Failed') return undefined;
  const { failReason: externalMessage } = job;
  return { end: 'failed', source: 'job', ...(externalMessage !== '' && { externalMessage }) };
}

/** Whether the job list does not have a job, and will not have it later. */
function isUnlisted({ jobId, round }: FollowedJob, { jobs, means }: Listed): boolean {
  if (jobId === undefined) return true;
  return means === 'absent' && round >= listedWithinRounds && !jobs.has(jobId);
}

async function searchTraces(
  { ctsEndpoint, ...deps }: Search,
  jobs: readonly FollowedJob[],
  ends: Ends,
): Promise<void> {
  if (jobs.length === 0 || ctsEndpoint === undefined) return;
  const fromMs = firstAccepted(jobs) - traceMarginMs;
  const query = { serviceType: 'DDM', traceName: ownTrace, fromMs, toMs: deps.clock.now() };
  const { traces } = await listTraces({ ...deps, ctsEndpoint }, query, deps.signal);
  // The operation is recorded twice: when it was requested, and as SystemAction when it ended.
  const ended = traces.filter(({ traceType }) => traceType === 'SystemAction');
  const byInstance = Map.groupBy(
    ended.toSorted((a, b) => a.time - b.time),
    ({ resourceId }) => resourceId,
  );
  for (const job of jobs) {
    const isAfter = ({ time }: Trace): boolean => time >= job.acceptedAt - traceMarginMs;
    const trace = byInstance.get(job.instanceId)?.find(isAfter);
    if (!trace) continue;
    ends.set(job, { end: trace.succeeded ? 'completed' : 'failed', source: 'trace' });
  }
}

function firstAccepted(jobs: readonly FollowedJob[]): number {
  return jobs.reduce(
    (first, { acceptedAt }) => Math.min(first, acceptedAt),
    Number.POSITIVE_INFINITY,
  );
}
