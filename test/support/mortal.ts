import type { Clock } from '../../lib/clock.ts';

/** A process that dies at its `crashAt`-th effect on the outside; from then on nothing of it happens. */
export interface Mortal {
  readonly death: Promise<'crashed'>;
  isDead(): boolean;
  /** Does something outside, and learns of it: the process may die between the two. */
  effect<Result>(work: () => Promise<Result> | Result): Promise<Result>;
  /** The clock, whose sleepers do not wake up again once the process is dead. */
  sleep: Clock['sleep'];
  /** Effects so far. */
  effects(): number;
}

/** @param crashAt 0: it never dies */
export function createMortal(clock: Clock, crashAt: number): Mortal {
  let effects = 0;
  let die = (): void => {};
  const death = new Promise<'crashed'>((resolve) => {
    die = () => resolve('crashed');
  });
  const isDead = (): boolean => crashAt > 0 && effects >= crashAt;
  const never = new Promise<never>(() => {});

  return {
    death,
    isDead,
    effects: () => effects,
    effect: async (work) => {
      if (isDead()) return never;
      effects += 1;
      const diesNow = isDead();
      const result = await work();
      if (diesNow) die();
      return isDead() ? never : result;
    },
    sleep: async (delayMs, signal) => {
      await clock.sleep(delayMs, signal);
      return isDead() ? never : undefined;
    },
  };
}
