import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { SyncError, type SyncFailure, UnauthorizedError } from '../errors.ts';
import type { Auth } from '../huawei/auth.ts';
import type { DdmClient } from '../huawei/ddm.ts';
import type { HandOver } from '../queue/sender.ts';
import { retryDelay } from '../retry.ts';
import type { Outcomes } from './ledger.ts';
import type { RateLimiter } from './pace.ts';
import { type Backlog, createBacklog, createTask, type Task } from './tasks.ts';

type SyncSettings = Pick<Config, 'syncAttemptTimeoutMs' | 'syncMaxAttempts' | 'deadlineReserveMs'>;

export interface SyncDeps {
  readonly ddm: DdmClient;
  readonly auth: Auth;
  /** Where instances go that this run cannot finish; without it they fail. */
  readonly handOver?: HandOver | undefined;
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  readonly settings: SyncSettings;
}

export interface SyncRun {
  /** Well-formed and unique. */
  readonly instanceIds: readonly string[];
  /** So many are called here, where there is somewhere else for the others. */
  readonly inlineMax: number;
  /** Monotonic ms at which Lambda ends the invocation. */
  readonly deadlineAt: number;
  readonly ledger: Outcomes;
}

export type StopReason = UnauthorizedError | 'max-errors';

/**
 * Synchronises a fleet within rate, concurrency and deadline. Each instance gets exactly one outcome in
 * the ledger. Resolves with the reason when the run was stopped before its end.
 */
export async function syncFleet(deps: SyncDeps, run: SyncRun): Promise<StopReason | undefined> {
  const inlineMax = deps.handOver ? run.inlineMax : run.instanceIds.length;
  const fleet = createFleetRun(deps, run, run.instanceIds.slice(0, inlineMax));
  const overflow = run.instanceIds.slice(inlineMax).map(createTask);
  await Promise.all([syncInline(fleet), release(fleet, overflow)]);
  return fleet.stoppedBy;
}

/** What the calls of one run share. */
interface FleetRun {
  readonly deps: SyncDeps;
  readonly run: SyncRun;
  readonly backlog: Backlog;
  /** Monotonic ms after which nothing starts. */
  readonly handOverAt: number;
  /** Monotonic ms by which a call in flight must have ended. */
  readonly lastAnswerAt: number;
  /** Monotonic ms by which the hand-over must have ended. */
  readonly reportAt: number;
  /** Not called again in this run: too late for it, or to be tried again elsewhere. */
  readonly unfinished: Task[];
  inFlight: number;
  renewing: boolean;
  stoppedBy: StopReason | undefined;
  wake: () => void;
}

function createFleetRun(deps: SyncDeps, run: SyncRun, instanceIds: readonly string[]): FleetRun {
  const { clock, settings } = deps;
  return {
    deps,
    run,
    backlog: createBacklog(instanceIds, clock),
    handOverAt: run.deadlineAt - settings.deadlineReserveMs,
    // A call in flight may use much of the reserve: the hand-over of the rest does not wait for it.
    lastAnswerAt: run.deadlineAt - settings.deadlineReserveMs * 0.4,
    reportAt: run.deadlineAt - settings.deadlineReserveMs * 0.1,
    unfinished: [],
    inFlight: 0,
    renewing: false,
    stoppedBy: undefined,
    wake: () => {},
  };
}

async function syncInline(fleet: FleetRun): Promise<void> {
  await startCalls(fleet);
  const rest = fleet.backlog.drain();
  const released = release(fleet, rest);
  while (fleet.inFlight > 0) await pause(fleet, Number.POSITIVE_INFINITY);
  await Promise.all([released, release(fleet, [...fleet.backlog.drain(), ...fleet.unfinished])]);
}

async function startCalls(fleet: FleetRun): Promise<void> {
  const { backlog, deps, handOverAt } = fleet;
  const { limiter } = deps;
  while (!fleet.stoppedBy) {
    const leftMs = handOverAt - deps.clock.monotonic();
    const waitMs = fleet.renewing ? Number.POSITIVE_INFINITY : backlog.waitMs();
    const nothingComes = waitMs === Number.POSITIVE_INFINITY && fleet.inFlight === 0;
    if (leftMs <= 0 || nothingComes) return;
    const delayMs = Math.max(waitMs, limiter.waitMs());
    const task = delayMs > 0 ? undefined : backlog.take();
    if (task) void attempt(fleet, task);
    else await pause(fleet, Math.min(delayMs, leftMs));
  }
}

/** Waits until the delay is over or a call ended, whichever is first. */
async function pause(fleet: FleetRun, delayMs: number): Promise<void> {
  const { clock } = fleet.deps;
  const untilDeadlineMs = Math.max(0, fleet.run.deadlineAt - clock.monotonic());
  const woken = new AbortController();
  fleet.wake = () => woken.abort();
  await clock.sleep(Math.min(delayMs, untilDeadlineMs), woken.signal);
}

async function attempt(fleet: FleetRun, task: Task): Promise<void> {
  const { backlog, deps, run } = fleet;
  const { limiter } = deps;
  const { generation } = deps.auth;
  const startedAt = deps.clock.monotonic();
  const timeoutMs = Math.min(deps.settings.syncAttemptTimeoutMs, fleet.lastAnswerAt - startedAt);
  task.startedAt ??= startedAt;
  task.attempts += 1;
  fleet.inFlight += 1;
  limiter.start();
  try {
    const { jobId } = await deps.ddm.sync(task.instanceId, Math.ceil(timeoutMs));
    limiter.end();
    limiter.accepted();
    backlog.refill();
    run.ledger.accepted(task, jobId);
  } catch (error) {
    limiter.end();
    const failure = toFailure(error);
    if (failure.retryClass === 'throttled') {
      task.throttled += 1;
      limiter.throttled(startedAt, failure.retryAfterMs);
    }
    await react(fleet, task, failure, generation);
  } finally {
    fleet.inFlight -= 1;
    fleet.wake();
  }
}

