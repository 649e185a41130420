import type { cloudDomains } from '../../lib/hosts.ts';

export type CloudName = 'huawei' | 'huawei-eu' | 'otc';

export interface PublicCloud {
  readonly title: string;
  readonly domain: (typeof cloudDomains)[number];
  /** Regions with DDM, as far as the SDK and the list of endpoints know them; others are taken too. */
  readonly regions: readonly string[];
}

/** The clouds that offer DDM, as `--cloud` names them. */
export const clouds: Readonly<Record<CloudName, PublicCloud>> = {
  huawei: {
    title: 'Huawei Cloud',
    domain: 'myhuaweicloud.com',
    regions: [
      'ap-southeast-1',
      'cn-north-1',
      'cn-north-4',
      'cn-north-9',
      'cn-east-2',
      'cn-east-3',
      'cn-south-1',
      'cn-south-2',
      'cn-southwest-2',
      'la-north-2',
      'la-south-2',
      'sa-brazil-1',
      'my-kualalumpur-1',
      'ru-moscow-1',
      'ae-ad-1',
    ],
  },
  'huawei-eu': {
    title: 'Huawei Cloud EU',
    domain: 'myhuaweicloud.eu',
    regions: ['eu-west-101'],
  },
  otc: { title: 'Open Telekom Cloud', domain: 'otc.t-systems.com', regions: ['eu-de'] },
};

export function isCloudName(name: string): name is CloudName {
  return Object.hasOwn(clouds, name);
}

/** Origin of a service (`ddm`, `iam`) in a region. */
export function endpointOf(service: string, cloud: CloudName, region: string): string {
  return `https://${service}.${region}.${clouds[cloud].domain}`;
}
