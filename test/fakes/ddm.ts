import type { Clock } from '../../lib/clock.ts';
import { SyncError, type SyncFailure, UnauthorizedError } from '../../lib/errors.ts';
import type { Auth } from '../../lib/huawei/auth.ts';
import type { DdmClient } from '../../lib/huawei/ddm.ts';

export interface Call {
  readonly instanceId: string;
  /** Monotonic ms. */
  readonly startedAt: number;
  /** Number of the call for this instance, from 1. */
  readonly attempt: number;
  /** Number of the call among all, from 1. */
  readonly number: number;
}

export interface FakeDdm extends DdmClient {
  readonly calls: readonly Call[];
  peakInFlight(): number;
}

export interface FakeDdmOptions {
  readonly clock: Clock;
  readonly latencyMs?: number;
  /** @default 10,000 */
  readonly attemptTimeoutMs?: number;
  /** What a call comes to; undefined is accepted. Asked when the call arrives. */
  readonly answer?: (call: Call) => SyncFailure | undefined;
}

/** A DDM whose calls take fake time; a latency beyond the call's timeout is a TIMEOUT. */
export function createFakeDdm({
  clock,
  latencyMs = 50,
  attemptTimeoutMs = 10_000,
  answer = () => undefined,
}: FakeDdmOptions): FakeDdm {
  const calls: Call[] = [];
  const attempts = new Map<string, number>();
  let inFlight = 0;
  let peak = 0;

  return {
    calls,
    peakInFlight: () => peak,
    sync: async (instanceId, signal) => {
      const attempt = (attempts.get(instanceId) ?? 0) + 1;
      attempts.set(instanceId, attempt);
      const number = calls.length + 1;
      const call = { instanceId, startedAt: clock.monotonic(), attempt, number };
      calls.push(call);
      inFlight += 1;
      peak = Math.max(peak, inFlight);
      const failure = answer(call);
      await clock.sleep(Math.min(latencyMs, attemptTimeoutMs), signal);
      inFlight -= 1;
      if (latencyMs > attemptTimeoutMs || signal.aborted) throw new SyncError(instanceId, timeout);
      if (failure) throw new SyncError(instanceId, failure);
      return { jobId: `job-${instanceId}` };
    },
  };
}

const timeout: SyncFailure = { errCode: 'TIMEOUT', retryClass: 'slow' };

/** Calls beyond `perSecond` in any sliding second are throttled, as the gateway does. */
export function throttleAbove(perSecond: () => number) {
  let taken: number[] = [];
  return ({ startedAt }: Call): SyncFailure | undefined => {
    taken = taken.filter((at) => at > startedAt - 1_000);
    if (taken.length >= perSecond()) {
      return { errCode: 'APIGW.0308', retryClass: 'throttled', httpStatus: 429 };
    }
    taken.push(startedAt);
    return undefined;
  };
}

export interface FakeAuth extends Auth {
  readonly renewals: () => number;
}

/** Renews into a newer generation, or refuses to when the store has nothing newer. */
export function createFakeAuth({ hasNewer = true, read = () => Promise.resolve() } = {}): FakeAuth {
  let generation = 0;
  let renewal: Promise<void> | undefined;
  let reads = 0;

  const readAnew = async (): Promise<void> => {
    reads += 1;
    await read();
    if (!hasNewer) throw new UnauthorizedError('nothing newer');
    generation += 1;
  };

  return {
    get generation() {
      return generation;
    },
    renewals: () => reads,
    headers: () => ({ 'X-Auth-Token': `token-${generation}` }),
    secrets: () => [],
    renew: () => {
      renewal ??= readAnew();
      return renewal;
    },
  };
}
