export const runs = 96;
/** So long a period of the schedule is shown, and so long it takes here. */
export const periodMs = 900_000;
export const paceMs = 1_500;

export interface ShownClock {
  begin(run: number): void;
  readonly run: number;
  elapsedMs(): number;
  now(): number;
}

/** Spreads the runs over a day that ends now. */
export const createShownClock = (end: number): ShownClock => {
  const endOfPeriod = end - (end % periodMs);
  let run = 0;
  let beganAt = performance.now();
  const elapsedMs = (): number => performance.now() - beganAt;
  return {
    begin: (number) => {
      run = number;
      beganAt = performance.now();
    },
    get run() {
      return run;
    },
    elapsedMs,
    now: () => {
      const share = Math.min(0.99, elapsedMs() / paceMs);
      return Math.floor(endOfPeriod - (runs - run - share) * periodMs);
    },
  };
};
