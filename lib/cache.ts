import type { Clock } from './clock.ts';

/** One value that is read again when it is too old; who asks meanwhile waits for the same read. */
export interface Cache<Value> {
  /** Undefined where nothing is kept, or for too long. */
  get(): Promise<Value> | undefined;
  /** A failed read is not kept. */
  keep(value: Promise<Value>): Promise<Value>;
}

const maxAgeMs = 5 * 60_000;

export function createCache<Value>(clock: Pick<Clock, 'monotonic'>): Cache<Value> {
  let kept: { readonly value: Promise<Value>; readonly readAt: number } | undefined;

  return {
    get: () => (kept && clock.monotonic() - kept.readAt < maxAgeMs ? kept.value : undefined),
    keep: (value) => {
      const entry = { value, readAt: clock.monotonic() };
      kept = entry;
      value.catch(() => {
        if (kept === entry) kept = undefined;
      });
      return value;
    },
  };
}
