import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';

export interface FakeClock extends Clock {
  /** Lets time pass: runs what is ready, then jumps to the next sleeper, until the work is done. */
  run<Result>(work: Promise<Result>): Promise<Result>;
  /** Moves the wall clock only, as an NTP correction does. */
  jumpWallClock(byMs: number): void;
}

interface Sleeper {
  readonly at: number;
  readonly finish: () => void;
}

/** Time that passes only while everybody sleeps; starts at a fixed wall time and monotonic 0. */
export function createFakeClock(): FakeClock {
  const sleepers = new Set<Sleeper>();
  let monotonic = 0;
  let wallOffset = Date.parse('2026-11-23T03:00:00Z');

  const wakeNext = (): void => {
    const next = [...sleepers].reduce<Sleeper | undefined>(
      (first, sleeper) => (first === undefined || sleeper.at < first.at ? sleeper : first),
      undefined,
    );
    if (next === undefined) return;
    monotonic = Math.max(monotonic, next.at);
    next.finish();
  };

  return {
    now: () => Math.floor(wallOffset + monotonic), // whole, as Date.now()
    monotonic: () => monotonic,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const finish = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', finish);
          resolve();
        };
        const sleeper = { at: monotonic + delayMs, finish };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', finish, { once: true });
      }),
    jumpWallClock: (byMs) => {
      wallOffset += byMs;
    },
    run: async (work) => {
      let isDone = false;
      const finish = (): void => {
        isDone = true;
      };
      work.then(finish, finish);
      for (;;) {
        await setImmediate();
        if (isDone) return work;
        wakeNext();
      }
    },
  };
}
