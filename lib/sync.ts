import { type Backlog, createBacklog, createTask, type Task } from './backlog.ts';
import type { Clock } from './clock.ts';
import type { Auth } from './cloud/auth.ts';
import type { DdmClient } from './cloud/ddm.ts';
import type { Config } from './config.ts';
import { handOver, type Queue } from './dispatch.ts';
import { SyncError, type SyncFailure, UnauthorizedError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import { createRateLimiter, type RateLimiter } from './rate-limit.ts';
import type { Trigger } from './report.ts';
import { retryDelay } from './retry.ts';

export type SyncSettings = Pick<
  Config,
  | 'syncConcurrency'
  | 'syncRatePerSecond'
  | 'syncAttemptTimeoutMs'
  | 'syncMaxAttempts'
  | 'syncMaxErrors'
  | 'syncInlineMax'
  | 'deadlineReserveMs'
>;

export interface SyncDeps {
  readonly ddm: DdmClient;
  readonly auth: Auth;
  readonly queue?: Queue | undefined;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  readonly settings: SyncSettings;
}

export interface SyncRun {
  readonly runId: string;
  readonly trigger: Trigger;
  /** Well-formed and unique. */
  readonly instanceIds: readonly string[];
  /** Monotonic ms at which Lambda ends the invocation. */
  readonly deadlineAt: number;
  readonly ledger: Ledger;
}

export type StopReason = UnauthorizedError | 'max-errors';

/**
 * Synchronises a fleet within rate, concurrency and deadline. Each instance gets exactly one outcome in
 * the ledger. Resolves with the reason when the run was stopped before its end.
 */
export const syncFleet = async (deps: SyncDeps, run: SyncRun): Promise<StopReason | undefined> => {
  const inlineMax = deps.queue ? deps.settings.syncInlineMax : run.instanceIds.length;
  const fleet = createFleetRun(deps, run, run.instanceIds.slice(0, inlineMax));
  const overflow = run.instanceIds.slice(inlineMax).map(createTask);
  await Promise.all([syncInline(fleet), release(fleet, overflow)]);
  return fleet.stoppedBy;
};

/** What the calls of one run share. */
interface FleetRun {
  readonly deps: SyncDeps;
  readonly run: SyncRun;
  readonly backlog: Backlog;
  readonly limiter: RateLimiter;
  /** Monotonic ms after which nothing starts. */
  readonly handOverAt: number;
  /** Monotonic ms by which a call in flight must have ended. */
  readonly lastAnswerAt: number;
  /** Too late for another attempt in this run. */
  readonly unfinished: Task[];
  /** Busy instances, for the queue to bring back later. */
  readonly postponed: Task[];
  inFlight: number;
  renewing: boolean;
  stoppedBy: StopReason | undefined;
  wake: () => void;
}

const createFleetRun = (deps: SyncDeps, run: SyncRun, instanceIds: readonly string[]): FleetRun => {
  const { clock, settings } = deps;
  return {
    deps,
    run,
    backlog: createBacklog(instanceIds, clock),
    limiter: createRateLimiter({
      maxConcurrency: settings.syncConcurrency,
      maxPerSecond: settings.syncRatePerSecond,
      clock,
    }),
    handOverAt: run.deadlineAt - settings.deadlineReserveMs,
    // A call in flight may use most of the reserve: the hand-over of the rest does not wait for it.
    lastAnswerAt: run.deadlineAt - settings.deadlineReserveMs * 0.2,
    unfinished: [],
    postponed: [],
    inFlight: 0,
    renewing: false,
    stoppedBy: undefined,
    wake: () => {},
  };
};

const laterDelaySeconds = 60; // a busy instance: long enough for most operations, FAULTS.md section 3

const syncInline = async (fleet: FleetRun): Promise<void> => {
  await startCalls(fleet);
  const rest = fleet.backlog.drain();
  const released = release(fleet, rest);
  while (fleet.inFlight > 0) await pause(fleet, Number.POSITIVE_INFINITY);
  await Promise.all([
    released,
    release(fleet, [...fleet.backlog.drain(), ...fleet.unfinished]),
    release(fleet, fleet.postponed, laterDelaySeconds),
  ]);
};

const startCalls = async (fleet: FleetRun): Promise<void> => {
  const { backlog, deps, handOverAt, limiter } = fleet;
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
};

/** Waits until the delay is over or a call ended, whichever is first. */
const pause = async (fleet: FleetRun, delayMs: number): Promise<void> => {
  const { clock } = fleet.deps;
  const untilDeadlineMs = Math.max(0, fleet.run.deadlineAt - clock.monotonic());
  const woken = new AbortController();
  fleet.wake = () => woken.abort();
  await clock.sleep(Math.min(delayMs, untilDeadlineMs), woken.signal);
};

const attempt = async (fleet: FleetRun, task: Task): Promise<void> => {
  const { backlog, deps, limiter, run } = fleet;
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
    if (failure.retryClass === 'throttled') limiter.throttled(startedAt, failure.retryAfterMs);
    await react(fleet, task, failure, generation);
  } finally {
    fleet.inFlight -= 1;
    fleet.wake();
  }
};

