import { cloudDomains } from '../../lib/hosts.ts';

/** The consoles of the clouds. myhuaweicloud.com has one for the regions in China and one for all others. */
function consoleOf(region: string, domain: string): string | undefined {
  if (domain === 'myhuaweicloud.com') {
    return `https://console${region.startsWith('cn-') ? '' : '-intl'}.huaweicloud.com`;
  }
  if (domain === 'myhuaweicloud.eu') return 'https://console.eu.huaweicloud.com';
  return domain === 'otc.t-systems.com' ? 'https://console.otc.t-systems.com' : undefined;
}

/** Region and console of an endpoint such as https://ddm.eu-de.otc.t-systems.com; nothing of any other. */
export function readEndpoint(ddmEndpoint: string): {
  readonly region: string | undefined;
  readonly console: string | undefined;
} {
  const [, region = '', domain = ''] =
    /^https:\/\/ddm\.([a-z]{2}-[a-z0-9-]{1,30})\.([a-z0-9.-]+)$/.exec(ddmEndpoint) ?? [];
  if (!cloudDomains.some((known) => known === domain)) {
    return { region: undefined, console: undefined };
  }
  const origin = consoleOf(region, domain);
  return { region, console: origin && `${origin}/ddm/?region=${region}` };
}
