/** Whether the service works, as far as is known. All times are monotonic ms. */
export interface Breaker {
  /** It is down or refuses the credentials: one call, after a pause, finds out whether that is over. */
  readonly isOpen: boolean;
  /** No call may start before. */
  readonly pausedUntil: number;
  /** It answered a call within the last minute, and is not down since. */
  isWorking(now: number): boolean;
  /** A call was answered. */
  close(now: number): void;
  /** A call failed in a way that may mean that the service is down. */
  failed(startedAt: number, now: number): void;
  /** No call can succeed before something else has happened. */
  open(now: number, pauseMs: number): void;
  /** The next call need not wait for the end of a pause that the breaker made. */
  tryNow(): void;
  /** The service asked for it. */
  pause(now: number, ms: number): void;
}

const failuresToOpen = 10; // in a row: with a third of all calls failing at random, once in 60,000
const firstPauseMs = 2_000;
const longestPauseMs = 60_000;
const provenMs = 60_000;

/** A circuit breaker, whose pauses double while the service stays down. */
export function createBreaker(): Breaker {
  let failures = 0; // in a row
  let openings = 0; // 0: closed
  let openedAt = Number.NEGATIVE_INFINITY;
  let probeAt = Number.NEGATIVE_INFINITY;
  let pausedUntil = Number.NEGATIVE_INFINITY; // by the service
  let workedAt = Number.NEGATIVE_INFINITY;

  const open = (now: number, pauseMs: number): void => {
    openings += 1;
    openedAt = now;
    probeAt = now + pauseMs;
  };

  return {
    get isOpen() {
      return openings > 0;
    },
    get pausedUntil() {
      return Math.max(probeAt, pausedUntil);
    },
    isWorking: (now) => openings === 0 && now - workedAt < provenMs,
    close: (now) => {
      failures = 0;
      openings = 0;
      probeAt = Number.NEGATIVE_INFINITY;
      workedAt = now;
    },
    failed: (startedAt, now) => {
      if (startedAt < openedAt) return; // it was on its way
      failures += 1;
      if (openings === 0 && failures < failuresToOpen) return;
      open(now, Math.min(longestPauseMs, firstPauseMs * 2 ** openings));
    },
    open,
    tryNow: () => {
      probeAt = Number.NEGATIVE_INFINITY;
    },
    pause: (now, ms) => {
      pausedUntil = Math.max(pausedUntil, now + ms);
    },
  };
}
