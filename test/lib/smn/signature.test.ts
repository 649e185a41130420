import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SmnEnvelope, type SmnServer, startSmn } from '../../../emulator/smn.ts';
import { parseNotification } from '../../../lib/changes/notification.ts';
import { cloudDomains } from '../../../lib/hosts.ts';
import type { HttpClient } from '../../../lib/huawei/http.ts';
import { parseEnvelope } from '../../../lib/smn/message.ts';
import { createFakeHttp } from '../../fakes/http.ts';
import { createCertificate } from '../../support/certificates.ts';
import { findClosedPort, startTrap } from '../../support/http-server.ts';
import { sample } from '../../support/packaged.ts';
import { createReceiver, shareSmn, startTestSmn, statusOf } from '../../support/smn.ts';
import {
  huaweiCertificate,
  huaweiFingerprint,
  sampleCertificate,
} from '../../support/smn-certificates.ts';

const smn = await shareSmn();

describe('a message of SMN', () => {
  test.each([
    ['Notification', 'notification'],
    ['SubscriptionConfirmation', 'subscription'],
    ['UnsubscribeConfirmation', 'unsubscription'],
    ['HttpSubscriptionUserConfirm', 'subscription'],
    ['HttpSubscriptionUserUnsubscribe', 'unsubscription'],
  ])('is accepted: %s', async (type, kind) => {
    const { sign, verify } = createReceiver(smn);
    const envelope = sign({ type });

    const message = await verify(envelope, type);

    expect(message).toMatchObject({ kind, messageId: envelope.message_id, isRepeated: false });
    expect(message.certificateSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each(['Changed', '', '日本語 with\nlines\r\n\u001b[31m'])(
    'is accepted with the subject %j',
    async (subject) => {
      const { sign, verify } = createReceiver(smn);

      const message = await verify(sign({ subject }));

      expect(message.kind).toBe('notification');
    },
  );

  test('is accepted whatever the case of its topic', async () => {
    const { sign, verify } = createReceiver(smn);
    const topic_urn = smn.topicUrn.toUpperCase().replace('URN:SMN', 'urn:smn');

    const message = await verify(sign({ topic_urn }));

    expect(message.region).toBe('eu-de');
  });

  // https://docs.otc.t-systems.com/simple-message-notification/umn/appendix/http_https_messages/message_signature_verification.html
  test('has the signed text of the documentation', () => {
    const message = parseEnvelope(
      JSON.stringify({
        type: 'Notification',
        topic_urn: 'urn:smn:regionId:74dc9e44d0cc4573adfce91cdfdd3ba9:xxxx',
        message_id: '88c726942175432bac921eafd0036163',
        message: 'My test message',
        subject: 'demo',
        timestamp: '2016-08-15T07:29:16Z',
        signature: 'x',
        signature_version: 'v1',
        signing_cert_url: 'x',
      }),
    );

    expect(message?.signedText).toBe(
      'message\nMy test message\nmessage_id\n88c726942175432bac921eafd0036163\nsubject\ndemo\n' +
        'timestamp\n2016-08-15T07:29:16Z\n' +
        'topic_urn\nurn:smn:regionId:74dc9e44d0cc4573adfce91cdfdd3ba9:xxxx\ntype\nNotification\n',
    );
  });

  test('looks like the sample of events/', async () => {
    const event = sample('smn');
    const topicUrns = [event.headers['x-smn-topic-urn']];
    const http = createFakeHttp(() => ({ status: 200, body: sampleCertificate }));
    const { verify } = createReceiver(smn, { topicUrns, http });

    const { message } = await verify(event.body, event.headers['x-smn-message-type']);

    expect(parseNotification(message)).toEqual([
      { dataNodeId: 'c6f68fed9e74478c8679479a07d7d568in01', name: 'changeInstancePort' },
    ]);
  });

  test('passes the checks in a fixed order, and is refused by the first that fails', async () => {
    const { refusal, sign } = createReceiver(smn);
    const good = sign();
    const old = sign({}, -7_200_000);
    const late = { ...old, signature_version: 'v2' };
    const forged = { ...late, signature: good.signature };
    const elsewhere = { ...forged, signing_cert_url: 'https://evil.example/smn.pem' };
    const foreign = { ...elsewhere, topic_urn: 'urn:smn:eu-de:other:topic' };

    const refusals = [
      await refusal(`${JSON.stringify(foreign)}${' '.repeat(262_144)}`, 'Other'),
      await refusal(`{"a":`, 'Other'),
      await refusal(foreign, 'SubscriptionConfirmation'),
      await refusal(foreign, 'Notification'),
      await refusal(elsewhere),
      await refusal(forged),
      await refusal(late),
      await refusal(old),
    ];

    expect(refusals.map(({ reason, statusCode }) => `${statusCode} ${reason}`)).toEqual([
      expect.stringMatching(/^413 .*256 KB/),
      expect.stringMatching(/^400 .*not an SMN message/),
      expect.stringMatching(/^403 .*X-SMN-MESSAGE-TYPE/),
      expect.stringMatching(/^403 .*SMN_TOPIC_URNS/),
      expect.stringMatching(/^403 .*not belong to SMN/),
      expect.stringMatching(/^403 .*signature does not match/),
      expect.stringMatching(/^403 .*not v1/),
      expect.stringMatching(/^403 .*older than 60 minutes/),
    ]);
  });

  test('may be as large as 256 KB and not larger', async () => {
    const { refusal, sign, verify } = createReceiver(smn);
    const envelope = sign({ message: 'ä'.repeat(130_000) });
    const body = JSON.stringify(envelope);
    const size = 262_144 - Buffer.byteLength(body);

    const { message } = await verify(body + ' '.repeat(size));
    const { statusCode } = await refusal(body + ' '.repeat(size + 1));

    expect(message.length).toBe(130_000);
    expect(statusCode).toBe(413);
  });

  test.each([
    'null',
    '7',
    '""',
    '[]',
    '{}',
    '{"type":"Notification"}',
    '{"type":["Notification"]}',
    '',
    'x=1',
  ])('is answered 400 when it is not one: %s', async (body) => {
    const { refusal } = createReceiver(smn);

    const { statusCode } = await refusal(body);

    expect(statusCode).toBe(400);
  });

  test('is answered, whatever the body is', async () => {
    const { refusal, sign } = createReceiver(smn);
    const envelope = sign();
    const field = fc.constantFrom(...Object.keys(envelope));

    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (body) => {
        expect((await refusal(body)).statusCode).toBe(400);
      }),
      { numRuns: 500 },
    );
    await fc.assert(
      fc.asyncProperty(field, fc.jsonValue(), async (name, value) => {
        fc.pre(envelope[name] !== value);
        const { statusCode } = await refusal(JSON.stringify({ ...envelope, [name]: value }));
        expect([400, 403]).toContain(statusCode);
      }),
      { numRuns: 500 },
    );
  });

  test('is refused without an allow-list, and from a topic that is not in it', async () => {
    const none = createReceiver(smn, { topicUrns: [] });
    const other = createReceiver(smn, { topicUrns: [`${smn.topicUrn}-other`] });

    const refusals = [await none.refusal(none.sign()), await other.refusal(other.sign())];

    expect(refusals.map(({ statusCode }) => statusCode)).toEqual([403, 403]);
    expect(smn.requests).toEqual([]);
  });
});

const hex = '94f60ccdfbee4588aa4d555935a56ba3';
const host = 'smn.eu-de.otc.t-systems.com';
const file = `/smn/SMN_eu-de_${hex}.pem`;

describe('row 57: a certificate that is not where SMN has its own', () => {
  const production = (http = createFakeHttp(), env: Readonly<Record<string, string>> = {}) => {
    const receiver = createReceiver(smn, { http, env });
    const refusal = (signing_cert_url: string) =>
      receiver.refusal(receiver.sign({ signing_cert_url }));
    return { http, refusal };
  };

  test.each([
    `http://${host}${file}`,
    `HTTPS://${host}${file}`,
    `ftp://${host}${file}`,
    `file://${file}`,
    `data:application/x-pem-file,${hex}`,
    `//${host}${file}`,
    `${host}${file}`,
    ` https://${host}${file}`,
    `https://${host}${file} `,
    `https://${host}${file}\n`,
    `https:\\\\${host}${file}`,
    `https:///${host}${file}`,
    `https://${host}:443${file}`,
    `https://${host}:8443${file}`,
    `https://user@${host}${file}`,
    `https://user:pass@${host}${file}`,
    `https://${host}@evil.example${file}`,
    `https://${host}%40evil.example${file}`,
    `https://${host}.${file}`,
    `https://${host}.evil.example${file}`,
    `https://evil.example/${host}${file}`,
    `https://evil.example?${host}${file}`,
    `https://evil.example#${host}${file}`,
    `https://evil.example\\${host}${file}`,
    `https://SMN.eu-de.otc.t-systems.com${file}`,
    `https://xsmn.eu-de.otc.t-systems.com${file}`,
    `https://smn-eu-de.otc.t-systems.com${file}`,
    `https://smn.eu-de.otc.t-systems.co${file}`,
    `https://smn.eu-de.otc.t-system.com${file}`,
    `https://smn.eu-de.otc-t-systems.com${file}`,
    `https://smn.eu-de.оtc.t-systems.com${file}`, // Cyrillic о
    `https://smn.eu-de.xn--tc-emc.t-systems.com${file}`,
    `https://smn.eu-nl.otc.t-systems.com/smn/SMN_eu-nl_${hex}.pem`, // another region than the topic's
    `https://smn.eu-nl.otc.t-systems.com${file}`,
    `https://obs.eu-de.otc.t-systems.com${file}`,
    `https://bucket.obs.eu-de.otc.t-systems.com${file}`,
    `https://obs.eu-de.otc.t-systems.com/${host}${file}`,
    `https://s3.eu-de.amazonaws.com/${host}${file}`,
    `https://smn.eu-de.s3.amazonaws.com${file}`,
    `https://169.254.169.254${file}`,
    `https://127.0.0.1${file}`,
    `http://127.0.0.1:8080${file}`,
    `https://localhost${file}`,
    `https://[::1]${file}`,
    `https://${host}/SMN_eu-de_${hex}.pem`,
    `https://${host}/smn/../evil/SMN_eu-de_${hex}.pem`,
    `https://${host}/smn/%2e%2e/SMN_eu-de_${hex}.pem`,
    `https://${host}//smn/SMN_eu-de_${hex}.pem`,
    `https://${host}/smn/SMN_eu-nl_${hex}.pem`,
    `https://${host}/smn/SMN_eu-de_${hex.slice(1)}.pem`,
    `https://${host}/smn/SMN_eu-de_${hex}0.pem`,
    `https://${host}/smn/SMN_eu-de_${hex.toUpperCase()}.pem`,
    `https://${host}${file}?x=1`,
    `https://${host}${file}#x`,
    `https://${host}${file}/`,
    `https://${host}${file}.exe`,
    `https://${host}${file.replace('.pem', '.der')}`,
    `https://${host}${file};x`,
    `https://${host}`,
    ``,
  ])('is not fetched: %j', async (url) => {
    const { http, refusal } = production();

    const { statusCode } = await refusal(url);

    expect([400, 403]).toContain(statusCode);
    expect(http.requests).toEqual([]);
  });

  test('is told from those of the clouds, which are asked for without credentials', async () => {
    const { http, refusal } = production();
    const urls = cloudDomains.map((domain) => `https://smn.eu-de.${domain}${file}`);

    for (const url of urls) await refusal(url);

    expect(http.requests.map(({ url }) => url)).toEqual(urls);
    for (const { headers, method } of http.requests) expect([method, headers]).toEqual(['GET', {}]);
  });

  test('is fetched from a domain of CLOUD_DOMAINS, with the same path', async () => {
    const { http, refusal } = production(createFakeHttp(), { CLOUD_DOMAINS: 'cloud.example' });

    await refusal(`https://smn.eu-de.cloud.example${file}`);
    await refusal(`https://smn.eu-de.evil.cloud.example${file}`);
    await refusal(`https://smn.eu-nl.cloud.example${file}`);

    expect(http.requests.map(({ url }) => url)).toEqual([`https://smn.eu-de.cloud.example${file}`]);
  });

  test('is not fetched from another server on this machine either', async () => {
    const { hits, port } = await startTrap(smn.certificate);
    const { refusal, sign } = createReceiver(smn);

    for (const signing_cert_url of [
      `http://localhost:${port}${file}`,
      `http://127.1:${port}${file}`,
      `http://2130706433:${port}${file}`,
      `http://[::1]:${port}${file}`,
      `http://127.0.0.1@127.0.0.1:${port}${file}`,
      `http://127.0.0.1:${port}/x${file}`,
      `http://127.0.0.1:${port}//${file}`,
      `http://127.0.0.1:${port}${file}?x`,
      `http://127.0.0.1:${port}${file.replace('eu-de', 'eu-nl')}`,
      `http://127.0.0.1:${port}/bucket/${host}${file}`,
      `https://127.0.0.1:${port}${file}`,
      `https://${host}@127.0.0.1:${port}${file}`,
    ]) {
      const { reason } = await refusal(sign({ signing_cert_url }));
      expect(reason).toContain('does not belong to SMN');
    }
    expect(hits()).toBe(0);
  });

  test('is not followed to another server', async () => {
    const evil = await startTrap(smn.certificate);
    for (const status of [301, 302, 303, 307, 308]) {
      const { refusal, sign } = createReceiver(smn);
      smn.fault = () => ({ status, headers: { Location: `${evil.url}${file}` } });

      const { reason, statusCode } = await refusal(sign());

      expect([statusCode, reason]).toEqual([403, expect.stringContaining(`answered ${status}`)]);
    }
    expect(evil.hits()).toBe(0);
  });
});

describe('row 58: a message that was changed', () => {
  const flips = function* (text: string): Generator<string> {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (bytes[at] ?? 0) ^ (1 << bit);
        yield flipped.toString();
      }
    }
  };

  test.each<[string, string, readonly (keyof SmnEnvelope & string)[]]>([
    [
      'Notification',
      'a subject',
      ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type', 'signature'],
    ],
    ['Notification', '', ['message', 'signature']],
    [
      'SubscriptionConfirmation',
      '',
      ['message', 'message_id', 'subscribe_url', 'timestamp', 'topic_urn', 'type', 'signature'],
    ],
  ])('is refused for every bit of every field: %s, subject %j', async (type, subject, fields) => {
    const { refusal, sign, verify } = createReceiver(smn);
    const message = `{"trace_name":"deleteInstance","resource_id":"${hex}in01"}`;
    const envelope = sign({ type, message, ...(subject && { subject }) });
    let tried = 0;
    await verify(envelope);

    for (const field of fields) {
      for (const value of flips(envelope[field] ?? '')) {
        const { statusCode } = await refusal({ ...envelope, [field]: value });
        if (statusCode !== 403 && statusCode !== 400) throw new Error(`${field}: ${statusCode}`);
        tried += 1;
      }
    }

    expect(tried).toBeGreaterThan(3_000);
  });

  test('is refused with a field more or less', async () => {
    const { refusal, sign } = createReceiver(smn);
    const plain = sign();
    const { subject: _, ...stripped } = sign({ subject: 'Changed' });

    const refusals = [
      await refusal({ ...plain, subject: 'Changed' }),
      await refusal(JSON.stringify(stripped)),
      await refusal({ ...plain, signature: '' }),
      await refusal({ ...plain, signature: ` ${plain.signature}` }),
      await refusal({ ...plain, signature: plain.signature.replaceAll('=', '') }),
    ];

    expect(refusals.map(({ statusCode }) => statusCode)).toEqual([403, 403, 400, 403, 403]);
  });

  test('is refused when its text could be cut into other fields', async () => {
    const { refusal, sign } = createReceiver(smn);
    const inner = `first\nmessage_id\n${'f'.repeat(32)}\nsubject\nrest`;
    const whole = sign({ message: inner });
    const recut = {
      ...whole,
      message: 'first',
      message_id: 'f'.repeat(32),
      subject: `rest\nmessage_id\n${whole.message_id}`,
    };

    const refusals = [await refusal(whole), await refusal(recut)];

    expect(refusals.map(({ statusCode }) => statusCode)).toEqual([403, 403]);
  });
});

