import type { App } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import { ParameterError, ReadError, RotationError, type SyncFailure } from '../errors.ts';
import { openConnection } from '../huawei/connection.ts';
import { countInstances } from '../huawei/lists.ts';
import type { Token } from '../secret.ts';
import { policyFor } from '../sync/failure-policy.ts';
import { isExpiring } from './expiry.ts';

/**
 * Tries a new token with one harmless call. An untested token must not replace one that works, but may
 * replace one that is about to expire: DDM may fail for reasons of its own.
 * @throws {RotationError} the old token must stay
 */
export async function proveToken(app: App, token: Token, deadline: Deadline): Promise<void> {
  const parameters = { secret: async () => token, refreshSecret: async () => token };
  try {
    using connection = await openConnection({ ...app, parameters }, deadline);
    await countInstances({ ...app, ...connection }, deadline.signal('calls'));
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    const { failure } = error;
    if (policyFor(failure).means !== 'unknown' || (await isOldTokenValid(app, deadline))) {
      throw notProven(failure);
    }
    app.log.warning('new token not tested: DDM returned an error or no answer', {
      errCode: failure.errCode,
    });
  }
}

/** Until the next rotation and longer. A token without a recorded end counts as valid. */
async function isOldTokenValid({ clock, parameters }: App, deadline: Deadline): Promise<boolean> {
  try {
    const old = await parameters.refreshSecret(deadline.signal('handOver'));
    return !('token' in old && isExpiring(old, clock.now()));
  } catch (error) {
    const isUnusable = error instanceof ParameterError && error.code !== 'SSM_UNAVAILABLE';
    if (isUnusable) return false;
    throw error;
  }
}

function notProven(failure: SyncFailure): RotationError {
  const { errCode, httpStatus } = failure;
  const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
  const what =
    failure.retryClass === 'auth'
      ? 'DDM refused the new token'
      : "The new token did not pass its test, the first page of DDM's instance list";
  return new RotationError(
    `${what}: ${errCode}${status}. ${remedyFor(failure)} The old token is still in place.`,
  );
}

function remedyFor(failure: SyncFailure): string {
  const { httpStatus, retryClass } = failure;
  if (retryClass === 'auth') {
    return 'Check that DDM_PROJECT_ID and IAM_ENDPOINT belong to the same cloud and region as DDM_ENDPOINT.';
  }
  if (httpStatus === 403) {
    return 'Give the IAM user ddm:instance:list in this project. If it must not list, deploy with ROTATION_PROOF=off.';
  }
  if (policyFor(failure).means === 'unknown') return 'The next rotation tries again.';
  return 'Check DDM_ENDPOINT and DDM_PROJECT_ID.';
}
