import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Deadline } from '../deadline.ts';
import { SyncError, type SyncFailure, UnauthorizedError } from '../errors.ts';
import type { Auth } from '../huawei/auth.ts';
import type { DdmClient } from '../huawei/ddm.ts';
import { retryDelay } from '../retry.ts';
import { policyFor, unfinished } from './failure-policy.ts';
import type { Outcomes } from './outcomes.ts';
import type { Pace } from './pace.ts';
import { createTask, createTaskQueue, type Task, type TaskQueue } from './tasks.ts';

/** Where a run sends the instances that it cannot finish itself. */
export interface HandOver {
  /** Seconds after which an instance with this failure is called there; undefined: it has failed. */
  delaySeconds(failure: SyncFailure): number | undefined;
  /** Never rejects, and never outlasts the deadline's phase `handOver`. */
  take(tasks: readonly Task[]): Promise<HandOverResult>;
}

interface HandOverResult {
  /** Instance ids. */
  readonly refused: ReadonlySet<string>;
  /** Of the refused ones that did not fail before. */
  readonly failure: SyncFailure;
}

export interface SyncDeps {
  readonly ddm: DdmClient;
  readonly auth: Auth;
  /** Without it the instances fail that this run cannot finish. */
  readonly handOver?: HandOver | undefined;
  readonly pace: Pace;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  readonly config: Pick<Config, 'syncMaxAttempts'>;
}

export interface SyncRun {
  /** Well-formed and unique. */
  readonly instanceIds: readonly string[];
  /** How many are called here at most, if the others can be handed over. */
  readonly inlineMax: number;
  readonly deadline: Deadline;
  readonly outcomes: Outcomes;
}

export type StopReason = UnauthorizedError | 'max-errors';

/**
 * Synchronises a fleet within rate, concurrency and deadline. Each instance gets exactly one outcome.
 * Resolves with the reason when the run was stopped before its end.
 */
export async function syncFleet(deps: SyncDeps, run: SyncRun): Promise<StopReason | undefined> {
  const inlineMax = deps.handOver ? run.inlineMax : run.instanceIds.length;
  const state: RunState = {
    deps,
    run,
    tasks: createTaskQueue(run.instanceIds.slice(0, inlineMax), deps.clock),
    unfinished: [],
    inFlight: 0,
    isRenewing: false,
    stoppedBy: undefined,
    wake: () => {},
  };
  const overflow = run.instanceIds.slice(inlineMax).map(createTask);
  await Promise.all([callInstances(state), close(state, overflow)]);
  return state.stoppedBy;
}

/** What the calls of one run share. */
interface RunState {
  readonly deps: SyncDeps;
  readonly run: SyncRun;
  readonly tasks: TaskQueue;
  /** Not called again in this run: too late for it, or to be tried again elsewhere. */
  readonly unfinished: Task[];
  inFlight: number;
  isRenewing: boolean;
  stoppedBy: StopReason | undefined;
  wake: () => void;
}

async function callInstances(state: RunState): Promise<void> {
  await startCalls(state);
  // What had no turn is handed over while the last calls are still in flight.
  const closed = close(state, state.tasks.drain());
  while (state.inFlight > 0) await pause(state, Number.POSITIVE_INFINITY);
  await Promise.all([closed, close(state, [...state.tasks.drain(), ...state.unfinished])]);
}

async function startCalls(state: RunState): Promise<void> {
  const { deps, run, tasks } = state;
  while (!state.stoppedBy) {
    const leftMs = run.deadline.leftMs('calls');
    const waitMs = state.isRenewing ? Number.POSITIVE_INFINITY : tasks.waitMs();
    const isDone = waitMs === Number.POSITIVE_INFINITY && state.inFlight === 0;
    if (leftMs <= 0 || isDone) return;
    const delayMs = Math.max(waitMs, deps.pace.waitMs());
    const task = delayMs > 0 ? undefined : tasks.take();
    if (task) void attempt(state, task);
    else await pause(state, Math.min(delayMs, leftMs));
  }
}

/** Waits until the delay is over or a call ended, whichever is first. */
async function pause(state: RunState, delayMs: number): Promise<void> {
  const woken = new AbortController();
  state.wake = () => woken.abort();
  const leftMs = state.run.deadline.leftMs('report');
  await state.deps.clock.sleep(Math.min(delayMs, leftMs), woken.signal);
}

async function attempt(state: RunState, task: Task): Promise<void> {
  const { deps, run, tasks } = state;
  const { pace } = deps;
  const { generation } = deps.auth;
  const startedAt = deps.clock.monotonic();
  task.startedAt ??= startedAt;
  task.attempts += 1;
  state.inFlight += 1;
  pace.start();
  try {
    const { jobId } = await deps.ddm.sync(task.instanceId, run.deadline.signal('answers'));
    pace.end();
    pace.accepted();
    tasks.refill();
    run.outcomes.accepted(task, jobId);
  } catch (error) {
    pace.end();
    const failure = toFailure(error);
    if (failure.retryClass === 'throttled') {
      task.throttled += 1;
      pace.throttled(startedAt, failure.retryAfterMs);
    }
    await handleFailure(state, task, failure, generation);
  } finally {
    state.inFlight -= 1;
    state.wake();
  }
}

