import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { changeQueue } from '../../emulator/cloud.ts';
import { type SmnEnvelope, startSmn } from '../../emulator/smn.ts';
import { startRawServer, startServer } from '../support/http-server.ts';
import { type Session, shareCloud, sharePackaged, startPackaged } from '../support/packaged.ts';
import { toTimestamp } from '../support/smn.ts';

const dataNodeId = 'c6f68fed9e74478c8679479a07d7d568in01';
const trace = {
  service_type: 'RDS',
  trace_name: 'changeInstancePort',
  trace_rating: 'normal',
  resource_id: dataNodeId,
};
const message = JSON.stringify(trace);

interface Answer {
  readonly statusCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
  readonly body: any;
  readonly elapsedMs: number;
}

const smn = await startSmn();
afterAll(() => smn.close());
beforeEach(() => {
  smn.requests.length = 0;
  smn.fault = () => undefined;
});

const topics = { SMN_TOPIC_URNS: `urn:smn:eu-nl:x:other, ${smn.topicUrn}` };
// With no parameter in the store: the function needs none. The queue forgets duplicates at once, as the
// tests change the same data node.
const cloud = await shareCloud({ instances: 0, auth: 'nothing', queueSpeed: 1_000_000 });
const { calls, lines, output, ...warm } = await sharePackaged('smn', { cloud, env: topics });
const post = postTo(warm);

/** A process of its own with other settings, and how to post to it. */
async function start(env: Readonly<Record<string, string>> = {}) {
  return postTo(await startPackaged('smn', { cloud, env: { ...topics, ...env } }));
}

/** Status and body of the answer to a message. */
function postTo({ invoke }: Pick<Session, 'invoke'>) {
  return async (envelope: SmnEnvelope, rest: object = {}): Promise<Answer> => {
    const startedAt = performance.now();
    const result = await invoke({ ...smn.toEvent(envelope), ...rest });
    const elapsedMs = performance.now() - startedAt;
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const { body, statusCode } = result.response as { body: string; statusCode: number };
    return { statusCode, body: JSON.parse(body), elapsedMs };
  };
}

/** The bodies of the messages in the queue. */
function queued(): readonly unknown[] {
  return cloud.sqs.messages(changeQueue).map(({ body }) => JSON.parse(body));
}

