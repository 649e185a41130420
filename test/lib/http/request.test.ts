import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cloud, followQueue, startCloud, syncQueue } from '../../../emulator/cloud.ts';
import { environmentOf } from '../../../emulator/environment.ts';
import { handler as follow } from '../../../functions/follow.ts';
import { handler } from '../../../functions/http.ts';
import { handler as worker } from '../../../functions/worker.ts';
import { instanceIds } from '../../support/instances.ts';
import { cloudIds, sample } from '../../support/packaged.ts';

// The doors in this process, so that coverage sees them; test/functions has them as they are packaged.
let cloud: Cloud;
let ids: readonly string[] = [];

function environment(): Readonly<Record<string, string>> {
  return {
    ...environmentOf(cloud),
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    SYNC_RATE_PER_SECOND: '1000',
    SYNC_INLINE_MAX: '30',
  };
}

beforeAll(async () => {
  cloud = await startCloud({ instances: 40, failShare: 0.1 });
  ids = await cloudIds(cloud);
});

afterAll(() => cloud.close());

const context = {
  awsRequestId: 'run-1',
  functionName: 'in-process',
  getRemainingTimeInMillis: () => 29_000,
} as Context;

interface Answer {
  readonly statusCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
  readonly body: any;
}

async function send(event: unknown): Promise<Answer> {
  for (const [name, value] of Object.entries(environment())) vi.stubEnv(name, value);
  const { body, statusCode = 0 } = await handler(event, context);
  return { statusCode, body: JSON.parse(body ?? 'null') };
}

function post(body?: unknown, rest: Readonly<Record<string, unknown>> = {}) {
  return send({
    ...sample('http'),
    body: body === undefined ? null : JSON.stringify(body),
    ...rest,
  });
}

test('answers 503 without internal details when it is not configured', async () => {
  vi.stubEnv('DDM_ENDPOINT', 'http://169.254.169.254');

  const { body, statusCode } = await handler(sample('http'), context);

  expect(statusCode).toBe(503);
  expect(JSON.parse(body ?? '').error.code).toBe('UNAVAILABLE');
  expect(body).not.toContain('169.254');
});

test('answers with the results of the named instances', async () => {
  const healthy = await post({ instanceIds: ids.slice(0, 3) });
  const mixed = await post({ instanceIds: ids.slice(0, 20) });
  const dry = await post({ dryRun: true });

  expect([healthy.statusCode, healthy.body.results.length]).toEqual([200, 3]);
  expect([mixed.statusCode, mixed.body.failed]).toEqual([207, 2]);
  expect(mixed.body.results[0].status).toBe('failed');
  expect([dry.statusCode, dry.body.skipped]).toEqual([200, 40]);
});

test('follows what was accepted, and waits for it when asked to', async () => {
  const waited = await post({ instanceIds: ids.slice(0, 3) }, { rawQueryString: 'wait=1' });
  const messages = cloud.sqs.messages(followQueue);
  const [record] = sample('follow').Records;

  const result = await follow(
    { Records: messages.map(({ body, messageId }) => ({ ...record, body, messageId })) },
    context,
  );

  expect(waited.body.ends).toEqual({ completed: 3, failed: 0, unknown: 0, running: 0 });
  expect(messages.length).toBe(2); // of the two runs before
  expect(result).toEqual({ batchItemFailures: [] });
});

test('follow needs its queue', async () => {
  vi.resetModules();
  const { handler: unset } = await import('../../../functions/follow.ts');
  for (const [name, value] of Object.entries(environment())) {
    vi.stubEnv(name, name === 'FOLLOW_QUEUE_URL' ? '' : value);
  }

  await expect(unset(sample('follow'), context)).rejects.toThrow('FOLLOW_QUEUE_URL is not set');
});

