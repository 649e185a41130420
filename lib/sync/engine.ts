import { SyncError, type SyncFailure } from '../errors.ts';
import { retryDelay } from '../retry.ts';
import { policyFor } from './failure-policy.ts';
import { giveUpRefused, renewCredentials, stopUnauthorized } from './renewal.ts';
import type { RunState, StopReason, SyncDeps, SyncRun } from './run-state.ts';
import { createTask, createTaskQueue, type Task } from './tasks.ts';
import { close, giveUp } from './unfinished.ts';

const batchMs = 20_000; // what takes longer is for an environment that the service takes more calls from

/**
 * Synchronises a fleet within rate, concurrency and deadline. Each instance gets exactly one outcome.
 * Resolves with the reason when the run was stopped before its end.
 */
export async function syncFleet(deps: SyncDeps, run: SyncRun): Promise<StopReason | undefined> {
  if (!run.batch) deps.pace.tryNow();
  const inlineMax = inlineMaxOf(deps, run);
  const impatience = new AbortController();
  const state: RunState = {
    deps,
    run,
    tasks: createTaskQueue(run.instanceIds.slice(0, inlineMax), deps.clock),
    unfinished: [],
    refused: [],
    impatience,
    signal: AbortSignal.any([run.deadline.signal('answers'), impatience.signal]),
    inFlight: 0,
    accepted: 0,
    longestMs: 0,
    lastStartAt: Number.NEGATIVE_INFINITY,
    isRenewing: false,
    stoppedBy: undefined,
    wake: () => {},
  };
  const overflow = run.instanceIds.slice(inlineMax).map(createTask);
  await Promise.all([callInstances(state), close(state, overflow)]);
  return state.stoppedBy;
}

function inlineMaxOf(
  { handOver, pace }: SyncDeps,
  { batch, inlineMax, instanceIds }: SyncRun,
): number {
  if (!handOver) return instanceIds.length;
  return batch ? pace.callsWithin(batchMs) : inlineMax;
}

async function callInstances(state: RunState): Promise<void> {
  await startCalls(state);
  // What had no turn is handed over while the last calls are still in flight.
  const closed = close(state, state.tasks.drain());
  await waitForLastCalls(state);
  if (state.refused.length > 0 && state.accepted === 0) stopUnauthorized(state);
  giveUpRefused(state);
  await Promise.all([closed, close(state, [...state.tasks.drain(), ...state.unfinished])]);
}

async function startCalls(state: RunState): Promise<void> {
  const { deps, tasks } = state;
  const endsAt = state.run.batch && deps.clock.monotonic() + batchMs;
  while (!state.stoppedBy) {
    const waitMs = waitsForCredentials(state) ? Number.POSITIVE_INFINITY : tasks.waitMs();
    const leftMs = leftForCallsMs(state, waitMs, endsAt);
    if (leftMs <= 0 || isPaused(deps)) return;
    const delayMs = Math.max(waitMs, deps.pace.waitMs());
    const task = delayMs > 0 ? undefined : tasks.take();
    if (task) void attempt(state, task);
    else await pause(state, Math.min(delayMs, leftMs));
  }
}

/** Whether the calls in flight decide if the credentials are good. */
function waitsForCredentials({ inFlight, isRenewing, refused }: RunState): boolean {
  return isRenewing || (refused.length > 0 && inFlight > 0);
}

/** @param waitMs until there is another instance to call; Infinity if that depends on a call in flight */
function leftForCallsMs(
  state: RunState,
  waitMs: number,
  endsAt = Number.POSITIVE_INFINITY,
): number {
  const { clock } = state.deps;
  const leftMs = Math.min(state.run.deadline.leftMs('calls'), endsAt - clock.monotonic());
  return waitMs === Number.POSITIVE_INFINITY ? Math.min(leftMs, lastCallsLeftMs(state)) : leftMs;
}

const maxPauseMs = 5_000;

/** What cannot be called for a while waits in the queue, not in an invocation. */
function isPaused({ handOver, pace }: SyncDeps): boolean {
  return handOver !== undefined && pace.pausedMs() > maxPauseMs;
}

const minGraceMs = 500;

/**
 * How long the last calls may still take. If others wait for the end of the run, an instance that takes far longer than
 * the others is called again, apart from them.
 */
function lastCallsLeftMs(state: RunState): number {
  const { accepted, deps, inFlight, lastStartAt, longestMs, run } = state;
  if (inFlight === 0) return 0;
  if (isPatient(run) || accepted === 0 || waitsForCredentials(state))
    return Number.POSITIVE_INFINITY;
  const graceMs = Math.max(minGraceMs, 2 * longestMs);
  return Math.max(0, lastStartAt + graceMs - deps.clock.monotonic());
}

/** Those that answer late come together, and get their time. */
function isPatient({ batch, instanceIds }: SyncRun): boolean {
  return batch === undefined || batch.slow.size * 2 > instanceIds.length;
}

async function waitForLastCalls(state: RunState): Promise<void> {
  while (state.inFlight > 0) {
    const leftMs = lastCallsLeftMs(state);
    if (leftMs === 0) state.impatience.abort();
    await pause(state, leftMs || Number.POSITIVE_INFINITY);
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
  const startedAt = pace.start();
  state.lastStartAt = startedAt;
  task.startedAt ??= startedAt;
  task.attempts += 1;
  state.inFlight += 1;
  try {
    const { jobId } = await deps.ddm.sync(task.instanceId, state.signal);
    pace.end(startedAt, 'accepted');
    tasks.refill();
    state.accepted += 1;
    state.longestMs = Math.max(state.longestMs, deps.clock.monotonic() - startedAt);
    giveUpRefused(state);
    run.outcomes.accepted(task, jobId);
  } catch (error) {
    const failure = toFailure(error);
    const { tells } = policyFor(failure);
    if (tells === 'throttled') task.throttled += 1;
    const isSlow = failure.retryClass === 'slow';
    task.isCutOff = isSlow && state.signal.aborted;
    const isKnown = task.isCutOff || (isSlow && run.batch?.slow.has(task.instanceId));
    pace.end(startedAt, isKnown ? 'unknown' : tells, failure.retryAfterMs);
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
  if (run === 'wait') return waitForTurn(state, task, failure);
  if (run === 'retry-once') {
    if (handOver || task.retriedOnce) return giveUp(state, task, failure);
    task.retriedOnce = true;
  }
  if (task.attempts - task.throttled >= config.syncMaxAttempts) giveUp(state, task, failure);
  else retry(state, task, failure);
}

/** The pace decides when the service takes another call; that costs the instance no attempt. */
function waitForTurn(state: RunState, task: Task, failure: SyncFailure): void {
  state.tasks.putFirst(task);
  state.run.outcomes.retried(task, failure, 0);
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
