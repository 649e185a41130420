/**
 * What a failure calls for: no further attempt (`permanent`), another one soon (`retry`, also when the service
 * may be down: `unavailable`), another one apart from the others (`slow`: no answer in time) or after a while
 * (`later`), new credentials (`auth`), or fewer calls by the whole run (`throttled`).
 * sync/failure-policy.ts says what each of them leads to.
 */
export type RetryClass =
  | 'permanent'
  | 'retry'
  | 'unavailable'
  | 'slow'
  | 'later'
  | 'auth'
  | 'throttled';

/** The environment variables are unusable; the message lists every problem with its remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Configuration is not usable: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

/** The function does not understand the event. */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
}

/** An HTTP request that was refused. Code and message go to the caller, the reason goes to the log. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly statusCode: number;
  readonly code: string;
  readonly reason: string;

  constructor(statusCode: number, code: string, message: string, reason = message) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
    this.reason = reason;
  }
}

/** The request names instances that are not in the configured list. */
export class NotAllowedError extends Error {
  override readonly name = 'NotAllowedError';
  /** The requested ids that are not in the list. */
  readonly instanceIds: readonly string[];

  constructor(instanceIds: readonly string[]) {
    super(`${instanceIds.length} of the instance ids are not in the configured list`);
    this.instanceIds = instanceIds;
  }
}

export type ParameterErrorCode = 'PARAMETER_MISSING' | 'PARAMETER_INVALID' | 'SSM_UNAVAILABLE';

/** A parameter could not be read or used. Names the parameter and the remedy, never its value. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
  readonly code: ParameterErrorCode;
  readonly parameterName: string;

  constructor(
    code: ParameterErrorCode,
    parameterName: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.parameterName = parameterName;
  }
}

export interface SyncFailure {
  /** The service's own code, or one of ours (TIMEOUT, NETWORK, TLS, BAD_RESPONSE, ...). */
  readonly errCode: string;
  readonly retryClass: RetryClass;
  readonly httpStatus?: number;
  /** Text from another service, already scrubbed of secrets and cut to 256 characters. */
  readonly externalMessage?: string;
  /** How long the service asked us to wait, in ms from the answer; not yet clamped. */
  readonly retryAfterMs?: number;
  /** With refused credentials: how far this clock is ahead of the service's, if it is too far. */
  readonly clockSkewMs?: number;
}

/** One attempt at one instance failed. Never carries a request, a header or an AxiosError. */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly failure: SyncFailure;

  constructor(instanceId: string, failure: SyncFailure) {
    super(`DDM sync of instance ${instanceId} failed: ${failure.errCode}`);
    this.failure = failure;
  }
}

/** A read from the service failed. Never carries a request, a header or an AxiosError. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  readonly failure: SyncFailure;

  /** @param advice what to do about it, if that is known */
  constructor(what: string, failure: SyncFailure, advice = '') {
    const { errCode, externalMessage, httpStatus } = failure;
    const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
    const said = externalMessage ? ` "${externalMessage}"` : '';
    super(`${what} failed: ${errCode}${status}${said}${advice && `; ${advice}`}`);
    this.failure = failure;
  }
}

/** IAM issued no token. Never carries a request, a header or an AxiosError. */
export class IamError extends Error {
  override readonly name = 'IamError';
  readonly failure: SyncFailure;

  constructor(failure: SyncFailure) {
    super(`IAM gave no token: ${failure.errCode}`);
    this.failure = failure;
  }
}

/** A queue did not take a hand-over; the next invocation tries again. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
}

/** The token was not replaced; the message says why and what to do. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
}

/** The service refused the credentials, even after they were re-read. The run was stopped. */
export class UnauthorizedError extends Error {
  override readonly name = 'UnauthorizedError';
}
