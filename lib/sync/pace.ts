import type { Clock } from '../clock.ts';
import { createBreaker } from './breaker.ts';
import { createRateLimit } from './rate-limit.ts';
import { createSlots } from './slots.ts';

export interface PaceOptions {
  /** Upper bound of calls in flight. */
  readonly maxConcurrency: number;
  /** Upper bound of calls started in any second. */
  readonly maxPerSecond: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
}

/** What the end of a call tells about the service. */
export type CallEnd =
  | 'accepted'
  /** It works, though it did not accept the call. */
  | 'answered'
  /** It may be down. */
  | 'unavailable'
  /** There are too many calls. */
  | 'throttled'
  /** Nothing: the call was cut off, or its credentials were refused. */
  | 'unknown';

/** Rate and concurrency of an execution environment, from one run to the next. */
export interface Pace {
  /** ms until the next call may start; 0 is now, Infinity if a call must end first. */
  waitMs(): number;
  /** ms in which no call may start at all: the service asked for that, is down, or refuses the credentials. */
  pausedMs(): number;
  /** Calls that the service is expected to take within a while; at least a few, which find out. */
  callsWithin(ms: number): number;
  /** As in breaker.ts. */
  readonly isOpen: boolean;
  readonly isWorking: boolean;
  /** Returns the time of the start (monotonic ms), by which `end` knows the call. */
  start(): number;
  /** @param retryAfterMs as asked by the service */
  end(startedAt: number, how: CallEnd, retryAfterMs?: number): void;
  /** There are no valid credentials. */
  unauthorized(): void;
  /** Somebody waits: one call finds out at once whether an outage or a refusal is over. */
  tryNow(): void;
}

const startConcurrency = 4;
const longestRetryAfterMs = 900_000; // the longest delay of SQS
const unauthorizedPauseMs = 120_000;
const forgetMs = 60_000; // after this long without a call, what was learned about the service is out of date

/**
 * Starts with few calls in flight and doubles with every accepted one. Only throttling lowers the rate (slots.ts); an
 * outage, or credentials that are refused, make it pause (breaker.ts).
 */
export function createPace({ clock, maxConcurrency, maxPerSecond, random }: PaceOptions): Pace {
  const limit = createRateLimit(maxPerSecond);
  const slots = createSlots(Math.max(1, Math.floor(maxPerSecond)), random);
  const breaker = createBreaker();
  const first = Math.min(startConcurrency, maxConcurrency);
  let concurrency = first;
  let inFlight = 0;
  let usedAt = Number.NEGATIVE_INFINITY;

  const forgetWhenIdle = (now: number): void => {
    const isIdle = inFlight === 0 && now - Math.max(usedAt, breaker.pausedUntil) >= forgetMs;
    if (!isIdle || breaker.isOpen) return;
    concurrency = first;
    slots.reset();
  };

  return {
    waitMs: () => {
      if (inFlight >= (breaker.isOpen ? 1 : concurrency)) return Number.POSITIVE_INFINITY;
      const at = Math.max(limit.nextAt(), slots.nextAt(), breaker.pausedUntil);
      return Math.max(0, at - clock.monotonic());
    },
    pausedMs: () => Math.max(0, breaker.pausedUntil - clock.monotonic()),
    callsWithin: (ms) => Math.max(startConcurrency, Math.floor((slots.count * ms) / 1_000)),
    get isOpen() {
      return breaker.isOpen;
    },
    get isWorking() {
      return breaker.isWorking(clock.monotonic());
    },
    start: () => {
      const now = clock.monotonic();
      forgetWhenIdle(now);
      usedAt = now;
      inFlight += 1;
      limit.start(now);
      slots.start(now);
      return now;
    },
    end: (startedAt, how, retryAfterMs = 0) => {
      const now = clock.monotonic();
      inFlight -= 1;
      if (how === 'throttled') slots.throttled(startedAt, now);
      else slots.taken(startedAt, now);
      if (how === 'accepted') concurrency = Math.min(maxConcurrency, concurrency * 2);
      if (how === 'accepted' || how === 'answered') breaker.close(now);
      else breaker.pause(now, Math.min(retryAfterMs, longestRetryAfterMs));
      if (how === 'unavailable') breaker.failed(startedAt, now);
      if (breaker.isOpen) concurrency = first;
    },
    unauthorized: () => {
      breaker.open(clock.monotonic(), unauthorizedPauseMs);
      concurrency = first;
    },
    tryNow: breaker.tryNow,
  };
}