describe('row 59: the date of a message', () => {
  const minute = 60_000;

  test.each([
    ['20 min late', -20 * minute, 200],
    ['60 min late', -60 * minute, 200],
    ['60 min and a second late', -60 * minute - 1_000, 403],
    ['5 min ahead', 5 * minute, 200],
    ['5 min and a second ahead', 5 * minute + 1_000, 403],
  ])('decides whether it is taken: %s', async (_, aheadMs, status) => {
    const { sign, verify } = createReceiver(smn);

    expect(await statusOf(verify(sign({}, aheadMs)))).toBe(status);
  });
});

describe('the certificate', () => {
  const served = async (options: Parameters<typeof createCertificate>[0]) => {
    const server = await startTestSmn({ certificate: await createCertificate(options) });
    const receiver = createReceiver(server);
    return { ...receiver, server, envelope: receiver.sign() };
  };
  const valid = { notBefore: new Date('2026-01-01'), notAfter: new Date('2027-01-01') };

  test.each([
    ['has expired', { notBefore: new Date('2020-01-01'), notAfter: new Date('2026-11-23') }],
    ['is not valid yet', { notBefore: new Date('2026-11-24'), notAfter: new Date('2030-01-01') }],
    ['has an RSA key of 1024 bits', { ...valid, keySize: 1_024 }],
    ['has an EC key', { ...valid, keyType: 'ec' as const }],
  ])('is refused when it %s', async (_, options) => {
    const { envelope, refusal } = await served(options);

    const { reason, statusCode } = await refusal(envelope);

    expect([statusCode, reason]).toEqual([403, expect.stringContaining('signing certificate')]);
  });

  test('is refused when its key cannot be read', async () => {
    const { cert } = await createCertificate(valid);
    const der = Buffer.from(cert.replace(/-----.*-----|\n/g, ''), 'base64');
    der[der.indexOf(Buffer.from('06092a864886f70d010101', 'hex')) + 2] = 0x2b; // what kind of key it is
    const body = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    const http = createFakeHttp(() => ({ status: 200, body }));
    const { refusal, sign } = createReceiver(smn, { http });

    const { reason, statusCode } = await refusal(
      sign({ signing_cert_url: `https://${host}${file}` }),
    );

    expect([statusCode, reason]).toEqual([403, expect.stringContaining('did not return')]);
  });

  test('must be a pinned one where there are pins', async () => {
    const other = createReceiver(smn, { env: { SMN_CERTIFICATE_SHA256: huaweiFingerprint } });
    const both = `${huaweiFingerprint}, ${smn.fingerprint}`;
    const pinned = createReceiver(smn, { env: { SMN_CERTIFICATE_SHA256: both } });

    const { reason, statusCode } = await other.refusal(other.sign());
    const { kind } = await pinned.verify(pinned.sign());

    const own = smn.fingerprint.replaceAll(':', '').toLowerCase();
    expect([statusCode, reason]).toEqual([403, expect.stringContaining(own)]);
    expect(kind).toBe('notification');
  });

  test('that Huawei Cloud publishes is one that is trusted, until it expires in 2030', async () => {
    const http = createFakeHttp(() => ({ status: 200, body: huaweiCertificate }));
    const env = { SMN_CERTIFICATE_SHA256: huaweiFingerprint };
    const { app, refusal, sign } = createReceiver(smn, { http, env });
    const signing_cert_url = `https://${host}${file}`;

    const now = await refusal(sign({ signing_cert_url }));
    app.clock.jumpWallClock(4 * 365 * 86_400_000);
    const later = await refusal(sign({ signing_cert_url }));

    expect(now.reason).toBe('the signature does not match');
    expect(later.reason).toContain('expired or not yet valid');
  });

  test.each<[string, number, Parameters<SmnServer['fault']>[0] | object]>([
    ['404', 403, { status: 404 }],
    ['no certificate', 403, { status: 200, body: '<html>' }],
    ['17 KiB', 403, { status: 200, body: 'x'.repeat(17 * 1_024) }],
    ['429', 503, { status: 429 }],
    ['500', 503, { status: 500 }],
    ['503', 503, { status: 503 }],
  ])('that comes as %s is answered %i', async (_, status, fault) => {
    const { refusal, sign } = createReceiver(smn);
    smn.fault = () => fault as ReturnType<SmnServer['fault']>;

    const { statusCode } = await refusal(sign());

    expect(statusCode).toBe(status);
  });

  test('is read once, and again after a day', async () => {
    const { app, sign, verify } = createReceiver(smn);
    await Promise.all([1, 2, 3].map(() => verify(sign())));
    await verify(sign());
    const first = smn.requests.length;

    app.clock.jumpWallClock(24 * 3_600_000);
    await verify(sign());

    expect([first, smn.requests.length]).toEqual([1, 2]);
  });

  test('is not kept beyond its own end', async () => {
    const notAfter = new Date('2026-11-23T03:10:00Z');
    const { app, envelope, refusal, server, verify } = await served({ ...valid, notAfter });
    await verify(envelope);

    app.clock.jumpWallClock(10 * 60_000);
    const { reason } = await refusal(envelope);

    expect(reason).toContain('expired or not yet valid');
    expect(server.requests.length).toBe(2);
  });

  test('that could not be read is asked for again after a pause of less than a minute', async () => {
    const { app, refusal, sign, verify } = createReceiver(smn);
    smn.fault = () => ({ status: 503 });
    await refusal(sign());
    const { statusCode } = await refusal(sign());
    smn.fault = () => undefined;
    const meanwhile = smn.requests.length;

    app.clock.jumpWallClock(60_000);
    await verify(sign());

    expect([statusCode, meanwhile]).toEqual([503, 1]);
  });

  test('stays while others are invented', async () => {
    const { refusal, sign, verify } = createReceiver(smn);
    await verify(sign());
    for (let number = 0; number < 20; number += 1) {
      const invented = number.toString(16).padStart(32, '0');
      const signing_cert_url = smn.certificateUrl.replace(/_[0-9a-f]{32}/, `_${invented}`);
      await refusal(sign({ signing_cert_url }));
    }
    smn.requests.length = 0;

    await verify(sign());

    expect(smn.requests).toEqual([]);
  });

  test('that no server gives is answered 503, with the reason', async () => {
    const { refusal, sign } = createReceiver(smn);
    const server = await startSmn();
    await server.close();
    const signing_cert_url = server.certificateUrl;

    const refused = await refusal(sign({ signing_cert_url }));

    expect(refused).toMatchObject({ statusCode: 503, reason: expect.stringContaining('NETWORK') });
  });
});

