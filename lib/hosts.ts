/** Domains of the public clouds that offer DDM: Huawei Cloud, its EU cloud, Open Telekom Cloud. CLOUD_DOMAINS adds others. */
export const cloudDomains = [
  'myhuaweicloud.com',
  'myhuaweicloud.eu',
  'otc.t-systems.com',
  'sc.otc.t-systems.com',
] as const;

/** Whether a URL stays on this machine, as those of the embedded cloud do. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/.test(hostname);
}

/** Whether a text is the origin of a service (`ddm`, `iam`) in a region of a cloud, or on loopback. */
export function isEndpoint(
  service: string,
  text: string,
  furtherDomains: readonly string[],
): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '') return false;
  if (url.origin !== text.replace(/\/$/, '').toLowerCase()) return false;
  if (isLoopback(url)) return true;
  const [first, region, ...domain] = url.hostname.split('.');
  const isCloud = [...cloudDomains, ...furtherDomains].includes(domain.join('.'));
  const isRegion = /^[a-z]{2}-[a-z0-9-]{1,30}$/.test(region ?? '');
  return url.protocol === 'https:' && url.port === '' && first === service && isRegion && isCloud;
}

const queuePaths = {
  standard: /^\/\d{12}\/[\w-]{1,80}$/,
  fifo: /^\/\d{12}\/[\w-]{1,75}\.fifo$/,
} as const;

/** Whether a text is the URL of an SQS queue, or of one on loopback. */
export function isQueueUrl(kind: keyof typeof queuePaths, text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || text !== url.origin + url.pathname) return false; // no userinfo, no query
  if (!queuePaths[kind].test(url.pathname)) return false;
  if (isLoopback(url)) return true;
  return url.protocol === 'https:' && /^sqs\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(url.host);
}
