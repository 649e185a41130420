import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Deadline } from '../deadline.ts';
import type { UnauthorizedError } from '../errors.ts';
import type { Auth } from '../huawei/auth.ts';
import type { DdmClient } from '../huawei/ddm.ts';
import type { Outcomes } from './outcomes.ts';
import type { Pace } from './pace.ts';
import type { Task, TaskQueue } from './tasks.ts';
import type { HandOver } from './unfinished.ts';

export interface SyncDeps {
  readonly ddm: DdmClient;
  readonly auth: Auth;
  /** Without it the instances fail that this run cannot finish. */
  readonly handOver?: HandOver | undefined;
  readonly pace: Pace;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  readonly config: Pick<Config, 'syncMaxAttempts'>;
}

export interface SyncBatch {
  /** Instances that did not answer in time before: another timeout tells nothing about the service. */
  readonly slow: ReadonlySet<string>;
}

export interface SyncRun {
  /** Well-formed and unique. */
  readonly instanceIds: readonly string[];
  /** How many are called here at most, if the others can be handed over. */
  readonly inlineMax: number;
  /** Other messages wait for the end of this run; absent: none do. */
  readonly batch?: SyncBatch | undefined;
  readonly deadline: Deadline;
  readonly outcomes: Outcomes;
}

export type StopReason = UnauthorizedError | 'max-errors';

/** What the calls of one run share. */
export interface RunState {
  readonly deps: SyncDeps;
  readonly run: SyncRun;
  readonly tasks: TaskQueue;
  /** Not called again in this run: too late for it, or to be tried again elsewhere. */
  readonly unfinished: Task[];
  /** Refused with the newest credentials, since the last accepted call. */
  readonly refused: Task[];
  /** Ends the calls in flight. */
  readonly impatience: AbortController;
  readonly signal: AbortSignal;
  inFlight: number;
  accepted: number;
  /** The longest accepted call, in ms. */
  longestMs: number;
  lastStartAt: number;
  /** Why there are no newer credentials. */
  renewalError?: UnauthorizedError;
  isRenewing: boolean;
  stoppedBy: StopReason | undefined;
  wake: () => void;
}
