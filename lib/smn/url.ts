import type { Config } from '../config.ts';
import { cloudDomains, isLoopback } from '../hosts.ts';

/*
 * URLs are compared as text and from their start to the end of the host, so that two parsers cannot read
 * them differently: a port, userinfo, another case or an encoded letter makes the text different.
 */

/** Where the service is, which decides whose URLs it may fetch. */
export type Where = Pick<Config, 'cloudDomains' | 'ddmEndpoint'>;

/** Whether a message's certificate URL is a file of SMN in the topic's region. */
export function isCertificateUrl(url: string, region: string, where: Where): boolean {
  const path = pathOf(url, smnOrigins(region, where), where);
  const start = `/smn/SMN_${region}_`;
  return path?.startsWith(start) === true && /^[0-9a-f]{32}\.pem$/.test(path.slice(start.length));
}

// Besides SMN itself, the samples in the HTTP(S) message format use the console's host.
const consoleOrigins = [
  'https://console.huaweicloud.com',
  'https://console.otc.t-systems.com',
] as const;

/** Whether a GET can confirm a subscription: any path of SMN in the topic's region, or of the console. */
export function isSubscribeUrl(url: string, region: string, where: Where): boolean {
  const path = pathOf(url, [...smnOrigins(region, where), ...consoleOrigins], where);
  return path !== undefined && /^[\x21-\x7e]+$/.test(path);
}

function smnOrigins(region: string, { cloudDomains: further }: Where): readonly string[] {
  return [...cloudDomains, ...further].map((domain) => `https://smn.${region}.${domain}`);
}

const loopbackOrigin = /^http:\/\/127\.0\.0\.1:\d{1,5}(?=\/)/;

/** The part after an allowed origin. Loopback counts if the service itself is there. */
function pathOf(
  url: string,
  origins: readonly string[],
  { ddmEndpoint }: Where,
): string | undefined {
  const isLocal = isLoopback(new URL(ddmEndpoint));
  const origin =
    origins.find((allowed) => url.startsWith(`${allowed}/`)) ??
    (isLocal ? loopbackOrigin.exec(url)?.[0] : undefined);
  return origin === undefined ? undefined : url.slice(origin.length);
}
