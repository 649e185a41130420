import type { HttpAnswer } from '../../../lib/huawei/http.ts';

/** What a service answers, and when. */
export interface Reply {
  readonly answer: HttpAnswer;
  readonly latencyMs: number;
}

const noHeader = (): undefined => undefined;

export function json(
  status: number,
  body: unknown,
  headers?: Readonly<Record<string, string | undefined>>,
): HttpAnswer {
  return {
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    header: headers ? (name) => headers[name.toLowerCase()] : noHeader,
  };
}

export const never = Number.MAX_SAFE_INTEGER;

export function unavailable(retryAfterSeconds?: number): HttpAnswer {
  const body = { error_code: 'APIGW.0202', error_msg: 'Backend unavailable' };
  return json(503, retryAfterSeconds === undefined ? {} : body.error_msg, {
    'retry-after': retryAfterSeconds === undefined ? undefined : String(retryAfterSeconds),
  });
}

/** An answer that quotes the request's token, as gateways do. */
export function refused(token: string): HttpAnswer {
  return json(401, { error_code: 'APIGW.0307', error_msg: `Token must be updated: ${token}` });
}
