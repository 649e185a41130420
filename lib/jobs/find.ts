import type { App } from '../app.ts';
import { ReadError } from '../errors.ts';
import { withConnection } from '../huawei/connection.ts';
import type { ReadDeps } from '../huawei/get-json.ts';
import { type Job, listJobs } from '../huawei/jobs.ts';
import { listTraces, type Trace } from '../huawei/traces.ts';
import type { FollowedJob } from './job.ts';
import type { Ending } from './results.ts';

/*
 * That the job list has a sync's job is not documented, and v3 gives no job id at all: whoever is not found
 * there is looked for in the audit log (HUAWEI.md sections 1.2, 1.3 and 5).
 */
const listedWithinRounds = 2;
const jobMarginMs = 10_000; // how far the service's clock may be behind; others' jobs of that time are read too
const traceMarginMs = 5_000; // less: a trace names the instance and not the job
const traceName = 'synRdsinfo';

/**
 * One look at jobs, all of them together. Resolves with the ends of those that ended; the others go on, and
 * so do those of which nobody could be asked: one warning says why. Never rejects.
 * @param deadlineAt monotonic ms
 */
export async function findEndings(
  app: App,
  jobs: readonly FollowedJob[],
  deadlineAt: number,
): Promise<ReadonlyMap<FollowedJob, Ending>> {
  const endings = new Map<FollowedJob, Ending>();
  const problem = await look(app, jobs, endings, deadlineAt);
  if (problem !== undefined) {
    const reason = problem instanceof Error ? problem.message : 'unknown error';
    app.log.warning('sync jobs not looked up: another look follows', { jobs: jobs.length, reason });
  }
  return endings;
}

type Look = ReadDeps & Pick<App, 'config'>;
type Endings = Map<FollowedJob, Ending>;

/** Resolves with what went wrong first. */
async function look(
  app: App,
  jobs: readonly FollowedJob[],
  endings: Endings,
  deadlineAt: number,
): Promise<unknown> {
  const { clock, config, limiter, random } = app;
  return withConnection(app, async (connection) => {
    const deps = { ...connection, clock, config, limiter, random };
    const listed = await lookAtList(deps, jobs, endings, deadlineAt);
    if (listed.problem instanceof ReadError && listed.problem.failure.retryClass === 'auth') {
      return listed.problem;
    }
    const unlisted = jobs.filter((job) => !endings.has(job) && isUnlisted(job, listed));
    await lookAtTraces(deps, unlisted, endings, deadlineAt);
    return listed.problem;
  }).catch((error: unknown) => error);
}

interface Listed {
  /** The jobs that were found, by id. */
  readonly jobs: Map<string, Job>;
  /** Why the list ended early. */
  problem?: unknown;
}

async function lookAtList(
  deps: Look,
  jobs: readonly FollowedJob[],
  endings: Endings,
  deadlineAt: number,
): Promise<Listed> {
  const listed: Listed = { jobs: new Map() };
  try {
    await findJobs(deps, jobs, listed.jobs, deadlineAt);
  } catch (error) {
    listed.problem = error;
  }
  for (const job of jobs) {
    const ending = readJob(listed.jobs.get(job.jobId ?? ''));
    if (ending) endings.set(job, ending);
  }
  return listed;
}

/** Pages through the list until every job that has an id was found. */
async function findJobs(
  deps: Look,
  jobs: readonly FollowedJob[],
  found: Map<string, Job>,
  deadlineAt: number,
): Promise<void> {
  const wanted = new Set(jobs.flatMap(({ jobId = [] }) => jobId));
  if (wanted.size === 0) return;
  const span = { fromMs: firstAccepted(jobs) - jobMarginMs, toMs: deps.clock.now() };
  for await (const page of listJobs(deps, span, deadlineAt)) {
    for (const job of page) if (wanted.has(job.id)) found.set(job.id, job);
    if (found.size === wanted.size) return;
  }
}

function readJob(job: Job | undefined): Ending | undefined {
  if (job?.status === 'Completed') return { end: 'completed', source: 'job' };
  if (job?.status !== 'Failed') return undefined;
  const { failReason } = job;
  return {
    end: 'failed',
    source: 'job',
    ...(failReason !== '' && { externalMessage: failReason }),
  };
}

/** Whether the job list says nothing of a job, and is not going to. */
function isUnlisted({ jobId, round }: FollowedJob, { jobs, problem }: Listed): boolean {
  if (jobId === undefined) return true;
  const isAnswered =
    problem === undefined ||
    (problem instanceof ReadError && problem.failure.retryClass === 'permanent');
  return isAnswered && round >= listedWithinRounds && !jobs.has(jobId);
}

async function lookAtTraces(
  deps: Look,
  jobs: readonly FollowedJob[],
  endings: Endings,
  deadlineAt: number,
): Promise<void> {
  const { clock, config } = deps;
  if (jobs.length === 0 || config.ctsEndpoint === undefined) return;
  const span = { fromMs: firstAccepted(jobs) - traceMarginMs, toMs: clock.now() };
  const traces = await listTraces(deps, { serviceType: 'DDM', traceName, ...span }, deadlineAt);
  // The operation is recorded twice: when it was asked for, and as SystemAction when it ended.
  const ended = traces.filter(({ traceType }) => traceType === 'SystemAction');
  const byInstance = Map.groupBy(
    ended.toSorted((a, b) => a.time - b.time),
    ({ resourceId }) => resourceId,
  );
  for (const job of jobs) {
    const isAfter = ({ time }: Trace): boolean => time >= job.acceptedAt - traceMarginMs;
    const trace = byInstance.get(job.instanceId)?.find(isAfter);
    if (!trace) continue;
    endings.set(job, { end: trace.succeeded ? 'completed' : 'failed', source: 'trace' });
  }
}

function firstAccepted(jobs: readonly FollowedJob[]): number {
  return jobs.reduce(
    (first, { acceptedAt }) => Math.min(first, acceptedAt),
    Number.POSITIVE_INFINITY,
  );
}
