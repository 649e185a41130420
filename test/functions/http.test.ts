import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { syncQueue } from '../../emulator/cloud.ts';
import { instanceIds } from '../support/instances.ts';
import { expectDocumented } from '../support/openapi.ts';
import {
  type Session,
  sample,
  shareCloud,
  sharePackaged,
  startPackaged,
} from '../support/packaged.ts';

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
  readonly body: any;
}

function eventWith(body: unknown, rest: Readonly<Record<string, unknown>> = {}) {
  return {
    ...sample('http'),
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    ...rest,
  };
}

async function send({ invoke }: Pick<Session, 'invoke'>, event: unknown): Promise<Answer> {
  const result = await invoke(event);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  const { body, ...answer } = result.response as Answer;
  const parsed = { ...answer, body: JSON.parse(body) };
  expectDocumented('/sync', parsed);
  return parsed;
}

function post(session: Pick<Session, 'invoke'>, body?: unknown) {
  return send(session, eventWith(body));
}

describe('POST /sync', async () => {
  const session = await sharePackaged('http', { instances: 30 });
  const { calls, cloud, lines } = session;
  const ids = cloud.ddm.instanceIds;

  test('syncs the whole fleet without a body and answers 200 with every result', async () => {
    const { body, headers, statusCode } = await post(session);

    expect(statusCode).toBe(200);
    expect(body).toMatchObject({ trigger: 'http', total: 30, accepted: 30, failed: 0 });
    expect(body.results.length).toBe(30);
    expect(body.results[0]).toMatchObject({ status: 'accepted', jobId: expect.any(String) });
    expect(headers['X-Run-Id']).toBe(body.runId);
    expect(headers['Content-Type']).toBe('application/json');
  });

  test('syncs only the instances that it names, each once', async () => {
    const { body, statusCode } = await post(session, { instanceIds: [ids[0], ids[1], ids[0]] });

    expect([statusCode, body.total]).toEqual([200, 2]);
    expect(calls().accepted).toBe(2);
  });

  test('puts the caller into the run report', async () => {
    const { body } = await post(session);

    const caller = {
      principal: 'arn:aws:sts::123456789012:assumed-role/database-platform/on-call',
      sourceIp: '203.0.113.7',
      requestId: 'JKJaXmPLvHcESHA=',
    };
    const line = lines().find(({ message }) => message === 'sync run finished');
    expect(line).toMatchObject({ runId: body.runId, caller });
  });

  test('reads the caller from the subject of a JWT', async () => {
    const event = eventWith(undefined);
    const claims = { iss: 'https://login.example', sub: 'pipeline-7' };
    event.requestContext.authorizer = { jwt: { claims, scopes: null } };

    const { body, statusCode } = await send(session, event);

    expect(statusCode).toBe(200);
    expect(body.caller.principal).toBe('https://login.example#pipeline-7');
  });

  test('row 54: one id that is not in the list refuses the whole request', async () => {
    const foreign = fc.integer({ min: 0, max: 1_000_000 }).map((n) => instanceIds(1, n)[0] ?? '');

    await fc.assert(
      fc.asyncProperty(fc.subarray([...ids]), foreign, fc.nat(5), async (some, other, at) => {
        const { body, statusCode } = await post(session, {
          instanceIds: some.toSpliced(at, 0, other),
        });

        expect([statusCode, body.error.code]).toEqual([403, 'NOT_ALLOWED']);
        expect(body.error.instanceIds).toEqual([other]);
      }),
      { numRuns: 50 },
    );
    expect([calls().ddm, calls().sqs]).toEqual([0, {}]);
  });

  test('answers 503 with a dead token', async () => {
    cloud.iam.tokens.clear();

    expect((await post(session)).statusCode).toBe(503);
  });

  test('answers 503 with an unreadable store, an empty list or a wrong configuration', async () => {
    const env = { DDM_PROJECT_ID: '..' };
    const [cold, wrong] = [
      await startPackaged('http', { cloud }),
      await startPackaged('http', { cloud, env }),
    ];
    cloud.ssm.fault = () => ({ status: 400, type: 'AccessDeniedException' });
    const answers = [await post(cold), await post(wrong)];
    cloud.ssm.fault = () => undefined;
    cloud.ssm.put({ name: `${cloud.parameterPrefix}/instances`, type: 'String', value: '[]' });
    answers.push(await post(cold));

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 503, 503]);
    expect(JSON.stringify(answers)).not.toMatch(
      /\/ddm-sync\/|DDM_PROJECT_ID|AccessDenied|\bat .*\.js|stack/,
    );
    expect(JSON.stringify(cold.lines())).toContain('AccessDeniedException');
  });

  test('answers before the HTTP API times out, and queues the rest', async () => {
    const env = { SYNC_RATE_PER_SECOND: '5' };
    const slow = await startPackaged('http', { cloud, env, timeoutMs: 4_000 });

    const { body, statusCode } = await post(slow); // the emulator ends it after its timeout

    expect(statusCode).toBe(202);
    expect(body.accepted).toBeGreaterThan(0);
    expect(body.accepted + body.queued).toBe(30);
  });

  test('row 56: answers for 100,000 instances by one message, without reading the list again', async () => {
    const large = await startPackaged('http', { instances: 100_000 });
    await post(large, { dryRun: true }); // reads the list, as a warm environment has

    const { ssm } = large.calls();

    const { body, statusCode } = await post(large);

    expect(statusCode).toBe(202);
    expect(large.calls().ssm).toEqual(ssm);
    expect(body).toMatchObject({ total: 100_000, queued: 100_000, results: [] });
    const messages = large.cloud.sqs.messages(syncQueue);
    expect(messages.map((message) => JSON.parse(message.body))).toEqual([
      { fleet: true, trigger: 'http', runId: body.runId },
    ]);
  });
});

