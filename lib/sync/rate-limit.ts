/** The upper bound of calls per second. All times are monotonic ms. */
export interface RateLimit {
  /** When the next call may start. */
  nextAt(): number;
  start(now: number): void;
}

const windowMs = 1_000;
const burstMs = 50; // how much a late timer may catch up

/** Evenly spaced calls, and never more than the whole part of `maxPerSecond` (at least one) within any second. */
export function createRateLimit(maxPerSecond: number): RateLimit {
  const perWindow = Math.max(1, Math.floor(maxPerSecond));
  const starts: number[] = []; // the last ones, in a ring
  let count = 0;
  let spacedAt = Number.NEGATIVE_INFINITY;

  return {
    nextAt: () =>
      Math.max(spacedAt, (starts[count % perWindow] ?? Number.NEGATIVE_INFINITY) + windowMs),
    start: (now) => {
      starts[count % perWindow] = now;
      count += 1;
      spacedAt = Math.max(spacedAt, now - burstMs) + 1_000 / maxPerSecond;
    },
  };
}
