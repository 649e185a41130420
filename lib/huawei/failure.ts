import type { RetryClass, SyncFailure } from '../errors.ts';
import { cleanForeignText, leadingProse, parseJson } from '../text.ts';
import { classify } from './error-codes.ts';
import { type HttpAnswer, HttpError } from './http.ts';
import { maxClockSkewMs } from './signer.ts';

/** The failure that an error answer reports, with secrets removed. */
export function readFailure(
  { body, header, status }: HttpAnswer,
  secrets: readonly string[],
  nowMs: number,
): SyncFailure {
  if (status >= 300 && status < 400) {
    return { errCode: 'REDIRECT_REFUSED', retryClass: 'permanent', httpStatus: status };
  }
  const { errCode: code, message } = parseErrorBody(body);
  // A code can be an echo, too.
  const errCode = code === undefined || cleanForeignText(code, secrets) === code ? code : undefined;
  const retryClass = classify(status, errCode);
  const clean = retryClass === 'auth' ? leadingProse : cleanForeignText;
  const externalMessage = message && clean(message, secrets);
  const retryAfterMs = parseRetryAfter(header('Retry-After'), nowMs);
  const clockSkewMs = nowMs - Date.parse(header('Date') ?? ''); // NaN without one
  return {
    errCode: errCode ?? (status === 401 ? 'UNAUTHORIZED' : 'BAD_RESPONSE'),
    retryClass,
    httpStatus: status,
    ...(externalMessage && { externalMessage }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(retryClass === 'auth' && Math.abs(clockSkewMs) > maxClockSkewMs && { clockSkewMs }),
  };
}

/** An HttpError as a failure. Any other error is rethrown. */
export function toFailure(error: unknown): SyncFailure {
  if (!(error instanceof HttpError)) throw error;
  const { code, message, status } = error;
  return {
    errCode: code,
    retryClass: classOf(error),
    externalMessage: message,
    ...(status !== undefined && { httpStatus: status }),
  };
}

function classOf({ code, retryable }: HttpError): RetryClass {
  if (!retryable) return 'permanent';
  if (code === 'TIMEOUT') return 'slow';
  return code === 'NETWORK' ? 'unavailable' : 'retry';
}

/** The code and message of an error answer. Both properties always exist, even if undefined. */
interface ErrorBody {
  readonly errCode: string | undefined;
  readonly message: string | undefined;
}

/**
 * Reads `{errCode, externalMessage}` (DDM), `{error_code, error_msg}` (gateway, RDS) and
 * `{error: {code, message, title}}` (IAM); anything else, HTML included, gives an empty result.
 */
function parseErrorBody(body: string): ErrorBody {
  const fields = parseObject(body);
  const nested = asObject(fields?.error);
  return {
    errCode: readCode(fields?.errCode ?? fields?.error_code ?? nested?.code),
    message: readText(
      fields?.externalMessage ?? fields?.error_msg ?? nested?.message ?? nested?.title,
    ),
  };
}

/** The body as a JSON object without inherited members; undefined when it is anything else. */
export function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  return asObject(parseJson(body));
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.assign(Object.create(null), value)
    : undefined;
}

// A code ends up in a metric dimension and a log field, so anything else is dropped.
function readCode(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z]{2,16}\.\d{1,8}$/.test(value) ? value : undefined;
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** Reads a Retry-After header, seconds or an HTTP date, into ms from now; undefined when it is neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  // Date.parse alone accepts far more than RFC 9110 does: "-1" is a year to it.
  if (!/^[A-Z][a-z]{2,8}, .*GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