describe('POST /sync beyond the inline limit', async () => {
  const session = await sharePackaged('http', { instances: 600, env: { SYNC_INLINE_MAX: '3' } });
  const { calls, cloud } = session;

  test('answers 202 when some are queued and none failed', async () => {
    const ids = cloud.ddm.instanceIds.slice(0, 8);

    const { body, statusCode } = await post(session, { instanceIds: ids });

    expect(statusCode).toBe(202);
    expect(body).toMatchObject({ total: 8, accepted: 3, queued: 5 });
    const bodies = cloud.sqs.messages(syncQueue).map((message) => JSON.parse(message.body));
    expect(bodies).toEqual(
      ids.slice(3).map((instanceId) => ({
        ...{ instanceId, trigger: 'http', runId: body.runId },
        askedAt: expect.any(Number),
      })),
    );
  });

  test('makes a dry run that calls and queues nothing', async () => {
    const { body, statusCode } = await post(session, { dryRun: true });

    expect(statusCode).toBe(200);
    expect(body).toMatchObject({ total: 600, skipped: 600 });
    expect([calls().ddm, calls().sqs]).toEqual([0, {}]);
  });

  test('answers 502 when the queue takes no message for a large fleet', async () => {
    cloud.sqs.fault = () => ({ status: 403, type: 'AccessDeniedException' });

    const { body, statusCode } = await post(session);

    expect(statusCode).toBe(502);
    expect(body.errCodes).toEqual({ QUEUE_REFUSED: 600 });
  });
});

describe('POST /sync over instances that fail', async () => {
  const session = await sharePackaged('http', { instances: 40, failShare: 0.1 });
  const { cloud, output } = session;

  test('answers 207 when some failed, the failed ones first, and 502 when all did', async () => {
    const mixed = await post(session);
    const failed = mixed.body.results.slice(0, 4);
    const ids = failed.map(({ instanceId }: { instanceId: string }) => instanceId);
    const dark = await post(session, { instanceIds: ids });

    expect(mixed.statusCode).toBe(207);
    expect(mixed.body).toMatchObject({ accepted: 36, failed: 4 });
    expect(failed.map(({ status }: { status: string }) => status)).toEqual(Array(4).fill('failed'));
    expect(mixed.body.results[0]).toMatchObject({
      errCode: expect.any(String),
      advice: expect.any(String),
    });
    expect([dark.statusCode, dark.body.failed]).toEqual([502, 4]);
  });

  test('row 44: no token in any answer or log line, whatever goes wrong', async () => {
    const canary = [...cloud.iam.tokens][0] ?? '';
    const answers: unknown[] = [await post(session), await post(session, 'nonsense')];
    cloud.iam.tokens.clear();
    answers.push(await post(session));

    const printed = output.join('\n') + JSON.stringify(answers);

    expect(canary.length).toBe(5_128);
    expect(printed.length).toBeGreaterThan(5_000);
    for (let from = 0; from + 24 <= canary.length; from += 24) {
      expect(printed.includes(canary.slice(from, from + 24))).toBe(false);
    }
  });
});

