import { cloudDomains } from '../hosts.ts';

/*
 * URLs are compared as text and from their start to the end of the host, so that no parser can read them
 * in another way: a port, userinfo, another case or an encoded letter is another text.
 */

/** Where a message says that its certificate is: a file of SMN in the topic's region. */
export function isCertificateUrl(url: string, region: string, isLocal: boolean): boolean {
  const path = pathOf(url, smnOrigins(region), isLocal);
  const start = `/smn/SMN_${region}_`;
  return path?.startsWith(start) === true && /^[0-9a-f]{32}\.pem$/.test(path.slice(start.length));
}

// Beside SMN itself: the samples of the HTTP(S) message format have the console's host.
const consoleOrigins = [
  'https://console.huaweicloud.com',
  'https://console.otc.t-systems.com',
] as const;

/** What a GET confirms a subscription with: any path of SMN in the topic's region, or of the console. */
export function isSubscribeUrl(url: string, region: string, isLocal: boolean): boolean {
  const path = pathOf(url, [...smnOrigins(region), ...consoleOrigins], isLocal);
  return path !== undefined && /^[\x21-\x7e]+$/.test(path);
}

function smnOrigins(region: string): readonly string[] {
  return cloudDomains.map((domain) => `https://smn.${region}.${domain}`);
}

const loopbackOrigin = /^http:\/\/127\.0\.0\.1:\d{1,5}(?=\/)/;

/** What follows an allowed origin. Loopback is one where the service's own endpoint is (`isLocal`). */
function pathOf(url: string, origins: readonly string[], isLocal: boolean): string | undefined {
  const origin =
    origins.find((allowed) => url.startsWith(`${allowed}/`)) ??
    (isLocal ? loopbackOrigin.exec(url)?.[0] : undefined);
  return origin === undefined ? undefined : url.slice(origin.length);
}
