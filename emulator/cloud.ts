import { randomBytes } from 'node:crypto';
import { settings } from '../lib/config.ts';
import type { AccessKeys } from '../lib/secret.ts';
import { type CtsServer, startCts } from './cts.ts';
import { type DdmOptions, type DdmServer, startDdm } from './ddm.ts';
import { fetchToken, type IamServer, startIam } from './iam.ts';
import { type SqsServer, startSqs } from './sqs.ts';
import { type SsmServer, type StoredParameter, splitParameter, startSsm } from './ssm.ts';

export interface CloudOptions
  extends Omit<
    DdmOptions,
    'accessKeys' | 'addTrace' | 'instanceIds' | 'isValidToken' | 'projectId'
  > {
  readonly instances: number;
  /** How long a received message stays hidden. @default 360, as in infra/numbers.cjs */
  readonly visibilityTimeoutSeconds?: number;
  /** How many times faster than real time the queues' delays and timeouts pass. @default 1 */
  readonly queueSpeed?: number | undefined;
  /** DelaySeconds of the change queue. @default 21, as in infra/numbers.cjs */
  readonly changeDelaySeconds?: number;
  /** What the parameter store holds at the start. @default 'token' */
  readonly auth?: 'token' | 'aksk' | 'nothing';
}

export interface Cloud {
  readonly projectId: string;
  readonly accessKeys: AccessKeys;
  readonly parameterPrefix: string;
  readonly ddm: DdmServer;
  readonly cts: CtsServer;
  readonly iam: IamServer;
  readonly ssm: SsmServer;
  readonly sqs: SqsServer;
  readonly queueUrl: string;
  readonly changeQueueUrl: string;
  readonly followQueueUrl: string;
  close(): Promise<void>;
}

const projectId = '619d3e78f61b4be68bc5aa0b59edcf7b';
const parameterPrefix = '/ddm-sync/local';
export const syncQueue = 'ddm-sync-local-sync';
export const deadLetterQueue = 'ddm-sync-local-sync-dead-letter';
export const changeQueue = 'ddm-sync-local-changes.fifo';
export const changeDeadLetterQueue = 'ddm-sync-local-changes-dead-letter.fifo';
export const followQueue = 'ddm-sync-local-follow';
export const followDeadLetterQueue = 'ddm-sync-local-follow-dead-letter';
const maxReceiveCount = 5; // as in serverless.yml

/**
 * The embedded cloud on loopback: IAM issues a token, the parameter store holds it and the instance list (split
 * into several parameters if they are long, as on AWS), DDM answers the sync calls, CTS records them, and the
 * queues keep what one run cannot do.
 */
export async function startCloud({
  instances,
  visibilityTimeoutSeconds = 360,
  queueSpeed,
  changeDelaySeconds = Number(settings.changeWindowSeconds.default) + 1,
  auth = 'token',
  ...faults
}: CloudOptions): Promise<Cloud> {
  const instanceIds = Array.from({ length: instances }, createInstanceId);
  const user = {
    domainName: 'example',
    userName: 'ddm-sync',
    password: randomBytes(16).toString('hex'),
  };
  const iam = await startIam(user, projectId);
  const isValidToken = (token: string): boolean => iam.tokens.has(token);
  const accessKeys = {
    accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  const gateway = { projectId, isValidToken, accessKeys };
  const cts = await startCts(gateway);
  const ddm = await startDdm({ ...gateway, instanceIds, addTrace: cts.add, ...faults });
  const ssm = await startSsm();
  const redrive = { maxReceiveCount, deadLetterQueue };
  const sqs = await startSqs({
    speed: queueSpeed,
    queues: [
      { name: syncQueue, visibilityTimeoutSeconds, redrive },
      { name: deadLetterQueue, visibilityTimeoutSeconds: 30 },
      {
        name: changeQueue,
        visibilityTimeoutSeconds,
        fifo: { delaySeconds: changeDelaySeconds },
        redrive: { maxReceiveCount, deadLetterQueue: changeDeadLetterQueue },
      },
      { name: changeDeadLetterQueue, visibilityTimeoutSeconds: 30, fifo: { delaySeconds: 0 } },
      {
        name: followQueue,
        visibilityTimeoutSeconds,
        redrive: { maxReceiveCount, deadLetterQueue: followDeadLetterQueue },
      },
      { name: followDeadLetterQueue, visibilityTimeoutSeconds: 30 },
    ],
  });
  const put = (parameter: StoredParameter, separator?: string): void => {
    for (const part of splitParameter(parameter, separator)) ssm.put(part);
  };
  const secret = (name: string, value: string): StoredParameter => ({
    name: `${parameterPrefix}/${name}`,
    type: 'SecureString',
    value,
  });
  if (auth !== 'nothing') {
    put(instanceList(instanceIds), ',');
    put(secret('credentials', JSON.stringify(auth === 'aksk' ? accessKeys : user)));
  }
  if (auth === 'token') put(secret('token', await fetchToken(iam.endpoint, user, projectId)));
  return {
    projectId,
    accessKeys,
    parameterPrefix,
    ddm,
    cts,
    iam,
    ssm,
    sqs,
    queueUrl: sqs.queueUrl(syncQueue),
    changeQueueUrl: sqs.queueUrl(changeQueue),
    followQueueUrl: sqs.queueUrl(followQueue),
    close: async () => {
      await Promise.all([ddm.close(), cts.close(), iam.close(), ssm.close(), sqs.close()]);
    },
  };
}

function createInstanceId(): string {
  return `${randomBytes(16).toString('hex')}in09`;
}

function instanceList(instanceIds: readonly string[]): StoredParameter {
  return {
    name: `${parameterPrefix}/instances`,
    ...(instanceIds.length === 0
      ? { type: 'String', value: '[]' } // a StringList cannot be empty
      : { type: 'StringList', value: instanceIds.join(',') }),
  };
}
