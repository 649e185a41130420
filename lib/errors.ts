/**
 * What a failure asks for: nothing (`permanent`), another attempt soon (`retry`), another attempt once the
 * instance had time (`later`), new credentials (`auth`), or fewer calls from everyone (`throttled`).
 * sync/failure-policy.ts says what each of them leads to.
 */
export type RetryClass = 'permanent' | 'retry' | 'later' | 'auth' | 'throttled';

/** The environment variables are unusable; the message lists every problem with its remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Configuration is not usable: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

/** The invoking event is not one this function understands. */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
}

/** An HTTP request that is not carried out; code and message are for its sender, the reason is for the log. */
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

/** Instances were asked for that are not in the configured list. */
export class NotAllowedError extends Error {
  override readonly name = 'NotAllowedError';
  /** Those of the caller's own ids that are not in the list. */
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
  /** Foreign text: scrubbed of secrets and cut to 256 characters before it gets here. */
  readonly externalMessage?: string;
  /** What the service asked us to wait, in ms from the answer; not yet clamped. */
  readonly retryAfterMs?: number;
  /** With refused credentials: how far this clock is ahead of the service's, where that is too far. */
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

/** The service did not answer a question as it should. Never carries a request, a header or an AxiosError. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  readonly failure: SyncFailure;

  /** @param advice what to do about it, where that is known */
  constructor(what: string, failure: SyncFailure, advice = '') {
    const { errCode, externalMessage, httpStatus } = failure;
    const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
    const said = externalMessage ? ` "${externalMessage}"` : '';
    super(`${what} failed: ${errCode}${status}${said}${advice && `; ${advice}`}`);
    this.failure = failure;
  }
}

/** IAM gave no token. Never carries a request, a header or an AxiosError. */
export class IamError extends Error {
  override readonly name = 'IamError';
  readonly failure: SyncFailure;

  constructor(failure: SyncFailure) {
    super(`IAM gave no token: ${failure.errCode}`);
    this.failure = failure;
  }
}

/** A queue did not take what was to be handed over; the caller's own caller tries again. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
}

/** The token was not replaced; the message says why and what to do. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
}

/** The service refused the credentials, also after they were read anew; the run was stopped. */
export class UnauthorizedError extends Error {
  override readonly name = 'UnauthorizedError';
}
