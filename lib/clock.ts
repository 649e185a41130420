/** Time as a dependency: tests replace it, nothing else in lib/ reads a clock or sets a timer. */
export interface Clock {
  /** Wall clock in ms since the epoch: for dates that others read, never for durations. */
  now(): number;
  /** Monotonic ms with an arbitrary origin: for durations, deadlines and rates. */
  monotonic(): number;
  /** Resolves after `delayMs`, or at once when the signal aborts; never rejects, leaves no timer. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, delayMs);
      signal?.addEventListener('abort', finish, { once: true });
    }),
};
