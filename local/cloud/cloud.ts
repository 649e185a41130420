import { randomBytes } from 'node:crypto';
import { type DdmOptions, type DdmServer, startDdm } from './ddm.ts';
import { fetchToken, type IamServer, startIam } from './iam.ts';
import { type SsmServer, type StoredParameter, splitParameter, startSsm } from './ssm.ts';

export interface CloudOptions
  extends Omit<DdmOptions, 'instanceIds' | 'isValidToken' | 'projectId'> {
  readonly instances: number;
}

export interface Cloud {
  readonly projectId: string;
  readonly parameterPrefix: string;
  readonly ddm: DdmServer;
  readonly iam: IamServer;
  readonly ssm: SsmServer;
  close(): Promise<void>;
}

const projectId = '619d3e78f61b4be68bc5aa0b59edcf7b';
const parameterPrefix = '/ddm-sync/local';

/**
 * The embedded cloud on loopback: IAM gives a token, the parameter store holds it and the instance list
 * (split over several parameters where they are long, as on AWS), DDM answers the sync calls.
 */
export const startCloud = async ({ instances, ...faults }: CloudOptions): Promise<Cloud> => {
  const instanceIds = Array.from({ length: instances }, createInstanceId);
  const user = {
    domainName: 'example',
    userName: 'ddm-sync',
    password: randomBytes(16).toString('hex'),
  };
  const iam = await startIam(user, projectId);
  const isValidToken = (token: string): boolean => iam.tokens.has(token);
  const ddm = await startDdm({ projectId, instanceIds, isValidToken, ...faults });
  const ssm = await startSsm();
  const token = await fetchToken(iam.endpoint, user, projectId);
  const parameters = [
    ...splitParameter({ name: `${parameterPrefix}/token`, type: 'SecureString', value: token }),
    ...splitParameter(instanceList(instanceIds), ','),
  ];
  for (const parameter of parameters) ssm.put(parameter);
  return {
    projectId,
    parameterPrefix,
    ddm,
    iam,
    ssm,
    close: async () => {
      await Promise.all([ddm.close(), iam.close(), ssm.close()]);
    },
  };
};

const createInstanceId = (): string => `${randomBytes(16).toString('hex')}in09`;

const instanceList = (instanceIds: readonly string[]): StoredParameter => ({
  name: `${parameterPrefix}/instances`,
  ...(instanceIds.length === 0
    ? { type: 'String', value: '[]' } // a StringList cannot be empty
    : { type: 'StringList', value: instanceIds.join(',') }),
});
