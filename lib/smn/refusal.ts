import { RequestError } from '../errors.ts';

/** Not from SMN, or not for us. The answer says no more, so that nobody can feel their way. */
export function refuse(reason: string): RequestError {
  return new RequestError(403, 'NOT_ALLOWED', 'The message is not accepted', reason);
}

/** From SMN perhaps, but we cannot take it now: a 5xx makes SMN send it again. */
export function unavailable(reason: string): RequestError {
  return new RequestError(
    503,
    'UNAVAILABLE',
    'The message cannot be taken now: send it again',
    reason,
  );
}
