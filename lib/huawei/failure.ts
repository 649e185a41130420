import type { SyncFailure } from '../errors.ts';
import { parseRetryAfter } from '../retry.ts';
import { cleanForeignText, leadingProse } from '../text.ts';
import { parseErrorBody } from './error-body.ts';
import { classify } from './error-codes.ts';
import { type HttpAnswer, HttpError } from './http.ts';
import { maxClockSkewMs } from './signer.ts';

/** What an answer that is no success says, with the secrets taken out of it. */
export function readFailure(
  { body, header, status }: HttpAnswer,
  secrets: readonly string[],
  nowMs: number,
): SyncFailure {
  if (status >= 300 && status < 400) {
    return { errCode: 'REDIRECT_REFUSED', retryClass: 'permanent', httpStatus: status };
  }
  const { errCode, message } = parseErrorBody(body);
  const retryClass = classify(status, errCode);
  const text = message && (retryClass === 'auth' ? leadingProse(message) : message);
  const retryAfterMs = parseRetryAfter(header('Retry-After'), nowMs);
  const clockSkewMs = nowMs - Date.parse(header('Date') ?? ''); // NaN without one
  return {
    errCode: errCode ?? (status === 401 ? 'UNAUTHORIZED' : 'BAD_RESPONSE'),
    retryClass,
    httpStatus: status,
    ...(text && { externalMessage: cleanForeignText(text, secrets) }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(retryClass === 'auth' && Math.abs(clockSkewMs) > maxClockSkewMs && { clockSkewMs }),
  };
}

/** An HttpError as a failure; whatever else was thrown is thrown again. */
export function toFailure(error: unknown): SyncFailure {
  if (!(error instanceof HttpError)) throw error;
  const { code, message, retryable, status } = error;
  return {
    errCode: code,
    retryClass: retryable ? 'retry' : 'permanent',
    externalMessage: message,
    ...(status !== undefined && { httpStatus: status }),
  };
}
