import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { environmentOf } from '../../cli/target.ts';
import { type Cloud, deadLetterQueue, startCloud, syncQueue } from '../../emulator/cloud.ts';
import { startEventSource } from '../../emulator/event-source.ts';
import { cloudIds, sample, startPackaged } from '../support/packaged.ts';

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

describe('the packaged worker', () => {
  test('syncs the instances of a batch and returns what is to be tried again, with a delay', async () => {
    const session = await startPackaged('worker', { instances: 9, failShare: 0.34 });
    const { cloud } = session;
    await enqueue(cloud, (await cloudIds(cloud)).map(ask));
    const now = Date.now();

    const result = await session.invoke(await receiveEvent(cloud));

    // Of the three that fail, one does so with DBS.200412, which is worth another try.
    const failures = { batchItemFailures: [{ itemIdentifier: expect.any(String) }] };
    expect(result).toEqual({ ok: true, response: failures });
    const statuses = session.lines().map(({ status }) => status);
    expect(statuses.filter((status) => status === 'accepted').length).toBe(6);
    expect(statuses.filter((status) => status === 'failed').length).toBe(2);
    const waiting = cloud.sqs
      .messages(syncQueue)
      .filter(({ visibleAt }) => visibleAt < now + 60_000);
    expect(waiting.length).toBe(1);
    expect(session.lines().at(-1)).toMatchObject({ message: 'sync batch finished', total: 9 });
  });

  test('reads the token and not the list', async () => {
    const session = await startPackaged('worker', { instances: 500 });
    await enqueue(session.cloud, (await cloudIds(session.cloud)).slice(0, 1).map(ask));

    await session.invoke(await receiveEvent(session.cloud));

    expect(session.cloud.ddm.stats().accepted).toBe(1);
    expect(Object.fromEntries(session.cloud.ssm.calls)).toEqual({
      GetParameters: 1,
      GetParametersByPath: 1,
    });
  });

  test('row 9: drops a message that is none of ours', async () => {
    const session = await startPackaged('worker', { instances: 2 });
    await enqueue(session.cloud, ['not JSON', ...(await cloudIds(session.cloud)).map(ask)]);

    const result = await session.invoke(await receiveEvent(session.cloud));

    expect(result).toMatchObject({ ok: true, response: { batchItemFailures: [] } });
    expect(session.lines()[0]).toMatchObject({
      level: 'ERROR',
      message: 'queue message malformed: dropped',
      messageId: expect.any(String),
    });
  });

  test('refuses an event that is none of SQS, and a configuration without the queue', async () => {
    const session = await startPackaged('worker', { instances: 1 });
    const unset = await startPackaged('worker', { instances: 1, env: { SYNC_QUEUE_URL: '' } });

    const wrong = await session.invoke({ detail: {} });
    const missing = await unset.invoke(sample('worker'));

    expect(wrong).toMatchObject({ ok: false, error: { errorType: 'InvalidEventError' } });
    expect(missing).toMatchObject({ ok: false, error: { errorType: 'ConfigError' } });
  });
});

describe('the queue with workers', () => {
  const start = async (
    instances: number,
    options: Partial<Parameters<typeof startEventSource>[0]> = {},
    cloudOptions: { readonly failShare?: number; readonly visibilityTimeoutSeconds?: number } = {},
  ) => {
    const cloud = await startCloud({ instances, queueSpeed: 40, ...cloudOptions });
    const session = await startPackaged('scheduled', {
      cloud,
      instances,
      env: { SYNC_INLINE_MAX: '20' },
    });
    const result = await session.invoke({});
    const output: string[] = [];
    const source = startEventSource({
      queueUrl: cloud.queueUrl,
      worker: {
        taskRoot: process.cwd(),
        env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '200' },
        onLine: (line) => output.push(line),
      },
      maximumConcurrency: 2,
      batchSize: 50,
      batchWindowMs: 100,
      ...options,
    });
    onTestFinished(async () => {
      await source.stop();
      await cloud.close();
    });
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
    const { cloud, idsWith, result, source } = await start(400, {
      kill: () => {
        batches += 1;
        return batches % 4 === 2;
      },
      redeliver: () => batches === 5,
    });

    expect(result).toMatchObject({ response: { total: 400, accepted: 20, queued: 380 } });
    expect(source.stats.killed).toBeGreaterThan(0);
    expect(source.stats.redelivered).toBeGreaterThan(0);
    expect(idsWith('accepted').size).toBe(400);
    expect(cloud.sqs.messages(deadLetterQueue)).toEqual([]);
  }, 60_000);

  test('row 40: an instance that always fails ends as failed and as a dead letter, the others go on', async () => {
    const { cloud, idsWith, output } = await start(100, {}, { failShare: 0.06 });
    const canary = [...cloud.iam.tokens][0]?.slice(0, 40) ?? '';

    expect([idsWith('accepted').size, idsWith('failed').size]).toEqual([94, 6]);
    const dead = cloud.sqs.messages(deadLetterQueue).map(({ body }) => JSON.parse(body));
    expect(dead.length).toBeGreaterThan(0);
    for (const { instanceId, runId, trigger } of dead) {
      expect(idsWith('failed').has(instanceId)).toBe(true);
      expect([typeof runId, trigger]).toEqual(['string', 'schedule']);
    }
    expect(JSON.stringify(dead) + output.join('')).not.toContain(canary);
  }, 60_000);
});
