import * as v from 'valibot';
import { RequestError } from '../errors.ts';
import type { SmnRequest } from './signature.ts';

const schema = v.object({
  headers: v.optional(v.record(v.string(), v.optional(v.string())), {}),
  body: v.nullish(v.string(), ''),
  isBase64Encoded: v.optional(v.boolean(), false),
});

/** Reads a message from an HTTP API event (payload 2.0), whatever its content type. @throws {RequestError} */
export function readSmnEvent(event: unknown): SmnRequest {
  const parsed = v.safeParse(schema, event);
  if (!parsed.success) throw new RequestError(400, 'BAD_REQUEST', 'The request has no usable body');
  const { body, headers, isBase64Encoded } = parsed.output;
  const type = Object.entries(headers).find(
    ([name]) => name.toLowerCase() === 'x-smn-message-type',
  )?.[1];
  return {
    body: isBase64Encoded ? Buffer.from(body, 'base64').toString() : body,
    messageType: type,
  };
}
