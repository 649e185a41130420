import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type SmnEnvelope, type SmnServer, startSmn } from '../../../emulator/smn.ts';
import { handler } from '../../../functions/smn.ts';
import { RequestError } from '../../../lib/errors.ts';
import { createHttpClient } from '../../../lib/huawei/http.ts';
import { receiveNotification } from '../../../lib/smn/receive.ts';
import { createFakeQueue, type FakeQueue } from '../../fakes/queue.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { toTimestamp } from '../../support/smn.ts';

const dataNodeId = 'c6f68fed9e74478c8679479a07d7d568in01';
const message = JSON.stringify({
  service_type: 'RDS',
  trace_name: 'instanceAction',
  trace_rating: 'normal',
  resource_id: dataNodeId,
});

let smn: SmnServer;

beforeAll(async () => {
  smn = await startSmn();
});

afterAll(() => smn.close());

interface Receiver {
  readonly app: TestApp;
  readonly queue: FakeQueue;
  sign(fields?: Parameters<SmnServer['sign']>[0], aheadMs?: number): SmnEnvelope;
  receive(envelope: SmnEnvelope): ReturnType<typeof receiveNotification>;
}

function createReceiver(
  queue = createFakeQueue(),
  env: Readonly<Record<string, string>> = {},
): Receiver {
  const app = createTestApp({
    http: () => createHttpClient({ maxConnections: 2 }),
    changeQueue: queue,
    env: { DDM_ENDPOINT: 'http://127.0.0.1:1', SMN_TOPIC_URNS: smn.topicUrn, ...env },
  });
  return {
    app,
    queue,
    sign: (fields, aheadMs = 0) =>
      smn.sign({ message, timestamp: toTimestamp(app.clock.now() + aheadMs), ...fields }),
    receive: (envelope) =>
      receiveNotification(
        app,
        { body: JSON.stringify(envelope), messageType: envelope.type },
        { runId: 'run-1', deadline: deadlineIn(3_000, app.clock) },
      ),
  };
}

async function statusOf(receipt: Promise<unknown>): Promise<unknown> {
  return receipt.catch((error: unknown) =>
    error instanceof RequestError ? error.statusCode : error,
  );
}

test('enqueues what changed, once each, and says so in one line', async () => {
  const { app, queue, receive, sign } = createReceiver();
  const instanceId = '1f5c9fd6cd984056ba89c8c87cc03278in09';
  const envelope = sign({ message: `deleteInstance ${dataNodeId} ${instanceId} ${dataNodeId}` });

  const receipt = await receive(envelope);

  expect(receipt).toEqual({ result: 'enqueued', enqueued: 2 });
  expect(queue.sent.map(({ message: sent }) => sent)).toEqual([
    { dataNodeId, changedAt: expect.any(Number), trigger: 'change', runId: 'run-1' },
    { instanceId, trigger: 'change', runId: 'run-1' },
  ]);
  expect(app.log.notices).toEqual([
    {
      message: 'notification enqueued',
      runId: 'run-1',
      messageId: envelope.message_id,
      certificateSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      enqueued: 2,
      names: 'deleteInstance',
    },
  ]);
});

describe('row 59: a replay', () => {
  const minute = 60_000;

  test.each([1_000, 59 * minute, 61 * minute, 120 * minute])(
    'after %i ms enqueues nothing more',
    async (afterMs) => {
      const { app, queue, receive, sign } = createReceiver();
      const envelope = sign();
      await receive(envelope);

      app.clock.jumpWallClock(afterMs);
      const answer = await statusOf(receive(envelope));

      expect(answer).toEqual(afterMs < 60 * minute ? { result: 'repeated', enqueued: 0 } : 403);
      expect(queue.sent.length).toBe(1);
    },
  );

  test('is not what comes first 20 minutes late', async () => {
    const { queue, receive, sign } = createReceiver();

    const receipt = await receive(sign({}, -20 * minute));

    expect(receipt.result).toBe('enqueued');
    expect(queue.sent.length).toBe(1);
  });
});

describe('row 60: a queue that does not take it', () => {
  test.each<[string, () => FakeQueue]>([
    ['refuses', () => createFakeQueue(() => true)],
    ['refuses one of two', () => createFakeQueue((id) => id === dataNodeId)],
    [
      'rejects',
      () => ({ ...createFakeQueue(), sendBatch: () => Promise.reject(new TypeError('queue')) }),
    ],
    [
      'rejects with no error',
      () => ({ ...createFakeQueue(), sendBatch: () => Promise.reject(undefined) }),
    ],
  ])('is answered 503, and so is the repetition: it %s', async (_, create) => {
    const { app, receive, sign } = createReceiver(create());
    const other = 'a1b2c3d4e5f60718293a4b5c6d7e8f90in01';
    const envelope = sign({ message: `${dataNodeId} ${other}` });

    const status = await statusOf(receive(envelope));
    const again = await statusOf(receive(envelope));

    expect([status, again]).toEqual([503, 503]);
    expect(app.log.notices).toEqual([]);
  });
});

