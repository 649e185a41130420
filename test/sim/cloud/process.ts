import type { Clock } from '../../../lib/clock.ts';
import type { Owner, Scheduler, Timer } from '../scheduler.ts';

/** One execution environment's process. Once it is dead nothing of it happens any more. */
export interface Process extends Owner {
  readonly clock: Clock;
  kill(): void;
  /** Between two invocations: its timers wait. */
  freeze(): void;
  thaw(): void;
  /** It dies right after its n-th effect from now, before it learns of the answer; 0: it does not. */
  dieAfter(effects: number, died: () => void): void;
  /** Something outside was just done: the process may end here. */
  didSomething(): void;
  /** Resolves after a while, sooner when the signal aborts: with whether it did. */
  wait(delayMs: number, signal: AbortSignal): Promise<boolean>;
}

/** What a dead process waits for. */
export const forever: Promise<never> = new Promise(() => {});

/** Wall time at the beginning of a world. */
export const epochMs = Date.parse('2026-11-23T03:00:00Z');

export function createProcess(scheduler: Scheduler): Process {
  let state: 'running' | 'frozen' | 'dead' = 'running';
  let late: Timer[] = [];
  let effectsLeft = 0;
  let onDeath = (): void => {};

  const wait = (delayMs: number, signal?: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      if (state === 'dead') return;
      if (signal?.aborted) return resolve(true);
      const abort = (): void => {
        timer.isOff = true;
        resolve(true);
      };
      const timer = scheduler.after(
        delayMs,
        () => {
          signal?.removeEventListener('abort', abort);
          resolve(false);
        },
        owner,
      );
      signal?.addEventListener('abort', abort, { once: true });
    });

  const owner: Process = {
    state: () => state,
    late: (timer) => late.push(timer),
    clock: {
      now: () => Math.floor(epochMs + scheduler.now()),
      monotonic: () => scheduler.now(),
      sleep: async (delayMs, signal) => void (await wait(delayMs, signal)),
    },
    kill: () => {
      state = 'dead';
    },
    freeze: () => {
      if (state === 'running') state = 'frozen';
    },
    thaw: () => {
      if (state !== 'frozen') return;
      state = 'running';
      for (const timer of late) scheduler.again(timer);
      late = [];
    },
    dieAfter: (effects, died) => {
      effectsLeft = effects;
      onDeath = died;
    },
    didSomething: () => {
      if (effectsLeft === 0) return;
      effectsLeft -= 1;
      if (effectsLeft > 0) return;
      state = 'dead';
      onDeath();
    },
    wait,
  };
  return owner;
}

const requestTimeoutMs = 5_000; // of the SDK's clients in lib/aws

/** What the SDK does while a service hangs: it tries again after each timeout. */
export async function outlastHang(
  process: Process,
  isHanging: () => boolean,
  maxAttempts: number,
  signal: AbortSignal,
): Promise<'answers' | 'aborted' | 'timed out'> {
  for (let attempt = 1; isHanging(); attempt += 1) {
    if (await process.wait(requestTimeoutMs, signal)) return 'aborted';
    if (attempt === maxAttempts) return 'timed out';
  }
  return 'answers';
}
