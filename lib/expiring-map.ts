import type { Clock } from './clock.ts';

/** A bounded map: beyond its size the entry that nobody asked for longest gives way. */
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
      entries.set(key, entry); // now the youngest
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