describe('POST /notifications/smn', () => {
  test('queues what changed, and reads no parameter', async () => {
    const { body, statusCode } = await post(smn.sign({ message, subject: 'Changed' }));

    expect([statusCode, body.result, body.enqueued]).toEqual([200, 'enqueued', 1]);
    expect(queued()).toEqual([
      { dataNodeId, changedAt: expect.any(Number), trigger: 'change', runId: body.runId },
    ]);
    expect(lines().map((line) => line.message)).toEqual(['notification enqueued']);
    expect([calls().ssm, calls().ddm]).toEqual([{}, 0]);
  });

  test('takes a body in base64, and one without headers', async () => {
    const other = message.replaceAll(dataNodeId, dataNodeId.replace(/^./, 'f'));
    const [first, second] = [smn.sign({ message }), smn.sign({ message: other })];
    const body = Buffer.from(JSON.stringify(first)).toString('base64');

    const answers = [
      await post(first, { body, isBase64Encoded: true }),
      await post(second, { headers: undefined }),
    ];

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(queued().length).toBe(2);
  });

  test('ignores what is irrelevant, unclear or unsubscribed, with a line each', async () => {
    const answers = [
      await post(smn.sign({ message: JSON.stringify({ ...trace, trace_rating: 'warning' }) })),
      await post(smn.sign({ message: 'Good morning' })),
      await post(smn.sign({ type: 'UnsubscribeConfirmation' })),
      await post(smn.sign({ type: 'SubscriptionConfirmation' })),
    ];

    expect(answers.map(({ body, statusCode }) => `${statusCode} ${body.result}`)).toEqual([
      '200 irrelevant',
      '200 unclear',
      '200 unsubscribed',
      '200 unconfirmed',
    ]);
    expect(lines().map(({ level }) => level)).toEqual(['INFO', 'WARN', 'WARN', 'WARN']);
    expect(queued()).toEqual([]);
    expect(smn.requests.filter((path) => path.includes('confirm'))).toEqual([]);
  });

  test('confirms a subscription where it may, and answers 503 until it is confirmed', async () => {
    const post = await start({ SMN_CONFIRM: 'on' });
    const envelope = smn.sign({ type: 'SubscriptionConfirmation' });
    smn.fault = (path) => (path.includes('confirm') ? { status: 500 } : undefined);

    const first = await post(envelope);
    smn.fault = () => undefined;
    const second = await post(envelope);

    expect([first.statusCode, second.statusCode, second.body.result]).toEqual([
      503,
      200,
      'confirmed',
    ]);
  });

  test('answers 413 and 400, and 403 for everything without an allow-list', async () => {
    const postToClosed = await start({ SMN_TOPIC_URNS: '' });
    const envelope = smn.sign({ message });

    const answers = [
      await post(envelope, { body: `${JSON.stringify(envelope)}${' '.repeat(262_144)}` }),
      await post(envelope, { body: JSON.stringify(envelope).slice(1) }),
      await post(envelope, { body: undefined }),
      await postToClosed(envelope),
    ];

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([413, 400, 400, 403]);
    expect([queued().length, smn.requests]).toEqual([0, []]);
    expect(lines().filter((line) => 'NotificationsRefused' in line)).toEqual([]); // noise that any sender can make
  });

  test('row 57: asks no other server than that of the certificates, and tells the sender nothing', async () => {
    let hits = 0;
    const evil = await startServer((_, response) => {
      hits += 1;
      response.end('-----BEGIN CERTIFICATE-----');
    });
    const env = { ...topics, SMN_CONFIRM: 'on' };
    const { lines, ...session } = await startPackaged('smn', { cloud, env });
    const post = postTo(session);
    const file = new URL(smn.certificateUrl).pathname;
    const urls = [
      `http://localhost:${evil.port}${file}`,
      `http://127.1:${evil.port}${file}`,
      `http://2130706433:${evil.port}${file}`,
      `http://[::1]:${evil.port}${file}`,
      `http://127.0.0.1@127.0.0.1:${evil.port}${file}`,
      `http://127.0.0.1:${evil.port}/x${file}`,
      `http://127.0.0.1:${evil.port}//${file}`,
      `http://127.0.0.1:${evil.port}${file}?x`,
      `http://127.0.0.1:${evil.port}${file.replace('eu-de', 'eu-nl')}`,
      `http://127.0.0.1:${evil.port}/bucket/smn.eu-de.otc.t-systems.com${file}`,
      `https://127.0.0.1:${evil.port}${file}`,
      `https://smn.eu-de.otc.t-systems.com@127.0.0.1:${evil.port}${file}`,
    ];

    const answers = [];
    for (const signing_cert_url of urls) {
      answers.push(await post(smn.sign({ message, signing_cert_url })));
    }
    smn.fault = () => ({ status: 302, headers: { Location: `${evil.url}${file}` } });
    answers.push(await post(smn.sign({ message })));

    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(13).fill(403));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body.error))).size).toBe(1);
    expect([hits, queued().length]).toEqual([0, 0]);
    expect(lines().at(-1)).toMatchObject({ reason: expect.stringContaining('answered 302') });
  });

  test('row 58: refuses a message that is not as it was signed, and counts it', async () => {
    const envelope = smn.sign({ message, subject: 'Changed' });
    const changes: Readonly<Record<string, string>> = {
      message: message.replace('c6f', 'c7f'),
      message_id: 'f'.repeat(32),
      subject: 'Changes',
      timestamp: toTimestamp(Date.now() - 120_000),
      type: 'UnsubscribeConfirmation',
      signature: smn.sign({ message }).signature,
    };

    const statuses = [];
    for (const [field, value] of Object.entries(changes)) {
      statuses.push(
        (
          await post(envelope, {
            headers: {},
            body: JSON.stringify({ ...envelope, [field]: value }),
          })
        ).statusCode,
      );
    }

    expect(statuses).toEqual([403, 403, 403, 403, 403, 403]);
    expect(lines().filter((line) => line.NotificationsRefused === 1).length).toBe(6);
    expect(queued()).toEqual([]);
  });

  test('row 59: queues nothing more for a replay, and takes what comes first 20 minutes late', async () => {
    const minutesAgo = (minutes: number): SmnEnvelope =>
      smn.sign({ message, timestamp: toTimestamp(Date.now() - minutes * 60_000) });
    const late = minutesAgo(20);

    const answers = [
      await post(late),
      await post(late),
      await post(minutesAgo(61)),
      await post(minutesAgo(120)),
    ];

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 403, 403]);
    expect(queued().length).toBe(1);
  });

  test('row 60: answers 503 while the queue takes nothing, and 200 once it does', async () => {
    const envelope = smn.sign({ message });

    const statuses = [];
    for (const [status, type] of [
      [503, 'ServiceUnavailable'],
      [403, 'AccessDenied'],
      [400, 'QueueDoesNotExist'],
    ] as const) {
      cloud.sqs.fault = () => ({ status, type });
      statuses.push((await post(envelope)).statusCode);
    }
    cloud.sqs.fault = () => undefined;
    cloud.sqs.entryFault = () => ({ senderFault: true });
    statuses.push((await post(envelope)).statusCode);
    cloud.sqs.entryFault = () => undefined;
    const before = queued().length;
    const last = await post(envelope);

    expect(statuses).toEqual([503, 503, 503, 503]);
    expect([before, last.statusCode, queued().length]).toEqual([0, 200, 1]);
    expect(output.join('\n')).toContain('AccessDenied');
    expect(JSON.stringify(last.body)).not.toContain('AccessDenied');
  });

  test('row 60: answers 503 without a queue, and says nothing of the inside', async () => {
    const post = await start({ CHANGE_QUEUE_URL: '' });

    const { body, statusCode } = await post(smn.sign({ message }));

    expect(statusCode).toBe(503);
    expect(JSON.stringify(body)).not.toMatch(/QUEUE_URL|sqs|stack|\.js|ddm-sync/i);
  });

  test('row 61: answers 503 within 4 s, a cold start included, whatever hangs', async () => {
    const silent = await startRawServer(() => {});
    const queueUrl = `${silent.url}/000000000000/ddm-sync-local-changes.fifo`;
    const slow = { status: 200, body: smn.certificate, delayMs: 10_000 };
    const [queue, confirmation] = await Promise.all([
      start({ AWS_ENDPOINT_URL_SQS: silent.url, CHANGE_QUEUE_URL: queueUrl }),
      start({ SMN_CONFIRM: 'on' }),
    ]);
    for (const warmUp of [queue, confirmation]) await warmUp(smn.sign(), { body: '' });
    const certificate = await start();
    const signing_cert_url = smn.certificateUrl.replace('0a.pem', '0c.pem');
    smn.fault = (path) => (/confirm|0c\.pem/.test(path) ? slow : undefined);

    const answers = await Promise.all([
      certificate(smn.sign({ message, signing_cert_url })),
      queue(smn.sign({ message })),
      confirmation(smn.sign({ type: 'SubscriptionConfirmation' })),
    ]);

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 503, 503]);
    for (const { elapsedMs } of answers) expect(elapsedMs).toBeLessThan(4_000);
  });

  test('row 46: writes whole lines of JSON, and no more than 256 characters of a message', async () => {
    const forged = '\u001b[31mred\r\n{"level":"ERROR","message":"forged"}\u2028\u0085';
    const long = `${forged}${'word '.repeat(2_000)}`;

    await post(smn.sign({ message: long, subject: forged.repeat(10) }));
    await post(smn.sign({ message: `${dataNodeId} ${long}`, subject: forged }));
    await post({ ...smn.sign({ message: long }), topic_urn: `urn:smn:eu-de:x:${'y'.repeat(200)}` });
    await post({ ...smn.sign({ message }), signing_cert_url: long });

    const printed = output.join('\n');
    expect(output.filter((line) => !line.includes('_aws')).length).toBe(4);
    for (const line of output) expect(JSON.parse(line).message).not.toBe('forged');
    expect(printed).not.toContain('\u001b');
    expect(printed).not.toMatch(/[\u2028\u0085]/);
    expect(printed).not.toContain('word '.repeat(60));
    expect(printed.match(/word /g)?.length).toBeLessThan(52);
    expect(queued().length).toBe(1);
  });
});
