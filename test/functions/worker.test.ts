import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Cloud, deadLetterQueue, syncQueue } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { startEventSource } from '../../emulator/event-source.ts';
import {
  type SessionOptions,
  sample,
  sharePackaged,
  startPackaged,
  startTestCloud,
  taskRoot,
} from '../support/packaged.ts';

function client(cloud: Cloud): SQSClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = new SQSClient({ endpoint: cloud.sqs.endpoint, region: 'eu-central-1', credentials });
  onTestFinished(() => sqs.destroy());
  return sqs;
}

async function enqueue(cloud: Cloud, bodies: readonly string[]): Promise<void> {
  const sqs = client(cloud);
  for (const MessageBody of bodies) {
    await sqs.send(new SendMessageCommand({ QueueUrl: cloud.queueUrl, MessageBody }));
  }
}

async function receiveEvent(cloud: Cloud): Promise<unknown> {
  const command = new ReceiveMessageCommand({
    QueueUrl: cloud.queueUrl,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ['All'],
  });
  const { Messages = [] } = await client(cloud).send(command);
  const [template] = sample('worker').Records;
  return {
    Records: Messages.map((message) => ({
      ...template,
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes,
    })),
  };
}

function ask(instanceId: string): string {
  return JSON.stringify({ instanceId, trigger: 'schedule', runId: 'run-1' });
}

describe('the packaged worker', async () => {
  const { calls, cloud, invoke, lines } = await sharePackaged('worker', {
    instances: 500,
    failShare: 0.34,
  });
  const ids = cloud.ddm.instanceIds;

  test('syncs the instances of a batch and sends anew what is to be tried again, with a delay', async () => {
    await enqueue(cloud, ids.slice(0, 9).map(ask));
    const now = Date.now();

    const result = await invoke(await receiveEvent(cloud));

    // Of the three that fail, one does so with DBS.200412, which is worth another try.
    expect(result).toEqual({ ok: true, response: { batchItemFailures: [] } });
    const statuses = lines().map(({ status }) => status);
    expect(statuses.filter((status) => status === 'accepted').length).toBe(6);
    expect(statuses.filter((status) => status === 'failed').length).toBe(2);
    const anew = cloud.sqs.messages(syncQueue).filter(({ receiveCount }) => receiveCount === 0);
    expect(anew.map(({ body }) => JSON.parse(body))).toMatchObject([{ tries: 1 }]);
    expect(anew[0]?.visibleAt).toBeGreaterThan(now);
    expect(lines().at(-1)).toMatchObject({ message: 'sync batch finished', total: 9 });
  });

  test('row 9: drops a malformed message', async () => {
    await enqueue(cloud, ['not JSON', ...ids.slice(0, 2).map(ask)]);

    const result = await invoke(await receiveEvent(cloud));

    expect(result).toMatchObject({ ok: true, response: { batchItemFailures: [] } });
    expect(lines()[0]).toMatchObject({
      level: 'ERROR',
      message: 'queue message malformed: dropped',
      messageId: expect.any(String),
    });
    expect(calls().accepted).toBe(2);
  });

  test('refuses an event that is not from SQS', async () => {
    const result = await invoke({ detail: {} });

    expect(result).toMatchObject({ ok: false, error: { errorType: 'InvalidEventError' } });
  });

  test('reads the token and not the list', async () => {
    const fresh = await startPackaged('worker', { cloud });
    await enqueue(cloud, ids.slice(0, 1).map(ask));

    await fresh.invoke(await receiveEvent(cloud));

    expect(fresh.calls().accepted).toBe(1);
    expect(fresh.calls().ssm).toEqual({ GetParameters: 1, GetParametersByPath: 1 });
  });

  test('needs its queue', async () => {
    const unset = await startPackaged('worker', { cloud, env: { SYNC_QUEUE_URL: '' } });

    const result = await unset.invoke(sample('worker'));

    expect(result).toMatchObject({ ok: false, error: { errorType: 'ConfigError' } });
  });
});

describe('the queue with workers', () => {
  const start = async (
    cloudOptions: SessionOptions,
    options: Partial<Parameters<typeof startEventSource>[0]> = {},
  ) => {
    const cloud = await startTestCloud(cloudOptions);
    const session = await startPackaged('scheduled', { cloud, env: { SYNC_INLINE_MAX: '20' } });
    const result = await session.invoke({});
    const output: string[] = [];
    const source = startEventSource({
      queueUrl: cloud.queueUrl,
      worker: {
        taskRoot,
        env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '200' },
        onLine: (line) => output.push(line),
      },
      maximumConcurrency: 2,
      batchSize: 50,
      batchWindowMs: 100,
      ...options,
    });
    onTestFinished(() => source.stop());
    await vi.waitFor(() => expect(cloud.sqs.messages(syncQueue)).toEqual([]), {
      timeout: 50_000,
      interval: 50,
    });
    const lines = [...session.output, ...output].map((line) => JSON.parse(line));
    const idsWith = (status: string): Set<string> =>
      new Set(lines.filter((line) => line.status === status).map((line) => line.instanceId));
    return { cloud, idsWith, output: [...session.output, ...output], result, source };
  };

  test('rows 3 and 8: loses nothing to killed workers and messages that come twice', async () => {
    let batches = 0;
    let ended = 0;
    const { cloud, idsWith, result, source } = await start(
      { instances: 400, visibilityTimeoutSeconds: 3 },
      {
        kill: () => {
          batches += 1;
          return batches === 2 || batches === 3;
        },
        redeliver: () => {
          ended += 1;
          return ended === 1;
        },
      },
    );

    expect(result).toMatchObject({ response: { total: 400, accepted: 20, queued: 380 } });
    expect(source.stats.killed).toBe(2);
    expect(source.stats.redelivered).toBeGreaterThan(0);
    expect(idsWith('accepted').size).toBe(400);
    expect(cloud.sqs.messages(deadLetterQueue)).toEqual([]);
  }, 60_000);

  test('row 40: an instance that always fails ends as failed after five tries, the others go on', async () => {
    // Five tries, up to 4 minutes apart, pass within seconds; a batch has 9 seconds all the same.
    const fast = { queueSpeed: 400, visibilityTimeoutSeconds: 3_600 };
    const { cloud, idsWith, output } = await start({ instances: 100, failShare: 0.06, ...fast });
    const canary = [...cloud.iam.tokens][0]?.slice(0, 40) ?? '';

    expect([idsWith('accepted').size, idsWith('failed').size]).toEqual([94, 6]);
    expect(cloud.sqs.messages(deadLetterQueue)).toEqual([]);
    expect(output.join('')).not.toContain(canary);
  }, 60_000);
});