test('row 44: no event in the log, whatever the variables of Powertools say', async () => {
  const { invoke, output } = await startPackaged('http', {
    instances: 3,
    env: {
      POWERTOOLS_LOGGER_LOG_EVENT: 'true',
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
      POWERTOOLS_DEV: 'true',
    },
  });
  const headers = {
    ...sample('http').headers,
    authorization: 'Bearer canary-bearer',
    'x-amz-security-token': 'canary-session',
  };

  const { statusCode } = await send({ invoke }, eventWith('{}', { headers }));

  expect(statusCode).toBe(200);
  expect(output.join('\n')).toContain('sync run finished');
  expect(output.join('\n')).not.toContain('canary');
});

/** How many requests of this function were counted as failed. */
function countFailed({ lines }: Pick<Session, 'lines'>): number {
  const counted = lines().filter((line) => 'FailedRequests' in line);
  for (const line of counted) {
    expect(line).toMatchObject({
      function: 'http',
      FailedRequests: 1,
      _aws: {
        CloudWatchMetrics: [{ Namespace: 'ddm-sync', Dimensions: [['service', 'function']] }],
      },
    });
  }
  return counted.length;
}

describe('the metric of failed requests, which rings an alarm and rolls a deployment back', async () => {
  const cloud = await shareCloud({ instances: 20, failShare: 0.1 });
  const start = (env = {}) => startPackaged('http', { cloud, env });

  test.each<[string, Record<string, string>, () => void]>([
    ['missing settings', { DDM_ENDPOINT: '', DDM_PROJECT_ID: '' }, () => {}],
    [
      'a parameter store that refuses',
      {},
      () => {
        cloud.ssm.fault = () => ({ status: 400, type: 'AccessDeniedException' });
      },
    ],
    [
      'an empty list',
      {},
      () =>
        cloud.ssm.put({ name: `${cloud.parameterPrefix}/instances`, type: 'String', value: '[]' }),
    ],
    ['a dead token', {}, () => cloud.iam.tokens.clear()],
    [
      'a queue that refuses a fleet',
      { SYNC_INLINE_MAX: '1' },
      () => {
        cloud.sqs.fault = () => ({ status: 403, type: 'AccessDeniedException' });
      },
    ],
  ])('counts every request with %s', async (_, env, plant) => {
    plant();
    const session = await start(env);

    const answers = [await post(session), await post(session)];

    expect(answers.map(({ statusCode }) => statusCode >= 500)).toEqual([true, true]);
    expect(countFailed(session)).toBe(2);
  });

  test('counts neither what the caller did wrong nor instances that DDM refuses', async () => {
    const session = await start();
    const mixed = await post(session);
    const { instanceId } = mixed.body.results[0];

    const refused = await post(session, 'nonsense');
    const foreign = await post(session, { instanceIds: instanceIds(1, 9) });
    const failed = await post(session, { instanceIds: [instanceId] });

    const statuses = [mixed, refused, foreign, failed].map(({ statusCode }) => statusCode);
    expect(statuses).toEqual([207, 400, 403, 502]);
    expect(countFailed(session)).toBe(0);
  });
});

// Nothing of these requests reaches anything: one process and one cloud for all of them.
const refusing = await sharePackaged('http', { cloud: await shareCloud({ instances: 3 }) });

