import type { RetryClass, SyncFailure } from '../errors.ts';
import type { CallEnd } from './pace.ts';

/** What a failure of one class leads to, wherever it happens. */
export interface FailurePolicy {
  /**
   * In a run: the instance has failed (`fail`), is called again (`retry`), is called again once, or handed
   * to the queue if there is one (`retry-once`), waits for another turn (`wait`), or the credentials are re-read
   * for the whole run (`renew`).
   */
  readonly run: 'fail' | 'retry' | 'retry-once' | 'wait' | 'renew';
  /** Base of the pause before the next attempt, in ms: retry.ts makes it grow, and adds jitter. */
  readonly backoffMs: number;
  /** A run hands the instance to the queue, to be called after this many seconds; absent: it has failed. */
  readonly handOverSeconds?: number;
  /**
   * A worker sends the instance anew, to be called after this many seconds, doubled with each try; absent: it
   * has failed.
   */
  readonly resendSeconds?: number;
  /**
   * Whose fault it is: one of the instance is a try, and SYNC_MAX_RECEIVES of them are all it gets. `unclear`
   * is the instance's only while the service works for others.
   */
  readonly fault: 'instance' | 'service' | 'unclear';
  /** What it tells about the service: pace.ts. */
  readonly tells: CallEnd;
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
  permanent: {
    run: 'fail',
    backoffMs: 0,
    fault: 'instance',
    tells: 'answered',
    read: 'give-up',
    means: 'absent',
    signIn: 'give-up',
  },
  retry: {
    run: 'retry',
    backoffMs: 200,
    resendSeconds: 15,
    fault: 'instance',
    tells: 'answered',
    read: 'retry',
    means: 'unknown',
    signIn: 'retry',
  },
  unavailable: {
    run: 'retry',
    backoffMs: 200,
    resendSeconds: 15,
    fault: 'unclear',
    tells: 'unavailable',
    read: 'retry',
    means: 'unknown',
    signIn: 'retry',
  },
  slow: {
    run: 'retry-once', // it keeps a connection, and everybody who waits for the end of the run
    backoffMs: 1_000,
    handOverSeconds: 90,
    resendSeconds: 90, // slow instances come together, apart from those that answer
    fault: 'unclear',
    tells: 'unavailable',
    read: 'retry',
    means: 'unknown',
    signIn: 'retry',
  },
  throttled: {
    run: 'wait',
    backoffMs: 1_000, // the gateway's quotas are per second (message of APIGW.0308)
    resendSeconds: 5,
    fault: 'service',
    tells: 'throttled',
    read: 'retry',
    means: 'unknown',
    signIn: 'retry',
  },
  later: {
    run: 'retry-once',
    backoffMs: 30_000, // another operation holds the instance: Terraform polls DDM for minutes
    handOverSeconds: 60, // long enough for most operations
    resendSeconds: 60,
    fault: 'instance',
    tells: 'answered',
    read: 'give-up', // the next invocation asks again
    means: 'unknown',
    signIn: 'retry',
  },
  auth: {
    run: 'renew',
    backoffMs: 0,
    resendSeconds: 300, // until the next rotation, or a person, has written a valid token
    fault: 'unclear',
    tells: 'unknown',
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

/** An instance without a turn is called again after about this many seconds. */
export const noTurnSeconds = 2;