// Anything but a SyncError is a fault of ours; it must not cost the other instances their outcome.
function toFailure(error: unknown): SyncFailure {
  return error instanceof SyncError
    ? error.failure
    : {
        errCode: 'INTERNAL',
        retryClass: 'permanent',
        externalMessage: error instanceof Error ? error.name : 'unknown error',
      };
}

/** What a failed attempt leads to: another one now or later, the queue, or a failed instance. */
async function react(
  fleet: FleetRun,
  task: Task,
  failure: SyncFailure,
  generation: number,
): Promise<void> {
  const { handOver, settings } = fleet.deps;
  task.failure = failure;
  switch (failure.retryClass) {
    case 'auth':
      return reauthorise(fleet, task, failure, generation);
    case 'permanent':
      return settle(fleet, task, failure);
    case 'later':
      if (handOver || task.retriedLater) return settle(fleet, task, failure);
      task.retriedLater = true;
  }
  if (task.attempts >= settings.syncMaxAttempts) settle(fleet, task, failure);
  else retry(fleet, task, failure);
}

function retry(fleet: FleetRun, task: Task, failure: SyncFailure): void {
  const { clock, random } = fleet.deps;
  const delayMs = Math.round(retryDelay({ ...failure, attempt: task.attempts }, random));
  const dueAt = clock.monotonic() + delayMs;
  if (fleet.stoppedBy || dueAt >= fleet.handOverAt) {
    fleet.unfinished.push(task);
    return;
  }
  fleet.backlog.putBack(task, dueAt);
  fleet.run.ledger.retried(task, failure, delayMs);
}

/** A refused token is read anew once for the whole run; refused again, it ends the run. */
async function reauthorise(
  fleet: FleetRun,
  task: Task,
  failure: SyncFailure,
  generation: number,
): Promise<void> {
  const { auth } = fleet.deps;
  if (generation > 0) {
    fleet.stoppedBy ??= new UnauthorizedError('The token was read anew and refused again');
  } else if (generation === auth.generation) {
    fleet.renewing = true;
    await auth.renew(failure).catch((error: unknown) => {
      fleet.stoppedBy ??= toUnauthorizedError(error);
    });
    fleet.renewing = false;
  }
  if (fleet.stoppedBy) settle(fleet, task, failure);
  else fleet.backlog.putFirst(task);
}

function toUnauthorizedError(error: unknown): UnauthorizedError {
  return error instanceof UnauthorizedError
    ? error
    : new UnauthorizedError('The token was refused, and reading it anew failed', { cause: error });
}

/** No further call in this run: the instance is tried again elsewhere, or it has failed. */
function settle(fleet: FleetRun, task: Task, failure: SyncFailure): void {
  const { ledger } = fleet.run;
  const delaySeconds = fleet.deps.handOver?.delaySeconds(failure);
  if (delaySeconds !== undefined) {
    task.delaySeconds = delaySeconds;
    fleet.unfinished.push(task);
    return;
  }
  ledger.failed(task, failure);
  if (ledger.hasTooManyErrors()) fleet.stoppedBy ??= 'max-errors';
}

/** Gives the tasks that this run will not call again their outcome: stopped, queued, or failed. */
async function release(fleet: FleetRun, tasks: readonly Task[]): Promise<void> {
  const { handOver } = fleet.deps;
  const { ledger } = fleet.run;
  if (tasks.length === 0) return;
  if (fleet.stoppedBy) return releaseStopped(fleet, tasks, stoppedFailure(fleet.stoppedBy));
  if (handOver) return passOn(fleet, handOver, tasks);
  for (const task of tasks) ledger.failed(task, task.failure ?? outOfTime);
}

async function releaseStopped(
  fleet: FleetRun,
  tasks: readonly Task[],
  failure: SyncFailure,
): Promise<void> {
  const { handOver } = fleet.deps;
  const delaySeconds = handOver?.delaySeconds(failure);
  if (handOver && delaySeconds !== undefined) {
    for (const task of tasks) task.delaySeconds = delaySeconds;
    return passOn(fleet, handOver, tasks);
  }
  for (const task of tasks) fleet.run.ledger.failed(task, failure);
}

async function passOn(
  { reportAt, run }: FleetRun,
  handOver: HandOver,
  tasks: readonly Task[],
): Promise<void> {
  const { failure, refused } = await handOver.take(tasks, reportAt);
  for (const task of tasks) {
    if (refused.has(task.instanceId)) run.ledger.failed(task, task.failure ?? failure);
    else run.ledger.queued(task);
  }
}

/** The outcome of an instance that had no turn. */
export const outOfTime: SyncFailure = { errCode: 'DEADLINE', retryClass: 'permanent' };

/** Without valid credentials nobody can go on now; with too many errors nobody should. */
function stoppedFailure(stoppedBy: StopReason): SyncFailure {
  return {
    errCode: 'RUN_STOPPED',
    retryClass: stoppedBy === 'max-errors' ? 'permanent' : 'auth',
  };
}