describe('a subscription', () => {
  const confirmation = JSON.stringify({ subscription_urn: `${smn.topicUrn}:0a1b2c3d` });

  /** The status of confirming a message with this URL. */
  const confirm = async (fields: { subscribe_url?: string } = {}, http?: HttpClient) => {
    const { app, sign, verify } = createReceiver(smn);
    const message = await verify(sign({ type: 'SubscriptionConfirmation', ...fields }));
    const { smn: confirming } = http ? createReceiver(smn, { http }).app : app;
    return statusOf(confirming.confirm(message, new AbortController().signal));
  };

  test('is not confirmed when no server answers: 503', async () => {
    const subscribe_url = `http://127.0.0.1:${await findClosedPort()}/smn/confirm`;

    expect(await confirm({ subscribe_url })).toBe(503);
  });

  test.each([301, 302, 400, 404, 500])('is not confirmed by %i: 503', async (status) => {
    smn.fault = (path) => (path.includes('confirm') ? { status } : undefined);

    const answer = await confirm();

    expect(answer).toBe(503);
  });

  test.each([
    '<html><body>Log in</body></html>',
    '',
    '{}',
    '[]',
    '{"subscription_urn":""}',
    '{"subscription_urn":7}',
    '{"login":"https://console.huaweicloud.com"}',
  ])('is not confirmed by a 200 that names no subscription: %s', async (body) => {
    smn.fault = (path) => (path.includes('confirm') ? { status: 200, body } : undefined);

    expect(await confirm()).toBe(503);
  });

  test.each([200, 201, 202])('is confirmed by a %i that names it', async (status) => {
    const http = createFakeHttp(() => ({ status, body: confirmation }));

    expect(await confirm({ subscribe_url: `https://${host}/smn/confirm` }, http)).toBe(200);
  });

  test.each([
    `https://evil.example/smn/subscription/confirm?token=1`,
    `https://${host}.evil.example/smn/subscription/confirm?token=1`,
    `https://${host}@evil.example/smn/subscription/confirm?token=1`,
    `https://${host}:444/smn/subscription/confirm?token=1`,
    `http://${host}/smn/subscription/confirm?token=1`,
    `https://smn.eu-nl.otc.t-systems.com/smn/subscription/confirm?token=1`,
    `https://console.huaweicloud.com.evil.example/smn/subscription/confirm?token=1`,
    `http://127.0.0.1:8080/smn/subscription/confirm?token=1`,
    `https://${host}`,
    '',
  ])('is confirmed nowhere else: %j', async (subscribe_url) => {
    const http = createFakeHttp(() => ({ status: 200, body: '' }));

    expect(await confirm({ subscribe_url }, http)).toBe(403);
    expect(http.requests).toEqual([]);
  });

  test.each([
    `https://${host}/smn/subscription/confirm?token=1&topic_urn=urn`,
    'https://console.huaweicloud.com/smn/subscription/confirm?token=1',
    'https://console.otc.t-systems.com/smn/subscription/confirm?token=1',
  ])('is confirmed at SMN and at the console, without credentials: %s', async (subscribe_url) => {
    const http = createFakeHttp(() => ({ status: 200, body: confirmation }));

    expect(await confirm({ subscribe_url }, http)).toBe(200);
    expect(http.requests).toEqual([
      expect.objectContaining({ method: 'GET', url: subscribe_url, headers: {} }),
    ]);
  });
});