// Anything but a SyncError is a fault of ours; it must not cost the other instances their outcome.
const toFailure = (error: unknown): SyncFailure =>
  error instanceof SyncError
    ? error.failure
    : {
        errCode: 'INTERNAL',
        retryClass: 'permanent',
        externalMessage: error instanceof Error ? error.name : 'unknown error',
      };

/** What a failed attempt leads to: another one now or later, the queue, or a failed instance. */
const react = async (
  fleet: FleetRun,
  task: Task,
  failure: SyncFailure,
  generation: number,
): Promise<void> => {
  const { queue, settings } = fleet.deps;
  task.failure = failure;
  switch (failure.retryClass) {
    case 'auth':
      return reauthorise(fleet, task, failure, generation);
    case 'permanent':
      return fail(fleet, task, failure);
    case 'later':
      if (queue) return void fleet.postponed.push(task);
      if (task.retriedLater) return fail(fleet, task, failure);
      task.retriedLater = true;
  }
  if (task.attempts >= settings.syncMaxAttempts) fail(fleet, task, failure);
  else retry(fleet, task, failure);
};

const retry = (fleet: FleetRun, task: Task, failure: SyncFailure): void => {
  const { clock, random } = fleet.deps;
  const delayMs = Math.round(retryDelay({ ...failure, attempt: task.attempts }, random));
  const dueAt = clock.monotonic() + delayMs;
  if (fleet.stoppedBy || dueAt >= fleet.handOverAt) {
    fleet.unfinished.push(task);
    return;
  }
  fleet.backlog.putBack(task, dueAt);
  fleet.run.ledger.retried(task, failure, delayMs);
};

/** A refused token is read anew once for the whole run; refused again, it ends the run. */
const reauthorise = async (
  fleet: FleetRun,
  task: Task,
  failure: SyncFailure,
  generation: number,
): Promise<void> => {
  const { auth } = fleet.deps;
  if (generation > 0) {
    fleet.stoppedBy ??= new UnauthorizedError('The token was read anew and refused again');
  } else if (generation === auth.generation) {
    fleet.renewing = true;
    await auth.renew().catch((error: unknown) => {
      fleet.stoppedBy ??= toUnauthorizedError(error);
    });
    fleet.renewing = false;
  }
  if (fleet.stoppedBy) fail(fleet, task, failure);
  else fleet.backlog.putFirst(task);
};

const toUnauthorizedError = (error: unknown): UnauthorizedError =>
  error instanceof UnauthorizedError
    ? error
    : new UnauthorizedError('The token was refused, and reading it anew failed', { cause: error });

const fail = (fleet: FleetRun, task: Task, failure: SyncFailure): void => {
  const { ledger } = fleet.run;
  ledger.failed(task, failure);
  if (ledger.hasTooManyErrors()) fleet.stoppedBy ??= 'max-errors';
};

/** Gives the tasks that this run will not call again their outcome: stopped, queued, or failed. */
const release = async (
  fleet: FleetRun,
  tasks: readonly Task[],
  delaySeconds = 0,
): Promise<void> => {
  const { queue } = fleet.deps;
  const { ledger } = fleet.run;
  if (tasks.length === 0) return;
  if (queue && !fleet.stoppedBy) return enqueue(fleet, queue, tasks, delaySeconds);
  for (const task of tasks) {
    ledger.failed(task, fleet.stoppedBy ? stopped : (task.failure ?? outOfTime));
  }
};

const enqueue = async (
  { deps, lastAnswerAt, run }: FleetRun,
  queue: Queue,
  tasks: readonly Task[],
  delaySeconds: number,
): Promise<void> => {
  const { ledger, runId, trigger } = run;
  const instanceIds = tasks.map(({ instanceId }) => instanceId);
  const request = { instanceIds, runId, trigger, delaySeconds, deadlineAt: lastAnswerAt };
  const { reason, refused } = await handOver(queue, deps.clock, request);
  for (const task of tasks) {
    if (!refused.has(task.instanceId)) ledger.queued(task);
    else ledger.failed(task, { ...outOfTime, ...(reason && { externalMessage: reason }) });
  }
};

const stopped: SyncFailure = { errCode: 'RUN_STOPPED', retryClass: 'permanent' };
const outOfTime: SyncFailure = { errCode: 'DEADLINE', retryClass: 'permanent' };
