import { createRandom } from '../support/fleet.ts';

/** Everything that a world leaves to chance; the same for the same seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  chance(share: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** A generator of its own: what one part of the world draws does not move another part. */
  fork(name: string): Random;
}

export function createSeededRandom(seed: number): Random {
  const next = createRandom(seed);
  const between = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    chance: (share) => share > 0 && next() < share,
    pick: (items) => items[between(0, items.length - 1)] ?? items[0],
    fork: (name) => createSeededRandom(mix(seed, name)),
  };
}

/** FNV-1a. */
export function mix(seed: number, text: string): number {
  let hash = seed ^ 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
