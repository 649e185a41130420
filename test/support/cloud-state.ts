import {
  type Cloud,
  changeDeadLetterQueue,
  changeQueue,
  deadLetterQueue,
  followDeadLetterQueue,
  followQueue,
  syncQueue,
} from '../../emulator/cloud.ts';

/** How often an embedded cloud was called. */
export interface Calls {
  /** Calls to DDM, and how many of them it accepted and throttled. */
  readonly ddm: number;
  readonly accepted: number;
  readonly throttled: number;
  readonly signIns: number;
  /** Calls to the parameter store and to the queues, by operation; without those that were not called. */
  readonly ssm: Readonly<Record<string, number>>;
  readonly sqs: Readonly<Record<string, number>>;
}

const none: Calls = { ddm: 0, accepted: 0, throttled: 0, signIns: 0, ssm: {}, sqs: {} };

/** @param before what does not count */
export function callsOf({ ddm, iam, sqs, ssm }: Cloud, before: Calls = none): Calls {
  const stats = ddm.stats();
  return {
    ddm: stats.calls - before.ddm,
    accepted: stats.accepted - before.accepted,
    throttled: stats.throttled - before.throttled,
    signIns: iam.signIns() - before.signIns,
    ssm: subtract(ssm.calls, before.ssm),
    sqs: subtract(sqs.calls, before.sqs),
  };
}

function subtract(
  counts: ReadonlyMap<string, number>,
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const differences = [...counts].map(
    ([name, count]) => [name, count - (before[name] ?? 0)] as const,
  );
  return Object.fromEntries(differences.filter(([, count]) => count > 0));
}

const queues = [
  syncQueue,
  deadLetterQueue,
  changeQueue,
  changeDeadLetterQueue,
  followQueue,
  followDeadLetterQueue,
];

/** The returned function puts the cloud back to how it is now, with empty queues and without faults. */
export function createReset(cloud: Cloud): () => Promise<void> {
  const { accessKeys, cts, ddm, iam, sqs, ssm } = cloud;
  const parameters = [...ssm.parameters.values()];
  const tokens = [...iam.tokens];
  const issue = { ...iam.issue };
  const jobs = { ...ddm.tasks.settings };
  const keys = { securityToken: undefined, ...accessKeys };
  const noFault = (): undefined => undefined;

  return async () => {
    for (const name of [...ssm.parameters.keys()]) ssm.delete(name);
    for (const parameter of parameters) ssm.put(parameter);
    iam.tokens.clear();
    for (const token of tokens) iam.tokens.add(token);
    iam.issue = { ...issue };
    Object.assign(accessKeys, keys);
    ddm.clockSkewMs = 0;
    ddm.cloud = 'Huawei Cloud';
    ddm.states.clear();
    ddm.tasks.statuses.clear();
    Object.assign(ddm.tasks.settings, jobs);
    for (const server of [cts, iam, ssm, sqs]) server.fault = noFault;
    sqs.entryFault = noFault;
    ddm.listFault = noFault;
    ddm.jobsFault = noFault;
    const used = queues.filter((name) => sqs.messages(name).length > 0);
    await Promise.all(used.map((name) => purge(sqs.queueUrl(name))));
  };
}

async function purge(queueUrl: string): Promise<void> {
  const answer = await fetch(queueUrl, {
    method: 'POST',
    headers: { 'X-Amz-Target': 'AmazonSQS.PurgeQueue' },
    body: JSON.stringify({ QueueUrl: queueUrl }),
  });
  await answer.arrayBuffer();
}