describe('row 53: a request without authorisation', () => {
  test.each([
    ['no authorizer', (event: Event) => delete event.requestContext.authorizer],
    ['an empty one', (event: Event) => (event.requestContext.authorizer = {})],
    [
      'an empty principal',
      (event: Event) => (event.requestContext.authorizer = { iam: { userArn: '' } }),
    ],
    [
      'a forged principal',
      (event: Event) => (event.requestContext.authorizer = { iam: { userArn: 'me' } }),
    ],
    [
      'a token without subject',
      (event: Event) => (event.requestContext.authorizer = { jwt: { claims: {} } }),
    ],
    [
      'a Lambda authorizer',
      (event: Event) => (event.requestContext.authorizer = { lambda: { a: 1 } }),
    ],
    ['another route', (event: Event) => (event.routeKey = '$default')],
    ['no context at all', (event: Event) => delete event.requestContext],
  ])('is refused with 401 and reaches nothing: %s', async (_, change) => {
    const event = eventWith({ dryRun: false });
    change(event);

    const { body, statusCode } = await send(refusing, event);

    expect([statusCode, body.error.code]).toEqual([401, 'UNAUTHORIZED']);
    const { ddm, sqs, ssm } = refusing.calls();
    expect({ ddm, sqs, ssm }).toEqual({ ddm: 0, sqs: {}, ssm: {} });
  });
});

// biome-ignore lint/suspicious/noExplicitAny: the tests take it apart
type Event = any;

describe('row 55: a body that is not what it should be', () => {
  const base64 = Buffer.from('{"dryRun":true}').toString('base64');
  const deep = '['.repeat(8_000) + ']'.repeat(8_000);
  const form = { ...sample('http').headers, 'content-type': 'application/x-www-form-urlencoded' };
  const [id = ''] = instanceIds(1);

  test.each<[string, number, RegExp, string, Record<string, unknown>?]>([
    // Refused before it is parsed: it is no JSON either.
    ['10 MB', 413, /larger than 16384 bytes/, `{"a":"${'x'.repeat(10_000_000)}`],
    ['16 KiB and a byte', 413, /larger/, `"${'x'.repeat(16_383)}"`],
    ['16 KiB in other letters', 413, /larger/, `"${'ä'.repeat(8_192)}"`],
    ['base64', 400, /send it as JSON text/, base64, { isBase64Encoded: true }],
    ['another content type', 400, /application\/json/, 'dryRun=true', { headers: form }],
    ['no content type', 400, /application\/json/, '{}', { headers: {} }],
    ['no JSON', 400, /not valid JSON/, '{"dryRun": tru'],
    ['deep JSON', 400, /not valid JSON|JSON object/, deep],
    [
      'deep JSON in a field',
      400,
      /instanceIds|not valid JSON/,
      `{"instanceIds":${deep.slice(1_000, -1_000)}}`,
    ],
    ['an array', 400, /must be a JSON object/, `["${id}"]`],
    ['null', 400, /must be a JSON object/, 'null'],
    ['an empty text', 400, /must be a JSON object/, '""'],
    ['a number', 400, /must be a JSON object/, '7'],
    ['an unknown field', 400, /"dryrun" is not a known field/, '{"dryrun":true}'],
    ['a prototype', 400, /not valid JSON/, '{"__proto__":{"dryRun":true}}'],
    ['dryRun as text', 400, /dryRun must be true or false/, '{"dryRun":"true"}'],
    ['ids as text', 400, /instanceIds must be a list/, `{"instanceIds":"${id}"}`],
    ['no ids', 400, /1 to 1000 ids/, '{"instanceIds":[]}'],
    ['a path for an id', 400, /instanceIds\[1\] is not/, `{"instanceIds":["${id}","../../x"]}`],
    ['a number for an id', 400, /instanceIds\[0\] is not/, '{"instanceIds":[7]}'],
    ['query parameters', 400, /query parameter/, '', { rawQueryString: 'dryRun=true' }],
  ])('is refused, and nothing is asked of AWS: %s', async (_, status, message, body, rest = {}) => {
    const event = eventWith(body, rest);

    const answer = await send(refusing, event);

    expect(answer.statusCode).toBe(status);
    expect(answer.body.error.message).toMatch(message);
    expect(answer.headers['X-Run-Id']).toBe(answer.body.runId);
    const { ddm, sqs, ssm } = refusing.calls();
    expect({ ddm, sqs, ssm }).toEqual({ ddm: 0, sqs: {}, ssm: {} });
  });
});