// Anything but a SyncError is a fault of our own; it must not cost the other instances their outcome.
function toFailure(error: unknown): SyncFailure {
  if (error instanceof SyncError) return error.failure;
  const externalMessage = error instanceof Error ? error.name : 'unknown error';
  return { errCode: 'INTERNAL', retryClass: 'permanent', externalMessage };
}

/** What a failed attempt leads to, by failure-policy.ts. */
async function handleFailure(
  state: RunState,
  task: Task,
  failure: SyncFailure,
  generation: number,
): Promise<void> {
  const { config, handOver } = state.deps;
  const { run } = policyFor(failure);
  task.failure = failure;
  if (run === 'renew') return renewCredentials(state, task, failure, generation);
  if (run === 'fail') return giveUp(state, task, failure);
  if (run === 'retry-once') {
    if (handOver || task.retriedOnce) return giveUp(state, task, failure);
    task.retriedOnce = true;
  }
  if (task.attempts >= config.syncMaxAttempts) giveUp(state, task, failure);
  else retry(state, task, failure);
}

function retry(state: RunState, task: Task, failure: SyncFailure): void {
  const { clock, random } = state.deps;
  const delayMs = Math.round(retryDelay({ ...failure, attempt: task.attempts }, random));
  if (state.stoppedBy || delayMs >= state.run.deadline.leftMs('calls')) {
    state.unfinished.push(task);
    return;
  }
  state.tasks.putBack(task, clock.monotonic() + delayMs);
  state.run.outcomes.retried(task, failure, delayMs);
}

/** Re-reads refused credentials once for the whole run; refused again, they end it. */
async function renewCredentials(
  state: RunState,
  task: Task,
  failure: SyncFailure,
  generation: number,
): Promise<void> {
  const { auth } = state.deps;
  if (generation > 0) {
    state.stoppedBy ??= new UnauthorizedError('The token was re-read and refused again');
  } else if (generation === auth.generation) {
    state.isRenewing = true;
    await auth.renew(failure).catch((error: unknown) => {
      state.stoppedBy ??= toUnauthorizedError(error);
    });
    state.isRenewing = false;
  }
  if (state.stoppedBy) giveUp(state, task, failure);
  else state.tasks.putFirst(task);
}

function toUnauthorizedError(error: unknown): UnauthorizedError {
  if (error instanceof UnauthorizedError) return error;
  return new UnauthorizedError('The token was refused, and re-reading it failed', { cause: error });
}

/** No further call in this run: the instance is tried again elsewhere, or it has failed. */
function giveUp(state: RunState, task: Task, failure: SyncFailure): void {
  const { outcomes } = state.run;
  const delaySeconds = state.deps.handOver?.delaySeconds(failure);
  if (delaySeconds !== undefined) {
    task.delaySeconds = delaySeconds;
    state.unfinished.push(task);
    return;
  }
  outcomes.failed(task, failure);
  if (outcomes.hasTooManyErrors()) state.stoppedBy ??= 'max-errors';
}

/** Gives tasks that this run will not call again their outcome: queued or failed. */
async function close(state: RunState, tasks: readonly Task[]): Promise<void> {
  const { deps, run, stoppedBy } = state;
  if (tasks.length === 0) return;
  if (stoppedBy) return closeStopped(state, tasks, stoppedBy);
  if (deps.handOver) return handOverTasks(state, deps.handOver, tasks);
  for (const task of tasks) run.outcomes.failed(task, task.failure ?? unfinished.deadline);
}

async function closeStopped(
  state: RunState,
  tasks: readonly Task[],
  stoppedBy: StopReason,
): Promise<void> {
  const { handOver } = state.deps;
  const failure = unfinished[stoppedBy === 'max-errors' ? 'maxErrors' : 'unauthorized'];
  const delaySeconds = handOver?.delaySeconds(failure);
  if (handOver && delaySeconds !== undefined) {
    for (const task of tasks) task.delaySeconds = delaySeconds;
    return handOverTasks(state, handOver, tasks);
  }
  for (const task of tasks) state.run.outcomes.failed(task, failure);
}

async function handOverTasks(
  { run: { outcomes } }: RunState,
  handOver: HandOver,
  tasks: readonly Task[],
): Promise<void> {
  const { failure, refused } = await handOver.take(tasks);
  for (const task of tasks) {
    if (refused.has(task.instanceId)) outcomes.failed(task, task.failure ?? failure);
    else outcomes.queued(task);
  }
}
