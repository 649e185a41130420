import type { RetryClass, SyncFailure } from '../errors.ts';

/** What a failure of one class leads to, wherever it happens. */
export interface FailurePolicy {
  /**
   * In a run: the instance has failed (`fail`), is called again (`retry`), is called again once, or handed
   * to the queue if there is one (`retry-once`), or the credentials are re-read for the whole run
   * (`renew`).
   */
  readonly run: 'fail' | 'retry' | 'retry-once' | 'renew';
  /** Base of the pause before the next attempt, in ms: retry.ts makes it grow, and adds jitter. */
  readonly backoffMs: number;
  /** A run hands the instance to the queue, to be called after this many seconds; absent: it has failed. */
  readonly handOverSeconds?: number;
  /** A worker gives the message back for this many seconds, doubled with each delivery; absent: it has failed. */
  readonly redeliverySeconds?: number;
  /** A call that reads (lists, traces, jobs) is repeated, repeated with new credentials, or given up. */
  readonly read: 'give-up' | 'retry' | 'renew';
  /**
   * What it means when a reading call is given up: the thing does not exist (`absent`), its state is not
   * known now (`unknown`), or no other call would succeed either (`stop`).
   */
  readonly means: 'absent' | 'unknown' | 'stop';
  /** A sign-in at IAM is repeated or not: IAM locks accounts after refused ones. */
  readonly signIn: 'give-up' | 'retry';
}

export const failurePolicy = {
  permanent: { run: 'fail', backoffMs: 0, read: 'give-up', means: 'absent', signIn: 'give-up' },
  retry: {
    run: 'retry',
    backoffMs: 200,
    redeliverySeconds: 15,
    read: 'retry',
    means: 'unknown',
    signIn: 'retry',
  },
  throttled: {
    run: 'retry',
    backoffMs: 1_000, // the gateway's quotas are per second (message of APIGW.0308)
    redeliverySeconds: 15,
    read: 'retry',
    means: 'unknown',
    signIn: 'retry',
  },
  later: {
    run: 'retry-once',
    backoffMs: 30_000, // another operation holds the instance: Terraform polls DDM for minutes
    handOverSeconds: 60, // long enough for most operations
    redeliverySeconds: 60,
    read: 'give-up', // the next invocation asks again
    means: 'unknown',
    signIn: 'retry',
  },
  auth: {
    run: 'renew',
    backoffMs: 0,
    redeliverySeconds: 300, // until the next rotation, or a person, has written a valid token
    read: 'renew',
    means: 'stop',
    signIn: 'give-up',
  },
} as const satisfies Readonly<Record<RetryClass, FailurePolicy>>;

/** The policy for a failure. */
export function policyFor({ retryClass }: Pick<SyncFailure, 'retryClass'>): FailurePolicy {
  return failurePolicy[retryClass];
}

/** The failure of instances that had no turn, by what ended the run. */
export const unfinished = {
  /** Out of time, and there is no queue. */
  deadline: { errCode: 'DEADLINE', retryClass: 'permanent' },
  /** Credentials were refused: the rest can work once there are valid ones. */
  unauthorized: { errCode: 'RUN_STOPPED', retryClass: 'auth' },
  /** More instances failed than SYNC_MAX_ERRORS allows: the rest must not be called. */
  maxErrors: { errCode: 'RUN_STOPPED', retryClass: 'permanent' },
} as const satisfies Readonly<Record<string, SyncFailure>>;

/** A message without a turn comes back after this many seconds, doubled with each delivery. */
export const noTurnSeconds = 2;
