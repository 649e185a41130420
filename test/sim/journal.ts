import { secretMark } from './huawei/ids.ts';
import type { Invariant, Violation } from './invariants.ts';
import { mix } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** Events in the order in which they happened, a hash of all of them, and what they violated. */
export interface Journal {
  readonly violations: readonly Violation[];
  event(text: string): void;
  /** Only the first one of an invariant counts. */
  violate(invariant: Invariant, detail: string, index?: number): void;
  /** @param where the text would be found, were there a secret in it */
  guard(where: string, text: string): void;
  /** The last events, oldest first; empty in a world without a trace. */
  recent(): readonly string[];
  /** Of every event: equal for equal worlds. */
  hash(): number;
}

export interface JournalOptions {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly checked: ReadonlySet<Invariant>;
  readonly isTraced: boolean;
  /** The first violation ends the world. */
  readonly stopsEarly: boolean;
}

const keptEvents = 5_000;

export function createJournal(options: JournalOptions): Journal {
  const { checked, isTraced, scheduler, stopsEarly } = options;
  const violations: Violation[] = [];
  const events: string[] = [];
  let hash = options.seed >>> 0;

  const event = (text: string): void => {
    hash = mix(hash ^ scheduler.now(), text);
    if (!isTraced) return;
    events.push(`${(scheduler.now() / 1_000).toFixed(3).padStart(10)}  ${text}`);
    if (events.length > 2 * keptEvents) events.splice(0, keptEvents);
  };

  const violate = (invariant: Invariant, detail: string, index?: number): void => {
    if (!checked.has(invariant)) return;
    if (violations.some((one) => one.invariant === invariant)) return;
    violations.push({ invariant, at: scheduler.now(), detail, index });
    event(`VIOLATION of ${invariant}: ${detail}`);
    if (stopsEarly) scheduler.stop();
  };

  return {
    violations,
    event,
    violate,
    guard: (where, text) => {
      if (text.includes(secretMark)) violate('secrets', `${where}: ${text.slice(0, 300)}`);
    },
    recent: () => events.slice(-keptEvents),
    hash: () => hash >>> 0,
  };
}
