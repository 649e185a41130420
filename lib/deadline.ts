import type { Clock } from './clock.ts';

/**
 * How an invocation divides its time. The first two phases end after a share of the whole time. The others
 * end a share of the reserve (DEADLINE_RESERVE_MS) before the invocation does.
 */
const phases = {
  /** Parameter Store has answered. If it hangs, there is time left to answer 503 or to hand a batch back. */
  setUp: { ofTotal: 0.3 },
  /** The instances to sync are known. The other half of the time is for the calls. */
  resolve: { ofTotal: 0.5 },
  /** No call starts after this. */
  calls: { ofReserve: 1 },
  /** Calls in flight have ended. The hand-over of everything else does not wait for them. */
  answers: { ofReserve: 0.4 },
  /** The queues have taken the rest. */
  handOver: { ofReserve: 0.1 },
  /** The last write: the cursor that must not move before the queue has the messages. */
  report: { ofReserve: 0.04 },
} as const satisfies Record<string, { readonly ofTotal: number } | { readonly ofReserve: number }>;

export type Phase = keyof typeof phases;

/** Of the whole time: no DEADLINE_RESERVE_MS may leave a function without time for its work. */
const maxReserveShare = 0.5;

/** The end of one invocation. It is passed on as an object: no function takes the remaining milliseconds. */
export interface Deadline extends Disposable {
  /** Until the phase ends; 0 once it has. */
  leftMs(phase: Phase): number;
  isOver(phase: Phase): boolean;
  /** Aborts when the phase ends. Every call that leaves the process takes one. */
  signal(phase: Phase): AbortSignal;
}

export interface DeadlineOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** From now until Lambda, or the function's own limit, ends the invocation. */
  readonly totalMs: number;
  /** DEADLINE_RESERVE_MS, but at most half of the total time. */
  readonly reserveMs: number;
}

export function createDeadline({ clock, reserveMs, totalMs }: DeadlineOptions): Deadline {
  const startedAt = clock.monotonic();
  const reservedMs = Math.min(reserveMs, totalMs * maxReserveShare);
  const signals = new Map<Phase, AbortSignal>();
  const disposed = new AbortController();

  const endsAt = (phase: Phase): number => {
    const share = phases[phase];
    return 'ofTotal' in share
      ? startedAt + totalMs * share.ofTotal
      : startedAt + totalMs - reservedMs * share.ofReserve;
  };
  const leftMs = (phase: Phase): number => Math.max(0, endsAt(phase) - clock.monotonic());

  const createSignal = (phase: Phase): AbortSignal => {
    const ended = new AbortController();
    if (leftMs(phase) === 0) ended.abort();
    else void clock.sleep(leftMs(phase), disposed.signal).then(() => ended.abort());
    return ended.signal;
  };

  return {
    leftMs,
    isOver: (phase) => leftMs(phase) === 0,
    signal: (phase) => {
      const signal = signals.get(phase) ?? createSignal(phase);
      signals.set(phase, signal);
      return signal;
    },
    [Symbol.dispose]: () => disposed.abort(),
  };
}

/**
 * Rejects when the signal aborts, whatever the work does: the AWS SDK waits between its retries without
 * looking at its own signal.
 */
export async function untilAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
