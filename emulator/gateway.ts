import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessKeys } from '../lib/secret.ts';
import { sendJson } from './server.ts';
import { checkSignature } from './signature.ts';

export interface GatewayOptions {
  readonly projectId: string;
  readonly isValidToken: (token: string) => boolean;
  /** The keys whose signatures are accepted. */
  readonly accessKeys?: AccessKeys;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The API gateway's answer to a request without valid credentials; undefined for a valid one. */
export function refuse(
  request: IncomingMessage,
  body: string,
  options: GatewayOptions,
  nowMs = Date.now(),
): Answer | undefined {
  const { headers } = request;
  if (headers.authorization !== undefined) {
    const problem = checkSignature(request, body, options, nowMs);
    return problem ? gatewayError(401, '0301', problem) : undefined;
  }
  return options.isValidToken(String(headers['x-auth-token']))
    ? undefined
    : gatewayError(401, '0307', 'The token must be updated.');
}

export function gatewayError(status: number, number: string, message: string): Answer {
  return {
    status,
    body: {
      error_msg: message,
      error_code: `APIGW.${number}`,
      request_id: randomBytes(16).toString('hex'),
    },
  };
}

export function unknownApi(): Answer {
  return gatewayError(404, '0101', 'The API does not exist or has not been published.');
}

export function sendAnswer(response: ServerResponse, { body, status }: Answer): void {
  if (typeof body === 'string')
    response.writeHead(status, { 'Content-Type': 'text/html' }).end(body);
  else if (body === undefined) response.writeHead(status, { 'Content-Length': '0' }).end();
  else sendJson(response, status, body);
}
