import { expect, test } from 'vitest';
import { cloudIds, sample, startPackaged, startTestCloud } from '../support/packaged.ts';

const hanging = (): Promise<undefined> => new Promise(() => {});
const throttled = () => ({ status: 400, type: 'ThrottlingException' });

function workerEvent(ids: readonly string[]) {
  const [template] = sample('worker').Records;
  const Records = ids.map((instanceId, index) => ({
    ...template,
    messageId: `m${index}`,
    receiptHandle: `sync#${index}#1`,
    body: JSON.stringify({ instanceId, trigger: 'schedule', runId: 'run-1' }),
  }));
  return { Records };
}

test.each([
  ['hangs', hanging],
  ['throttles', throttled],
])('http answers 503 when Parameter Store %s, long before Lambda ends it', async (_, fault) => {
  const session = await startPackaged('http', { instances: 3, timeoutMs: 10_000 });
  session.cloud.ssm.fault = fault;
  const startedAt = performance.now();

  const result = await session.invoke({ ...sample('http'), body: undefined });

  // Three tenths of its time, and what a cold start on a busy machine takes.
  expect(performance.now() - startedAt).toBeLessThan(8_000);
  expect(result).toMatchObject({ ok: true, response: { statusCode: 503 } });
  expect(session.output.join()).toContain('SSM_UNAVAILABLE');
  expect(session.output.join()).toContain(`${session.cloud.parameterPrefix}/instances`);
});

test('the worker hands its messages back when Parameter Store hangs, and names the parameter', async () => {
  const session = await startPackaged('worker', { instances: 3, timeoutMs: 4_000 });
  const ids = await cloudIds(session.cloud);
  session.cloud.ssm.fault = hanging;

  const result = await session.invoke(workerEvent(ids));

  expect(result).toMatchObject({ ok: false, error: { errorType: 'ParameterError' } });
  expect(JSON.stringify(result)).toContain(`${session.cloud.parameterPrefix}/token`);
});

test.each([
  ['http', '25000', (ids: readonly string[]) => ({ ...sample('http'), body: undefined, ids })],
  ['worker', '60000', workerEvent],
] as const)('%s still calls with DEADLINE_RESERVE_MS=%s', async (name, reserve, event) => {
  const env = { DEADLINE_RESERVE_MS: reserve };
  const session = await startPackaged(name, { instances: 3, timeoutMs: 60_000, env });

  const result = await session.invoke(event(await cloudIds(session.cloud)));

  expect(result.ok).toBe(true);
  expect(session.cloud.ddm.stats().accepted).toBe(3);
});

const http = () => ({ ...sample('http'), body: undefined });
const notTaken = {
  messages: 'QUEUE_REFUSED',
  jobs: 'sync jobs not followed: the queue did not take them',
  fleet: 'fleet not dispatched: the queue did not take the message',
  message: '"itemIdentifier":"m0"', // it comes back
  changes: 'The change queue did not take 1 messages: the queue did not answer in time',
};

test('no function outlasts its time while SQS hangs, and each says what was not taken', async () => {
  const cases = [
    ['scheduled', { SYNC_INLINE_MAX: '1' }, () => sample('scheduled'), notTaken.messages],
    ['scheduled', {}, () => sample('scheduled'), notTaken.jobs],
    ['http', { SYNC_INLINE_MAX: '1' }, http, notTaken.fleet],
    ['http', {}, http, notTaken.jobs],
    ['worker', {}, workerEvent, notTaken.jobs],
    [
      'worker',
      { SYNC_MAX_ATTEMPTS: '1', DDM_ENDPOINT: 'http://127.0.0.1:9' },
      workerEvent,
      notTaken.message,
    ],
    ['changed', {}, () => sample('changed'), notTaken.changes],
  ] as const;
  const cloud = await startTestCloud({ instances: 3 });
  const ids = await cloudIds(cloud);
  cloud.sqs.fault = hanging;

  const results = await Promise.all(
    cases.map(async ([name, env, event]) => {
      const session = await startPackaged(name, { cloud, env, timeoutMs: 6_000 });
      const result = await session.invoke(event(ids));
      return { result, said: session.output.join() + JSON.stringify(result) };
    }),
  );

  for (const [index, { result, said }] of results.entries()) {
    expect(JSON.stringify(result)).not.toContain('Timedout');
    expect(said).toContain(cases[index]?.[3]);
  }
}, 30_000);
