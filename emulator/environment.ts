import type { Cloud } from './cloud.ts';

/** The settings of a function that runs against the embedded cloud. */
export function environmentOf(cloud: Cloud): Readonly<Record<string, string>> {
  return {
    DDM_ENDPOINT: cloud.ddm.endpoint,
    DDM_PROJECT_ID: cloud.projectId,
    IAM_ENDPOINT: cloud.iam.endpoint,
    CTS_ENDPOINT: cloud.cts.endpoint,
    PARAMETER_PREFIX: cloud.parameterPrefix,
    SYNC_QUEUE_URL: cloud.queueUrl,
    CHANGE_QUEUE_URL: cloud.changeQueueUrl,
    FOLLOW_QUEUE_URL: cloud.followQueueUrl,
    AWS_ENDPOINT_URL_SSM: cloud.ssm.endpoint,
    AWS_ENDPOINT_URL_SQS: cloud.sqs.endpoint,
  };
}
