import { setTimeout as sleep } from 'node:timers/promises';
import { ReceiveMessageCommand, SQSServiceException } from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSqs } from '../../../emulator/sqs.ts';
import { createQueue, createSqsClient } from '../../../lib/aws/queue.ts';
import { systemClock } from '../../../lib/clock.ts';
import { createQueueHandOver } from '../../../lib/queue/hand-over.ts';
import { delay, send } from '../../../lib/queue/sender.ts';
import { createPace } from '../../../lib/sync/pace.ts';
import { createTask } from '../../../lib/sync/tasks.ts';
import { createFakeRunLog } from '../../fakes/run-log.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { createRandom } from '../../support/fleet.ts';
import { instanceIds } from '../../support/instances.ts';

/** The real SDK client against the embedded SQS. */
async function start(clientOptions: Parameters<typeof createSqsClient>[0] = {}) {
  const server = await startSqs({
    queues: [
      {
        name: 'sync',
        visibilityTimeoutSeconds: 60,
        redrive: { maxReceiveCount: 2, deadLetterQueue: 'dead' },
      },
      { name: 'dead', visibilityTimeoutSeconds: 60 },
    ],
  });
  const sqs = createSqsClient({
    endpoint: server.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    ...clientOptions,
  });
  onTestFinished(async () => {
    sqs.destroy();
    await server.close();
  });
  const url = server.queueUrl('sync');
  const queue = createQueue(sqs, url);
  const receive = async (limit = 10) => {
    const command = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: limit });
    return (await sqs.send(command)).Messages ?? [];
  };
  return { server, queue, receive, stored: () => idsOf(server.messages('sync')) };
}

function idsOf(messages: readonly { readonly body: string }[]): string[] {
  return messages.map(({ body }) => JSON.parse(body).instanceId).sort();
}

function entries(ids: readonly string[], delaySeconds = 0) {
  return ids.map((instanceId) => ({
    message: { instanceId, trigger: 'schedule', runId: 'run-1' } as const,
    delaySeconds,
  }));
}

const sender = { clock: systemClock, random: createRandom(1) };

