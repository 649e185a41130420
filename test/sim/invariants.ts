/** What must hold in every world. Each can be switched off by its name. */
export const invariants = {
  accounted: 'an instance that was queued is accepted, failed, skipped, or still in a queue',
  claimed: '`accepted` is logged only for a job that the service started',
  'adds-up': 'the counts of a report add up, and each instance of a run has one outcome',
  settles: 'after the last ask and the last fault every queue is empty within the stated time',
  recovers: 'after that every healthy instance is accepted when it is asked for',
  dead: 'no message of a healthy instance dies, but for crashes of the worker; no message dies uncalled',
  deadline: 'no invocation outlasts its deadline',
  rate: 'an environment never starts more calls in a second than SYNC_RATE_PER_SECOND',
  size: 'at most 1.1 messages for each instance wait in the sync queue, beside what POST /sync asked for',
  changes: 'a change that CTS or an event told of leads to a sync that begins after it',
  followed: 'an accepted sync has an end line, or is still in the follow queue',
  secrets: 'no token and no password in a log line, a message, or a parameter other than its own',
  errors: 'a function fails with an error that it says it throws',
} as const;

export type Invariant = keyof typeof invariants;
export const invariantNames = Object.keys(invariants) as readonly Invariant[];

export function isInvariant(name: string): name is Invariant {
  return Object.hasOwn(invariants, name);
}

export interface Violation {
  readonly invariant: Invariant;
  /** Ms since the world began. */
  readonly at: number;
  readonly detail: string;
  /** Instance or data node, where it is about one. */
  readonly index?: number | undefined;
}
