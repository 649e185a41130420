import { type Cloud, type CloudOptions, startCloud } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { startLambda } from '../../emulator/lambda.ts';
import { type SmnServer, startSmn } from '../../emulator/smn.ts';
import { sample, taskRoot } from './packaged.ts';

export type PrintedLine = Readonly<Record<string, unknown>>;

/** The JSON lines that all packaged handlers print: runs, batches, changes, refusals, rotations. */
export async function printLines(): Promise<readonly PrintedLine[]> {
  const faults: CloudOptions = { instances: 60, failShare: 0.1, throttlePerSecond: 40 };
  const [cloud, smn] = await Promise.all([startCloud(faults), startSmn()]);
  try {
    const printed = await Promise.all(
      invocations(cloud, smn).map(([functionName, events]) =>
        print(cloud, functionName, events, smn.topicUrn),
      ),
    );
    const wrong = { IAM_ENDPOINT: cloud.ddm.endpoint };
    printed.push(await print(cloud, 'rotate-token', [{}], smn.topicUrn, wrong));
    const discovery = { DDM_DISCOVERY: 'on' };
    printed.push(await print(cloud, 'scheduled', [sample('scheduled')], smn.topicUrn, discovery));
    for (const functionName of ['http', 'smn']) {
      printed.push(await print(cloud, functionName, [{}], smn.topicUrn, { DDM_ENDPOINT: '' }));
    }
    return printed.flat().flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  } finally {
    await Promise.all([cloud.close(), smn.close()]);
  }
}

async function print(
  cloud: Cloud,
  functionName: string,
  events: readonly unknown[],
  topicUrn: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const lines: string[] = [];
  const env = {
    ...environmentOf(cloud),
    SYNC_RATE_PER_SECOND: '1000',
    SYNC_INLINE_MAX: '50',
    SMN_TOPIC_URNS: topicUrn,
    ...settings,
  };
  const lambda = await startLambda({
    functionName,
    taskRoot,
    env,
    onLine: (line) => void lines.push(line),
  });
  for (const event of events) await lambda.invoke(event);
  await lambda.stop();
  return lines;
}

function invocations({ ddm }: Cloud, smn: SmnServer): readonly (readonly [string, unknown[]])[] {
  return [
    ['scheduled', [sample('scheduled'), sample('scheduled-dry-run')]],
    ['http', [{ ...sample('http'), body: JSON.stringify({ instanceIds: [ddm.instanceIds[0]] }) }]],
    ['worker', [workerEvent(ddm.instanceIds.slice(0, 20)), workerEvent([foreignId], '.fifo')]],
    ['changed', [sample('changed')]],
    ['smn', [smn.toEvent({ ...smn.sign({ message: 'changed' }), message: 'forged' })]],
    ['rotate-token', [sample('rotate-token')]],
    ['watch', [sample('watch')]],
    ['follow', [sample('follow')]],
  ];
}

const foreignId = `${'e'.repeat(32)}in09`;

function workerEvent(instanceIds: readonly string[], queueSuffix = ''): unknown {
  const [record] = sample('worker').Records;
  return {
    Records: instanceIds.map((instanceId, index) => ({
      ...record,
      messageId: `message-${index}`,
      eventSourceARN: `${record.eventSourceARN}${queueSuffix}`,
      body: JSON.stringify({ instanceId, trigger: 'change', runId: 'run-1' }),
    })),
  };
}
