import type { Clock } from '../clock.ts';
import type { SyncFailure } from '../errors.ts';
import { createRetryBudget } from '../retry.ts';

/** One instance on its way to its outcome. */
export interface Task {
  readonly instanceId: string;
  /** Calls made so far. */
  attempts: number;
  /** Those of them that the service refused because there were too many. */
  throttled: number;
  /** Monotonic ms of the first attempt. */
  startedAt?: number;
  /** Why the last attempt failed. */
  failure?: SyncFailure;
  /** It had the one retry of `retry-once` (failure-policy.ts). */
  retriedOnce: boolean;
  /** Its last call was ended before its time, so that others need not wait for it. */
  isCutOff: boolean;
}

export function createTask(instanceId: string): Task {
  return {
    instanceId,
    attempts: 0,
    throttled: 0,
    retriedOnce: false,
    isCutOff: false,
  };
}

/** The instances of a run that wait for their turn, for the end of their backoff, or for the retry budget. */
export interface TaskQueue {
  /** ms until `take` returns a task; Infinity if that depends on a call in flight. */
  waitMs(): number;
  take(): Task | undefined;
  /** Puts a task in front, free of charge: it failed for a reason outside itself. */
  putFirst(task: Task): void;
  /** Puts a task back until `dueAt` (monotonic ms); taking it then costs retry budget. */
  putBack(task: Task, dueAt: number): void;
  /** A call was accepted, which adds a retry to the budget. */
  refill(): void;
  /** Empties the queue: what was never called, and what waits for a retry. */
  drain(): Task[];
}

export function createTaskQueue(instanceIds: readonly string[], clock: Clock): TaskQueue {
  const budget = createRetryBudget(instanceIds.length);
  const first: Task[] = [];
  const delayed: Delayed[] = []; // the one due first is the last
  let position = 0;

  return {
    waitMs: () => {
      if (first.length > 0 || position < instanceIds.length) return 0;
      const next = delayed.at(-1);
      if (next === undefined || budget.empty) return Number.POSITIVE_INFINITY;
      return Math.max(0, next.dueAt - clock.monotonic());
    },
    take: () => {
      const task = first.pop();
      if (task) return task;
      const next = delayed.at(-1);
      if (next && next.dueAt <= clock.monotonic() && budget.take()) return delayed.pop()?.task;
      const instanceId = instanceIds[position];
      if (instanceId === undefined) return undefined;
      position += 1;
      return createTask(instanceId);
    },
    putFirst: (task) => {
      first.push(task);
    },
    putBack: (task, dueAt) => {
      delayed.splice(insertionIndex(delayed, dueAt), 0, { task, dueAt });
    },
    refill: () => budget.refill(),
    drain: () => {
      const rest = instanceIds.slice(position).map(createTask);
      position = instanceIds.length;
      return [...first.splice(0), ...delayed.splice(0).map(({ task }) => task), ...rest];
    },
  };
}

interface Delayed {
  readonly task: Task;
  readonly dueAt: number;
}

function insertionIndex(delayed: readonly Delayed[], dueAt: number): number {
  let low = 0;
  let high = delayed.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((delayed[middle]?.dueAt ?? 0) > dueAt) low = middle + 1;
    else high = middle;
  }
  return low;
}
