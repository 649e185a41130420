import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { maxClockSkewMs } from '../lib/huawei/signer.ts';
import type { AccessKeys } from '../lib/secret.ts';

interface Signable {
  readonly method: string;
  readonly endpoint: string;
  readonly headers: Record<string, string>;
  readonly queryParams: Record<string, string>;
  readonly data: unknown;
}

interface Signer {
  sign(
    request: Signable,
    credential: { getAk(): string; getSk(): string },
  ): Readonly<Record<string, string>>;
}

const require = createRequire(import.meta.url);
let signer: Signer | undefined;

/** Huawei's own signer, loaded on first use: it comes with a logger and a date library. */
function loadSigner(): Signer {
  signer ??= require('@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner').AKSKSigner as Signer;
  return signer;
}

/** What Huawei's SDK sends as Authorization for a request that carries X-Sdk-Date. */
export function signWithSdk(request: Signable, keys: AccessKeys): string {
  const credential = { getAk: () => keys.accessKeyId, getSk: () => keys.secretAccessKey };
  return loadSigner().sign(request, credential).Authorization ?? '';
}

/** Why the gateway refuses a signed request; undefined if it accepts it. */
export function checkSignature(
  { headers, method = '', url = '' }: IncomingMessage,
  body: string,
  { accessKeys, projectId }: { readonly accessKeys?: AccessKeys; readonly projectId: string },
  nowMs: number,
): string | undefined {
  const given = /^SDK-HMAC-SHA256 Access=(\S+), SignedHeaders=(\S+), Signature=[0-9a-f]{64}$/.exec(
    headers.authorization ?? '',
  );
  const [authorization, accessKeyId, names = ''] = given ?? [];
  if (accessKeys === undefined || accessKeyId !== accessKeys.accessKeyId) {
    return `Incorrect IAM authentication information: AK ${accessKeyId} not exist`;
  }
  const date = String(headers['x-sdk-date']);
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const [year = 0, month = 0, day, hour, minute, second] = parts.map(Number);
  const signedAt = Date.UTC(year, month - 1, day, hour, minute, second);
  if (Math.abs(nowMs - signedAt) > maxClockSkewMs) {
    return 'Incorrect IAM authentication information: x-sdk-date expired';
  }
  if (headers['x-project-id'] !== projectId) return 'The project is wrong';
  if (headers['x-security-token'] !== accessKeys.securityToken)
    return 'The security token is wrong';
  const { pathname, searchParams } = new URL(url, `http://${headers.host}`);
  const signed = names
    .split(';')
    .filter((name) => name !== 'host' && name !== 'x-sdk-date')
    .map((name): [string, string] => [name, String(headers[name])]);
  const expected = signWithSdk(
    {
      method,
      endpoint: `http://${headers.host}${pathname}`,
      headers: { ...Object.fromEntries(signed), 'X-Sdk-Date': date },
      queryParams: Object.fromEntries(searchParams),
      data: body === '' ? undefined : JSON.parse(body),
    },
    accessKeys,
  );
  // Like the gateway, it quotes what it computed from the request, including the access key.
  return authorization === expected
    ? undefined
    : `Incorrect IAM authentication information: verify aksk signature fail, expected ${expected}`;
}
