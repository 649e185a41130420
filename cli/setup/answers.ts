import type { cloudDomains } from '../../lib/hosts.ts';
import type { AccessKeys, Password } from '../../lib/secret.ts';

export type PublicCloudName = 'huawei' | 'huawei-eu' | 'otc';
/** `other`: a partner's or a private cloud, with a domain of its own. */
export type CloudName = PublicCloudName | 'other';

interface PublicCloud {
  readonly title: string;
  readonly domain: (typeof cloudDomains)[number];
  /** The regions that the SDK and the list of endpoints name for DDM. Others are accepted too. */
  readonly regions: readonly string[];
}

/** The clouds that offer DDM, as `--cloud` names them. */
export const clouds: Readonly<Record<PublicCloudName, PublicCloud>> = {
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

/** The answers so far. A set-up asks for what is absent. */
export interface Draft {
  readonly cloud?: CloudName | undefined;
  /** Of another cloud. */
  readonly domain?: string | undefined;
  readonly region?: string | undefined;
  readonly projectId?: string | undefined;
  readonly authMode?: 'token' | 'aksk' | undefined;
  readonly domainName?: string | undefined;
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
}

/** The project, and the services that know it. */
export interface Place {
  readonly ddmEndpoint: string;
  readonly iamEndpoint: string;
  /** Absent: derived from the endpoint of DDM. */
  readonly ctsEndpoint?: string | undefined;
  readonly projectId: string;
  /** CLOUD_DOMAINS, without which the endpoints are refused. */
  readonly cloudDomains?: string;
}

/** Endpoints on loopback, which replace cloud and region. */
export type Loopback = Pick<Place, 'ddmEndpoint' | 'iamEndpoint' | 'ctsEndpoint'>;

export function placeOf(
  { cloud = 'huawei', domain: ownDomain = '', projectId = '', region = '' }: Draft,
  loopback: Loopback | undefined,
): Place {
  const domain = cloud === 'other' ? ownDomain : clouds[cloud].domain;
  return {
    ddmEndpoint: `https://ddm.${region}.${domain}`,
    iamEndpoint: `https://iam.${region}.${domain}`,
    ...(cloud === 'other' && { cloudDomains: domain }),
    ...loopback,
    projectId,
  };
}

export type Credentials = Password | AccessKeys;

export function credentialsOf(draft: Draft): Credentials {
  const { accessKeyId = '', authMode, domainName = '', secretAccessKey = '' } = draft;
  if (authMode === 'aksk') return { accessKeyId, secretAccessKey };
  return { domainName, userName: draft.userName ?? '', password: draft.password ?? '' };
}

/** A part of the answers that can be corrected. */
export type Topic = 'sign-in' | 'project' | 'region';

/** The draft without its answers on a topic. */
export function forget(draft: Draft, topic: Topic): Draft {
  return { ...draft, ...blank[topic] };
}

const blank: Readonly<Record<Topic, Draft>> = {
  'sign-in': {
    authMode: undefined,
    domainName: undefined,
    userName: undefined,
    password: undefined,
    accessKeyId: undefined,
    secretAccessKey: undefined,
  },
  project: { projectId: undefined },
  region: { cloud: undefined, domain: undefined, region: undefined },
};
