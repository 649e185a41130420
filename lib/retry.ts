import type { SyncFailure } from './errors.ts';
import { policyFor } from './sync/failure-policy.ts';

const maxDelayMs = 10_000;
const maxRetryAfterMs = 60_000;

export interface FailedAttempt extends Pick<SyncFailure, 'retryClass'> {
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Pause in ms before the next attempt. Retry-After counts if it is present (clamped to 60 s). Otherwise it
 * is exponential backoff with full jitter, so that calls which failed together do not return together.
 */
export function retryDelay(failed: FailedAttempt, random: () => number): number {
  const { backoffMs, run } = policyFor(failed);
  if (run === 'retry-once') return backoffMs * (1 + random());
  if (failed.retryAfterMs !== undefined) {
    return Math.min(failed.retryAfterMs, maxRetryAfterMs) + random() * backoffMs;
  }
  return random() * Math.min(maxDelayMs, backoffMs * 2 ** (failed.attempt - 1));
}

export interface RetryBudget {
  /** Takes one retry from the budget; false if none is left. */
  take(): boolean;
  readonly empty: boolean;
  /** A call was accepted: the service works, so one retry is added. */
  refill(): void;
}

// A tenth of a small fleet would be no retry at all, and ten calls more are no load for any service.
const minRetries = 10;
const retryShare = 0.1;

/**
 * Bounds the extra calls of a run or batch when everything fails: a tenth of its instances, but 10 if it has fewer
 * than 100. Each accepted call adds one back, so that retries continue against a service that works half of the time.
 * After Marc Brooker's retry token bucket (brooker.co.za/blog/2022/02/28/retries.html).
 */
export function createRetryBudget(instances: number): RetryBudget {
  const capacity = Math.max(minRetries, Math.floor(instances * retryShare));
  let tokens = capacity;

  return {
    get empty() {
      return tokens < 1;
    },
    take: () => {
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    refill: () => {
      tokens = Math.min(capacity, tokens + 1);
    },
  };
}
