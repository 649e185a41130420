import type { SyncFailure } from '../errors.ts';
import { unfinished } from './failure-policy.ts';
import type { RunState, StopReason } from './run-state.ts';
import type { Task } from './tasks.ts';

/** Where a run sends the instances that it cannot finish itself. */
export interface HandOver {
  /** Whether an instance with this failure is called again there; otherwise it has failed. */
  keeps(task: Task, failure: SyncFailure): boolean;
  /** Never rejects, and never outlasts the deadline's phase `handOver`. */
  take(tasks: readonly Task[]): Promise<HandOverResult>;
}

interface HandOverResult {
  /** Instance ids. */
  readonly refused: ReadonlySet<string>;
  /** Of the refused ones that did not fail before. */
  readonly failure: SyncFailure;
  /** Why those are skipped instead: they have not failed. */
  readonly skipReason?: string;
}

/** No further call in this run: the instance is tried again elsewhere, or it has failed. */
export function giveUp(state: RunState, task: Task, failure: SyncFailure): void {
  const { outcomes } = state.run;
  if (state.deps.handOver?.keeps(task, failure)) {
    state.unfinished.push(task);
    return;
  }
  outcomes.failed(task, failure);
  if (outcomes.hasTooManyErrors()) state.stoppedBy ??= 'max-errors';
}

/** Gives tasks that this run will not call again their outcome: queued, skipped or failed. */
export async function close(state: RunState, tasks: readonly Task[]): Promise<void> {
  const { handOver } = state.deps;
  const { outcomes } = state.run;
  const failure = reasonToStop(state.stoppedBy);
  const kept = tasks.filter((task) => handOver && (!failure || handOver.keeps(task, failure)));
  if (handOver && kept.length > 0) await handOverTasks(state, handOver, kept);
  const ended = new Set(kept);
  for (const task of tasks) {
    if (!ended.has(task)) outcomes.failed(task, failure ?? task.failure ?? unfinished.deadline);
  }
}

function reasonToStop(stoppedBy: StopReason | undefined): SyncFailure | undefined {
  if (stoppedBy === undefined) return undefined;
  return stoppedBy === 'max-errors' ? unfinished.maxErrors : unfinished.unauthorized;
}

async function handOverTasks(
  { run: { outcomes } }: RunState,
  handOver: HandOver,
  tasks: readonly Task[],
): Promise<void> {
  const { failure, refused, skipReason } = await handOver.take(tasks);
  for (const task of tasks) {
    if (!refused.has(task.instanceId)) outcomes.queued(task);
    else if (task.failure || !skipReason) outcomes.failed(task, task.failure ?? failure);
    else outcomes.skipped(task, skipReason);
  }
}