test('logs what does not matter as one line, and what it does not understand as a warning', async () => {
  const { app, queue, receive, sign } = createReceiver();

  const irrelevant = await receive(sign({ message: `synRdsinfo ${dataNodeId}` }));
  const unclear = await receive(sign({ message: 'Good morning' }));

  expect([irrelevant.result, unclear.result]).toEqual(['irrelevant', 'unclear']);
  expect(app.log.notices.map((line) => line.message)).toEqual(['notification irrelevant: ignored']);
  expect(app.log.warnings).toEqual(['notification not understood: left to the schedule']);
  expect(queue.sent).toEqual([]);
});

describe('a subscription', () => {
  const type = 'SubscriptionConfirmation';
  const confirmations = (): number =>
    smn.requests.filter((path) => path.includes('confirm?token')).length;

  test('is left to a person unless SMN_CONFIRM is on', async () => {
    const { app, receive, sign } = createReceiver();
    const before = confirmations();

    const { result } = await receive(sign({ type }));

    expect(result).toBe('unconfirmed');
    expect(app.log.warnings).toEqual(['subscription not confirmed: SMN_CONFIRM is off']);
    expect(confirmations()).toBe(before);
  });

  test('is confirmed once where SMN_CONFIRM is on', async () => {
    const { app, receive, sign } = createReceiver(undefined, { SMN_CONFIRM: 'on' });
    const before = confirmations();
    const envelope = sign({ type });

    const results = [(await receive(envelope)).result, (await receive(envelope)).result];

    expect(results).toEqual(['confirmed', 'repeated']);
    expect(confirmations()).toBe(before + 1);
    expect(app.log.notices[0]).toMatchObject({
      message: 'subscription confirmed',
      host: smn.endpoint.replace('http://', ''),
      topicUrn: smn.topicUrn,
    });
  });

  test('is offered again when it could not be confirmed', async () => {
    const { receive, sign } = createReceiver(undefined, { SMN_CONFIRM: 'on' });
    const envelope = sign({ type });
    smn.fault = (path) => (path.includes('confirm') ? { status: 500 } : undefined);

    const first = await statusOf(receive(envelope));
    smn.fault = () => undefined;
    const second = await receive(envelope);

    expect([first, second.result]).toEqual([503, 'confirmed']);
  });

  test('is told of when it ends', async () => {
    const { app, receive, sign } = createReceiver(undefined, { SMN_CONFIRM: 'on' });
    const before = confirmations();

    const { result } = await receive(sign({ type: 'UnsubscribeConfirmation' }));

    expect(result).toBe('unsubscribed');
    expect(app.log.warnings.length).toBe(1);
    expect(confirmations()).toBe(before);
  });

  test('has no host in the log where its URL is none', async () => {
    const { receive, sign } = createReceiver();

    const { result } = await receive(sign({ type, subscribe_url: 'none' }));

    expect(result).toBe('unconfirmed');
  });
});

// The function in this process, so that coverage sees it; test/functions runs it as it is packaged.
test('answers events of the HTTP API', async () => {
  for (const [name, value] of Object.entries({
    DDM_ENDPOINT: 'http://127.0.0.1:1',
    DDM_PROJECT_ID: 'project',
    PARAMETER_PREFIX: '/ddm-sync/test',
    SMN_TOPIC_URNS: smn.topicUrn,
    CHANGE_QUEUE_URL: 'http://127.0.0.1:1/000000000000/changes.fifo',
    AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'eu-central-1',
  })) {
    vi.stubEnv(name, value);
  }
  const context = {
    awsRequestId: 'run-1',
    functionName: 'in-process',
    getRemainingTimeInMillis: () => 10_000,
  } as Context;
  const event = smn.toEvent(smn.sign({ message: 'synRdsinfo' }));
  const base64 = { body: Buffer.from(event.body).toString('base64'), isBase64Encoded: true };

  const answers = [
    await handler(event, context),
    await handler({ ...event, ...base64 }, context),
    await handler({ routeKey: event.routeKey }, context),
    await handler({ ...event, body: 7 }, context),
    await handler(smn.toEvent(smn.sign({ message })), context),
  ];

  expect(answers).toMatchObject([
    { statusCode: 200, body: expect.stringContaining('"result":"irrelevant"') },
    { statusCode: 200, body: expect.stringContaining('"result":"repeated"') },
    { statusCode: 400 },
    { statusCode: 400 },
    { statusCode: 503 },
  ]);
});