test('leaves a fleet larger than the inline limit to a worker, which dispatches it', async () => {
  const { body, statusCode } = await post();
  const [message] = cloud.sqs.messages(syncQueue);
  const [record] = sample('worker').Records;

  const result = await worker({ Records: [{ ...record, body: message?.body }] }, context);

  expect([statusCode, body.queued]).toEqual([202, 40]);
  expect(result).toEqual({ batchItemFailures: [] });
  const dispatched = cloud.sqs.messages(syncQueue).slice(1);
  expect(dispatched.map((sent) => JSON.parse(sent.body).instanceId)).toEqual(ids);
});

test('answers 502 when the queue does not take the message for the fleet', async () => {
  cloud.sqs.entryFault = () => ({ senderFault: true });

  const { body, statusCode } = await post();

  cloud.sqs.entryFault = () => undefined;
  expect([statusCode, body.errCodes]).toEqual([502, { QUEUE_REFUSED: 40 }]);
});

test.each<[string, number, RegExp, unknown, Record<string, unknown>?]>([
  ['an array', 400, /JSON object/, []],
  ['null as text', 400, /JSON object/, undefined, { body: 'null' }],
  ['an unknown field', 400, /"force" is not a known field/, { force: true }],
  ['a flag as text', 400, /dryRun must/, { dryRun: 'no' }],
  ['ids as text', 400, /must be a list/, { instanceIds: 'all' }],
  ['a wrong id', 400, /instanceIds\[0\]/, { instanceIds: ['..'] }],
  ['no JSON', 400, /not valid JSON/, undefined, { body: '{' }],
  ['a form', 400, /Content-Type/, {}, { headers: { 'content-type': 'text/plain' } }],
  ['base64', 400, /JSON text/, {}, { isBase64Encoded: true }],
  ['a query', 400, /query/, undefined, { rawQueryString: 'dryRun=true' }],
  ['no wait at all', 400, /wait=1 to wait=20/, undefined, { rawQueryString: 'wait=0' }],
  ['too long a wait', 400, /wait=1 to wait=20/, undefined, { rawQueryString: 'wait=21' }],
  ['a fraction', 400, /wait=1 to wait=20/, undefined, { rawQueryString: 'wait=1.5' }],
  ['wait twice', 400, /wait=1 to wait=20/, undefined, { rawQueryString: 'wait=1&wait=2' }],
  ['wait and more', 400, /wait=1 to wait=20/, undefined, { rawQueryString: 'wait=1&dryRun=true' }],
  ['a dry run with wait', 400, /dry run/, { dryRun: true }, { rawQueryString: 'wait=5' }],
  ['too much', 413, /larger/, 'x'.repeat(20_000)],
  ['a foreign id', 403, /not in the configured list/, { instanceIds: instanceIds(1) }],
  ['no authorizer', 401, /not authorised/, undefined, { requestContext: {} }],
  [
    'no authorizer, whatever the body',
    401,
    /not authorised/,
    'x'.repeat(20_000),
    { requestContext: {} },
  ],
  ['a body of another type', 400, /not an HTTP API request/, undefined, { body: 7 }],
])('refuses %s', async (_, status, message, body, rest = {}) => {
  const calls = cloud.ddm.stats().calls;

  const answer = await post(body, rest);

  expect(answer.statusCode).toBe(status);
  expect(answer.body.error.message).toMatch(message);
  expect(cloud.ddm.stats().calls).toBe(calls);
});

test('reads the caller from the subject of a token', async () => {
  const { requestContext } = sample('http');
  const authorizer = { jwt: { claims: { sub: 'pipeline' } } };

  const { body } = await post(
    { dryRun: true },
    { requestContext: { ...requestContext, authorizer } },
  );

  expect(body.caller.principal).toBe('pipeline');
});

test('the worker refuses an event that does not come from SQS', async () => {
  await expect(worker({ Records: [{}] }, context)).rejects.toThrow('not come from an SQS queue');
});

test('answers 503 with a dead token, with the report', async () => {
  cloud.iam.tokens.clear();

  const { body, statusCode } = await post({ instanceIds: ids.slice(0, 2) });

  expect([statusCode, body.failed]).toEqual([503, 2]);
});
