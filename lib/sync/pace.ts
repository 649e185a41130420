import type { Clock } from '../clock.ts';

export interface PaceOptions {
  /** Upper bound of calls in flight. */
  readonly maxConcurrency: number;
  /** Upper bound of calls started in any second. */
  readonly maxPerSecond: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

export interface Pace {
  /** ms until the next call may start; 0 is now, Infinity when a call must end first. */
  waitMs(): number;
  start(): void;
  /** A call ended, with any result. */
  end(): void;
  /** The service accepted a call, so more may be tried. */
  accepted(): void;
  /** The service refused a call started at `startedAt` (monotonic ms) because there are too many. */
  throttled(startedAt: number, retryAfterMs?: number): void;
  /** Calls per second allowed at present. */
  readonly perSecond: number;
}

const windowMs = 1_000; // "limit:50,time:1 second": the gateway counts per second
const burstMs = 50; // how much a late timer may catch up
const startConcurrency = 4;
const decrease = 0.98; // of what the service was seen to accept
const repeatedDecrease = 0.8;
const increasePerSecond = 0.02;
const calmMs = 5_000; // after this long without throttling, the old limit no longer counts
const recoveryPerSecond = 0.05; // of the upper bound
const minShare = 0.05;
const maxPauseMs = 60_000;
const forgetMs = 60_000; // after this long without a call, what was learned about the service is out of date

/**
 * Concurrency and rate of an execution environment, from one run to the next. Starts with few calls in
 * flight and doubles with every accepted one. The rate is additive-increase/multiplicative-decrease: a
 * throttled answer lowers it to what the service accepted in the last second, once per generation of calls;
 * then it creeps up again.
 */
export function createPace(options: PaceOptions): Pace {
  const { maxConcurrency, maxPerSecond, clock } = options;
  const minPerSecond = Math.min(maxPerSecond, Math.max(1, maxPerSecond * minShare));
  const starts = createSlidingCount();
  const accepts = createSlidingCount();
  let concurrency = Math.min(startConcurrency, maxConcurrency);
  let perSecond = maxPerSecond;
  let inFlight = 0;
  let nextStartAt = Number.NEGATIVE_INFINITY;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let loweredAt = Number.NEGATIVE_INFINITY;
  let usedAt = Number.NEGATIVE_INFINITY;

  const forgetWhenIdle = (now: number): void => {
    if (inFlight > 0 || now - usedAt < forgetMs) return;
    concurrency = Math.min(startConcurrency, maxConcurrency);
    perSecond = maxPerSecond;
  };

  const raise = (now: number): void => {
    const calm = now - loweredAt > calmMs;
    const step = perSecond * increasePerSecond + (calm ? maxPerSecond * recoveryPerSecond : 0);
    perSecond = Math.min(maxPerSecond, perSecond + step / Math.max(1, perSecond));
  };

  const lower = (now: number): void => {
    const sinceLowered = now - loweredAt;
    const bound = sinceLowered < windowMs ? repeatedDecrease * perSecond : perSecond;
    const observed = Math.min(bound, accepts.within(now)); // per second: the window is one
    perSecond = Math.max(minPerSecond, decrease * observed);
    loweredAt = now;
  };

  return {
    waitMs: () => {
      if (inFlight >= concurrency) return Number.POSITIVE_INFINITY;
      const now = clock.monotonic();
      const limit = Math.max(1, Math.floor(perSecond));
      const windowAt = starts.within(now) >= limit ? starts.leavesAt(limit) : now;
      return Math.max(0, nextStartAt - now, windowAt - now, pausedUntil - now);
    },
    start: () => {
      const now = clock.monotonic();
      forgetWhenIdle(now);
      usedAt = now;
      inFlight += 1;
      starts.add(now);
      nextStartAt = Math.max(nextStartAt, now - burstMs) + 1_000 / perSecond;
    },
    end: () => {
      inFlight -= 1;
    },
    accepted: () => {
      const now = clock.monotonic();
      accepts.add(now);
      concurrency = Math.min(maxConcurrency, concurrency * 2);
      raise(now);
    },
    throttled: (startedAt, retryAfterMs = 0) => {
      const now = clock.monotonic();
      pausedUntil = Math.max(pausedUntil, now + Math.min(retryAfterMs, maxPauseMs));
      // Calls that were on their way when the rate was lowered say nothing about the new rate.
      if (startedAt > loweredAt) lower(now);
    },
    get perSecond() {
      return perSecond;
    },
  };
}

interface SlidingCount {
  add(at: number): void;
  /** Entries of the last window. */
  within(now: number): number;
  /** When there will be fewer than `limit` entries in the window. */
  leavesAt(limit: number): number;
}

function createSlidingCount(): SlidingCount {
  let times: number[] = [];
  let first = 0;

  const forget = (now: number): void => {
    while (first < times.length && (times[first] ?? 0) <= now - windowMs) first += 1;
    if (first > 1_024 && first * 2 > times.length) {
      times = times.slice(first);
      first = 0;
    }
  };

  return {
    add: (at) => {
      times.push(at);
      forget(at);
    },
    within: (now) => {
      forget(now);
      return times.length - first;
    },
    leavesAt: (limit) => (times[times.length - limit] ?? Number.NEGATIVE_INFINITY) + windowMs,
  };
}
