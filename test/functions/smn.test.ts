import { describe, expect, test } from 'vitest';
import { changeQueue } from '../../emulator/cloud.ts';
import type { SmnEnvelope } from '../../emulator/smn.ts';
import { findClosedPort, startRawServer } from '../support/http-server.ts';
import { expectDocumented } from '../support/openapi.ts';
import { type Session, shareCloud, sharePackaged, startPackaged } from '../support/packaged.ts';
import { shareSmn } from '../support/smn.ts';

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
}

const smn = await shareSmn();
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
    const result = await invoke({ ...smn.toEvent(envelope), ...rest });
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const { body, statusCode } = result.response as { body: string; statusCode: number };
    const answer = { statusCode, body: JSON.parse(body) };
    expectDocumented('/notifications/smn', answer);
    return answer;
  };
}

/** The bodies of the messages in the queue. */
function queued(): readonly unknown[] {
  return cloud.sqs.messages(changeQueue).map(({ body }) => JSON.parse(body));
}

describe('POST /notifications/smn', () => {
  test('queues what changed, once, and reads no parameter', async () => {
    const envelope = smn.sign({ message, subject: 'Changed' });

    const { body, statusCode } = await post(envelope);
    const again = await post(envelope);

    expect([statusCode, body.result, body.enqueued]).toEqual([200, 'enqueued', 1]);
    expect(again.body.result).toBe('repeated');
    expect(queued()).toMatchObject([{ dataNodeId, trigger: 'change', runId: body.runId }]);
    expect(lines()[0]?.message).toBe('notification enqueued');
    expect([calls().ssm, calls().ddm]).toEqual([{}, 0]);
  });

  test('row 58: counts a forged message, and does not tell its sender why it is refused', async () => {
    const envelope = smn.sign({ message });

    const { body, statusCode } = await post({
      ...envelope,
      message: message.replace('c6f', 'c7f'),
    });
    const elsewhere = await post({ ...envelope, signing_cert_url: 'https://evil.example/x.pem' });

    expect([statusCode, elsewhere.statusCode]).toEqual([403, 403]);
    expect(body.error).toEqual(elsewhere.body.error);
    expect(lines().filter((line) => line.NotificationsRefused === 1).length).toBe(2);
    expect(queued()).toEqual([]);
  });

  test('row 60: answers 503 while the queue takes nothing, and 200 once it does', async () => {
    const envelope = smn.sign({ message });
    cloud.sqs.fault = () => ({ status: 403, type: 'AccessDenied' });

    const first = await post(envelope);
    cloud.sqs.fault = () => undefined;
    const second = await post(envelope);

    expect([first.statusCode, second.statusCode, queued().length]).toEqual([503, 200, 1]);
    expect(output.join('\n')).toContain('AccessDenied');
    expect(JSON.stringify(first.body)).not.toContain('AccessDenied');
  });

  test('row 60: answers 503 without a queue, and says nothing of the inside', async () => {
    const post = await start({ CHANGE_QUEUE_URL: '' });

    const { body, statusCode } = await post(smn.sign({ message }));

    expect(statusCode).toBe(503);
    expect(JSON.stringify(body)).not.toMatch(/QUEUE_URL|sqs|stack|\.js|ddm-sync/i);
  });

  test('counts the messages that it could not take, which rings an alarm and rolls a deployment back', async () => {
    const signing_cert_url = smn.certificateUrl.replace('0a.pem', '0d.pem');
    smn.fault = (path) => (path.includes('0d.pem') ? { status: 500, body: '' } : undefined);
    const [withoutQueue, withoutSettings] = await Promise.all([
      startPackaged('smn', { cloud, env: { ...topics, CHANGE_QUEUE_URL: '' } }),
      startPackaged('smn', { cloud, env: { ...topics, DDM_ENDPOINT: 'unset' } }),
    ]);
    await postTo(withoutQueue)(smn.sign({ message }));
    await postTo(withoutSettings)(smn.sign({ message }));
    await post(smn.sign({ message, signing_cert_url }));
    cloud.sqs.fault = () => ({ status: 403, type: 'AccessDenied' });
    await post(smn.sign({ message }));
    await post({ ...smn.sign({ message }), message: 'forged' });

    const printed = [...withoutQueue.lines(), ...withoutSettings.lines(), ...lines()];

    const counted = printed.filter((line) => 'FailedRequests' in line);
    expect(counted).toMatchObject(Array(4).fill({ function: 'smn', FailedRequests: 1 }));
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
  });

  test('row 44: never logs the URL that confirms a subscription, confirmed or not', async () => {
    const { invoke, output } = await startPackaged('smn', {
      cloud,
      env: { ...topics, SMN_CONFIRM: 'on' },
    });
    const confirming = postTo({ invoke });
    const type = 'SubscriptionConfirmation';
    const at = (url: string) => smn.sign({ type, subscribe_url: `${url}?token=canary` });

    const answers = [await post(at(`${smn.endpoint}/smn/subscription/confirm`))];
    for (const url of [
      `${smn.endpoint}/smn/subscription/confirm`,
      `${smn.endpoint}/smn/unknown`,
      `http://127.0.0.1:${await findClosedPort()}/smn`,
      'https://canary:canary@evil.example/smn',
    ]) {
      answers.push(await confirming(at(url)));
    }
    smn.fault = () => ({ status: 200, body: 'Log in at https://console.example?token=canary' });
    answers.push(await confirming(at(`${smn.endpoint}/smn/subscription/confirm`)));

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 503, 503, 403, 503]);
    expect(output.length).toBe(8); // a metric for each 503
    expect(JSON.stringify([lines(), output, answers])).not.toContain('canary');
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
