import type { Fault } from './faults.ts';

/** Everything that makes a world; the seed decides the rest. Times in ms since it began. */
export interface Plan {
  readonly seed: number;
  /** Configured instances. */
  readonly fleet: number;
  /** So long instances are asked for. */
  readonly asksUntil: number;
  readonly env: Readonly<Record<string, string>>;
  /** Period of the scheduled run; 0: there is none. */
  readonly scheduleMs: number;
  readonly watch: boolean;
  readonly rotate: boolean;
  readonly ddm: {
    /** Sync calls that the gateway allows in a second. */
    readonly perSecond: number;
    /** In its 429. */
    readonly retryAfterSeconds?: number | undefined;
    readonly latencyMs: readonly [number, number];
    /** Share of the jobs that fail. */
    readonly failedJobs: number;
  };
  /** Of the queue's deletions: the message comes once more. */
  readonly duplicates: number;
  readonly faults: readonly Fault[];
  readonly operations: readonly Operation[];
  readonly requests: readonly Request[];
  readonly events: readonly ChangedEvent[];
  /** Instances whose messages are in the sync queue from the beginning: the first ones. */
  readonly preloaded: number;
  /** Data nodes that belong to no instance of the fleet. */
  readonly unowned: number;
  /** Workers on the sync queue. */
  readonly workers: number;
  /** So long an environment is kept. */
  readonly warmMs: number;
  /** With the fault `kills`: an invocation dies within so many effects. */
  readonly killWithin: number;
  /** After the last ask and the last fault everything must have settled within so long. */
  readonly settleMs: number;
}

/** An operation on a data node, as CTS records it. */
export interface Operation {
  /** When it was asked for. */
  readonly at: number;
  /** Data node, by number. */
  readonly node: number;
  readonly name: string;
  readonly kind: 'twice' | 'api-only' | 'fails';
  readonly durationMs: number;
  /** How late its records can be read. */
  readonly lateMs: number;
  /** The record is there under two ids. */
  readonly doubled: boolean;
  /** A record that cannot be read beside it. */
  readonly garbage: boolean;
  /** How late the record of its end can be read, where that is another time. */
  readonly endLateMs?: number;
  /** Fields of its records that are not as documented. */
  readonly odd?: Readonly<Record<string, unknown>>;
}

/** POST /sync. */
export interface Request {
  readonly at: number;
  /** Absent: the whole fleet. */
  readonly indexes?: readonly number[] | undefined;
  readonly waitMs?: number | undefined;
}

/** An EventBridge event about instances or data nodes. */
export interface ChangedEvent {
  readonly at: number;
  readonly instance?: number;
  readonly node?: number;
}

export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;

/** A world in which nothing goes wrong: scenarios and tests change what they are about. */
export function calmPlan(seed: number): Plan {
  return {
    seed,
    fleet: 20,
    asksUntil: hourMs,
    env: {},
    scheduleMs: 15 * minuteMs,
    watch: false,
    rotate: false,
    ddm: { perSecond: 10_000, latencyMs: [50, 50], failedJobs: 0 },
    duplicates: 0,
    faults: [],
    operations: [],
    requests: [],
    events: [],
    preloaded: 0,
    unowned: 0,
    workers: 4,
    warmMs: 10 * minuteMs,
    killWithin: 40,
    settleMs: 45 * minuteMs,
  };
}
