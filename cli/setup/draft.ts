import type { AccessKeys, Password } from '../../lib/secret.ts';
import { type CloudName, endpointOf } from './clouds.ts';

/** What is answered so far; what is absent will be asked for. */
export interface Draft {
  readonly cloud?: CloudName | undefined;
  readonly region?: string | undefined;
  readonly projectId?: string | undefined;
  readonly authMode?: 'token' | 'aksk' | undefined;
  readonly domainName?: string | undefined;
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
}

/** Where Huawei's side is. */
export interface Place {
  readonly ddmEndpoint: string;
  readonly iamEndpoint: string;
  readonly projectId: string;
}

/** Endpoints on loopback: they stand for cloud and region. */
export type Loopback = Pick<Place, 'ddmEndpoint' | 'iamEndpoint'>;

export function placeOf(
  { cloud = 'huawei', projectId = '', region = '' }: Draft,
  loopback: Loopback | undefined,
): Place {
  return {
    ddmEndpoint: endpointOf('ddm', cloud, region),
    iamEndpoint: endpointOf('iam', cloud, region),
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

/** A part of the answers that a person may want to correct. */
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
  region: { cloud: undefined, region: undefined },
};
