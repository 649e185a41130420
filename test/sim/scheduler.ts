/** Who a timer belongs to: a process that may be frozen or dead when its timer is due. */
export interface Owner {
  /** `late` keeps the timer until the owner runs again. */
  state(): 'running' | 'frozen' | 'dead';
  late(timer: Timer): void;
}

export interface Timer {
  at: number;
  readonly order: number;
  readonly fire: () => void;
  readonly owner: Owner | undefined;
  /** Nothing happens when it is due. */
  isOff: boolean;
}

/** Virtual time: it passes only while everything waits. One world has one. */
export interface Scheduler {
  /** Ms since the world began. */
  now(): number;
  after(delayMs: number, fire: () => void, owner?: Owner): Timer;
  /** A timer that was late. */
  again(timer: Timer): void;
  /** Lets time pass until `stop`, or until nothing is due any more. */
  run(): Promise<void>;
  stop(): void;
  /** Timers that fired. */
  steps(): number;
}

const immediatesAtOnce = 256;

/**
 * A binary heap of timers. Between two of them every microtask runs: Node empties its queues between two
 * immediates, so that a whole block of them is far cheaper than a turn of the event loop for each.
 */
export function createScheduler(): Scheduler {
  const heap: Timer[] = [];
  let now = 0;
  let order = 0;
  let steps = 0;
  let isStopped = false;

  const after = (delayMs: number, fire: () => void, owner?: Owner): Timer => {
    // Node's timers have whole milliseconds, and never less than one.
    const at = now + Math.max(1, Math.ceil(delayMs));
    const timer = { at, order: order++, fire, owner, isOff: false };
    push(heap, timer);
    return timer;
  };

  /** False when there is nothing left to fire. */
  const fireNext = (): boolean => {
    for (;;) {
      const timer = pop(heap);
      if (timer === undefined) return false;
      if (timer.isOff) continue;
      const state = timer.owner?.state() ?? 'running';
      if (state === 'dead') continue;
      if (state === 'frozen') {
        timer.owner?.late(timer);
        continue;
      }
      now = timer.at;
      steps += 1;
      timer.fire();
      return true;
    }
  };

  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let left = 0;
      let isOver = false;
      const step = (): void => {
        left -= 1;
        if (isOver) return;
        try {
          isOver = isStopped || !fireNext();
        } catch (error) {
          isOver = true;
          reject(error);
          return;
        }
        if (isOver) resolve();
        else if (left === 0) refill();
      };
      const refill = (): void => {
        for (left = 0; left < immediatesAtOnce; left += 1) setImmediate(step);
      };
      refill();
    });

  return {
    now: () => now,
    after,
    again: (timer) => {
      timer.at = Math.max(timer.at, now);
      push(heap, timer);
    },
    run,
    stop: () => {
      isStopped = true;
    },
    steps: () => steps,
  };
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || !isBefore(timer, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    let child = heap[down];
    const right = heap[down + 1];
    if (child && right && isBefore(right, child)) {
      down += 1;
      child = right;
    }
    if (child === undefined || !isBefore(child, last)) break;
    heap[at] = child;
    at = down;
  }
  heap[at] = last;
  return first;
}
