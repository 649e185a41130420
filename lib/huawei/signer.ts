import { createHmac, hash } from 'node:crypto';
import type { AccessKeys } from '../secret.ts';

export interface SignableRequest {
  readonly method: string;
  /** Absolute; path and query percent-encoded. */
  readonly url: string;
  /** All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exactly as sent. */
  readonly body?: string | undefined;
}

/** The gateway refuses a signature whose X-Sdk-Date is further than this from its own clock. */
export const maxClockSkewMs = 15 * 60_000;

const algorithm = 'SDK-HMAC-SHA256';
const hashOfNothing = hash('sha256', '');

/**
 * The headers that sign a request with an access key, in addition to its own: SDK-HMAC-SHA256 of the API
 * Request Signing Guide (support.huaweicloud.com/intl/en-us/devg-apisign). A pure function of its
 * arguments.
 */
export function sign(
  { body = '', headers, method, url }: SignableRequest,
  { accessKeyId, secretAccessKey, securityToken }: AccessKeys,
  nowMs: number,
): Readonly<Record<string, string>> {
  const { host, pathname, searchParams } = new URL(url);
  const date = toSdkDate(nowMs);
  const added = {
    'X-Sdk-Date': date,
    ...(securityToken !== undefined && { 'X-Security-Token': securityToken }),
  };
  const signed = canonicalHeaders({ ...headers, ...added, Host: host });
  const names = signed.map(([name]) => name).join(';');
  const canonicalRequest = [
    method,
    canonicalPath(pathname),
    canonicalQuery(searchParams),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    body === '' ? hashOfNothing : hash('sha256', body),
  ].join('\n');
  const stringToSign = `${algorithm}\n${date}\n${hash('sha256', canonicalRequest)}`;
  const signature = createHmac('sha256', secretAccessKey).update(stringToSign).digest('hex');
  const authorization = `${algorithm} Access=${accessKeyId}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...added, Authorization: authorization };
}

/** 20191115T033655Z */
function toSdkDate(ms: number): string {
  const iso = new Date(ms).toISOString();
  const date = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10);
  return `${date}T${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

function canonicalHeaders(headers: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(headers)
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.trim()])
    .sort(byName);
}

// The path ends with a slash in the signature only, not in the request.
function canonicalPath(pathname: string): string {
  const path = plain.test(pathname) ? pathname : pathname.split('/').map(reencode).join('/');
  return path.endsWith('/') ? path : `${path}/`;
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .sort((a, b) => byName(a, b) || compare(a[1], b[1]))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return compare(a, b);
}

const plain = /^[\w.~/-]*$/; // encoding does not change it

function reencode(segment: string): string {
  return plain.test(segment) ? segment : encode(decodeURIComponent(segment));
}

/** RFC 3986: everything but the unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