describe('the queue', () => {
  test('counts its messages, also those delayed and in flight', async () => {
    const { queue, receive } = await start();
    const signal = AbortSignal.timeout(5_000);
    await queue.sendBatch(entries(instanceIds(5)), signal);
    await queue.sendBatch(entries(instanceIds(3), 60), signal);
    await receive(2);

    expect(await queue.size(signal)).toBe(8);
  });

  test('has no count when it does not answer', async () => {
    const { queue, server } = await start({ maxAttempts: 1 });
    await server.close();

    expect(await queue.size(AbortSignal.timeout(5_000))).toBeUndefined();
  });

  test('sends one message per instance, in batches of ten', async () => {
    const { queue, server, stored } = await start();
    const ids = instanceIds(1_005);

    const result = await send(sender, queue, entries(ids), AbortSignal.timeout(10_000));

    expect(result).toEqual({ refused: [], reason: '' });
    expect(stored()).toEqual(ids);
    expect(server.calls.get('SendMessageBatch')).toBe(101);
    expect(JSON.parse(server.messages('sync')[0]?.body ?? '')).toEqual({
      instanceId: ids[0],
      trigger: 'schedule',
      runId: 'run-1',
    });
  });

  test('row 13: resends only the failed entries, until the queue has taken all of them', async () => {
    const { queue, server, stored } = await start();
    const random = createRandom(7);
    server.entryFault = () => (random() < 0.3 ? { senderFault: false } : undefined);
    const ids = instanceIds(2_000);

    const { refused } = await send(sender, queue, entries(ids), AbortSignal.timeout(20_000));

    const lost = refused.map(({ instanceId }) => instanceId);
    expect([...stored(), ...lost].sort()).toEqual(ids);
    expect(lost.length).toBeLessThan(30); // 2,000 x 0.3^5 = 5
  });

  test('row 13: reports what the queue refuses for good, and sends it only once', async () => {
    const { queue, server, stored } = await start();
    const ids = instanceIds(30);
    server.entryFault = (body) => (body.includes(ids[7] ?? '') ? { senderFault: true } : undefined);

    const { reason, refused } = await send(
      sender,
      queue,
      entries(ids),
      AbortSignal.timeout(10_000),
    );

    expect(refused.map(({ instanceId }) => instanceId)).toEqual([ids[7]]);
    expect(reason).toBe('the queue refused messages: InternalError');
    expect(stored().length).toBe(29);
    expect(server.calls.get('SendMessageBatch')).toBe(3);
  });

  test('row 13: does not count an entry as sent if the answer leaves it out', async () => {
    const { queue, server, stored } = await start();
    const ids = instanceIds(20);
    let left = 3;
    server.entryFault = (body) => {
      if (!body.includes(ids[4] ?? '') || left === 0) return undefined;
      left -= 1;
      return 'unanswered';
    };

    const { refused } = await send(sender, queue, entries(ids), AbortSignal.timeout(10_000));

    expect(refused).toEqual([]);
    expect(stored()).toEqual(ids);
  });

  test('gives up at once when it is not allowed to send', async () => {
    const { queue, server } = await start();
    server.fault = () => ({ status: 403, type: 'AccessDeniedException' });

    const { reason, refused } = await send(
      sender,
      queue,
      entries(instanceIds(10_000)),
      AbortSignal.timeout(10_000),
    );

    expect(refused.length).toBe(10_000);
    expect(reason).toBe('the queue failed: AccessDeniedException');
    expect(server.calls.get('SendMessageBatch')).toBeLessThanOrEqual(20);
  });

  test('loses no batch while the queue fails briefly', async () => {
    const { queue, server, stored } = await start();
    let calls = 0;
    server.fault = () => {
      calls += 1;
      return calls <= 15 ? { status: 503, type: 'ServiceUnavailable' } : undefined;
    };

    const { refused } = await send(
      sender,
      queue,
      entries(instanceIds(300)),
      AbortSignal.timeout(20_000),
    );

    expect(refused).toEqual([]);
    expect(stored().length).toBe(300);
  });

  test('stops at its deadline, and counts entries without an answer as refused', async () => {
    const { queue, server } = await start();
    server.fault = (operation) => {
      if (operation === 'SendMessageBatch') server.dropConnections();
      return undefined;
    };
    const startedAt = performance.now();

    const { refused } = await send(
      sender,
      queue,
      entries(instanceIds(500)),
      AbortSignal.timeout(300),
    );

    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(refused.length).toBeGreaterThan(0);
  });

  test('delays messages for the requested time', async () => {
    const { queue, receive } = await start();
    await send(sender, queue, entries(instanceIds(3), 1), AbortSignal.timeout(5_000));

    const early = await receive();
    await sleep(1_050);
    const late = await receive();

    expect([early.length, late.length]).toEqual([0, 3]);
  });

  test('redelivers a received message after the requested time, not before', async () => {
    const { queue, receive } = await start();
    await send(sender, queue, entries(instanceIds(12)), AbortSignal.timeout(5_000));
    const received = [...(await receive()), ...(await receive())];
    const changes = received.map(({ ReceiptHandle = '' }, index) => ({
      receiptHandle: ReceiptHandle,
      delaySeconds: index < 6 ? 0 : 30,
    }));

    const unset = await delay(sender, queue, changes, AbortSignal.timeout(5_000));

    expect(unset).toBe(0);
    expect((await receive()).length).toBe(6);
  });

  test('says for how many messages the delay could not be set', async () => {
    const { queue } = await start();

    expect(
      await delay(
        sender,
        queue,
        [{ receiptHandle: 'gone#1', delaySeconds: 1 }],
        AbortSignal.timeout(5_000),
      ),
    ).toBe(1);
  });
});

test('a hand-over reports each instance as taken or refused', async () => {
  const { queue, server } = await start();
  const ids = instanceIds(40);
  server.entryFault = (body) => (body.includes(ids[3] ?? '') ? { senderFault: true } : undefined);
  const pace = createPace({ ...sender, maxConcurrency: 20, maxPerSecond: 20 });
  const handOver = createQueueHandOver(
    { ...sender, log: createFakeRunLog(), pace },
    queue,
    { runId: 'run-1', trigger: 'http' },
    { deadline: deadlineIn(5_000, systemClock), fleet: 40 },
  );

  const { failure, refused } = await handOver.take(ids.map(createTask));

  expect(refused).toEqual(new Set([ids[3]]));
  expect(failure.errCode).toBe('QUEUE_REFUSED');
});

test.each([
  ['ThrottlingException', false],
  ['RequestThrottled', false],
  ['AccessDeniedException', true],
  ['QueueDoesNotExist', true],
])('%s is hopeless for the batches that follow: %s', async (name, isHopeless) => {
  const error = new SQSServiceException({ name, $fault: 'client', $metadata: {} });
  const sqs = createSqsClient({ region: 'eu-central-1' });
  sqs.send = () => Promise.reject(error);

  const queue = createQueue(sqs, 'http://127.0.0.1/000000000000/sync');
  const result = await queue.sendBatch(entries(instanceIds(2)), new AbortController().signal);

  expect(result).toMatchObject({ isHopeless, failed: [{ index: 0 }, { index: 1 }] });
});
