import { RequestError } from '../errors.ts';

/** Not from SMN, or not for us. The answer gives no details, so that an attacker cannot probe the checks. */
export function refuse(reason: string): RequestError {
  return new RequestError(403, 'NOT_ALLOWED', 'The message is not accepted', reason);
}

/** Possibly from SMN, but it cannot be processed now. A 5xx makes SMN send it again. */
export function unavailable(reason: string): RequestError {
  return new RequestError(
    503,
    'UNAVAILABLE',
    'The message cannot be processed now: send it again',
    reason,
  );
}
