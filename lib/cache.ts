import type { Clock } from './clock.ts';

/** One value that is re-read when it is too old. Concurrent callers share the same read. */
export interface Cache<Value> {
  /** Undefined if nothing is cached, or if it is too old. */
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

/** A bounded map: when it is full, the least recently used entry is evicted. */
export interface ExpiringMap<Value> {
  get(key: string): Value | undefined;
  /** `expiresAt` is in ms since the epoch. */
  set(key: string, value: Value, expiresAt: number): void;
}

export function createExpiringMap<Value>(
  maxEntries: number,
  clock: Pick<Clock, 'now'>,
): ExpiringMap<Value> {
  const entries = new Map<string, { readonly value: Value; readonly expiresAt: number }>();

  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.expiresAt <= clock.now()) return undefined;
      entries.set(key, entry); // now the most recently used
      return entry.value;
    },
    set: (key, value, expiresAt) => {
      entries.delete(key);
      const [oldest] = entries.keys();
      if (entries.size >= maxEntries && oldest !== undefined) entries.delete(oldest);
      entries.set(key, { value, expiresAt });
    },
  };
}
