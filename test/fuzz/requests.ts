import assert from 'node:assert/strict';
import { createSign } from 'node:crypto';
import fc from 'fast-check';
import { RequestError } from '../../lib/errors.ts';
import {
  parseRunQuery,
  parseSyncRequest,
  readCaller,
  readRequest,
} from '../../lib/http/request.ts';
import { createCertificates } from '../../lib/smn/certificate.ts';
import { parseEnvelope } from '../../lib/smn/message.ts';
import { readSmnEvent } from '../../lib/smn/receive.ts';
import { createSmn } from '../../lib/smn/signature.ts';
import { createFakeHttp } from '../fakes/http.ts';
import { createCertificate } from '../support/certificates.ts';
import { huaweiCertificate, huaweiFingerprint } from '../support/smn-certificates.ts';
import { mutatedTexts, mutatedValues } from './mutate.ts';
import { forms, parsedOr, resolvedOr, type Target } from './target.ts';

const ddm = '1f5c9fd6cd984056ba89c8c87cc03278in09';
const { signal } = new AbortController();

const syncEvent = {
  ...{ routeKey: 'POST /sync', rawQueryString: 'wait=5', isBase64Encoded: false },
  ...{
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ instanceIds: [ddm] }),
  },
  requestContext: {
    ...{ requestId: 'r1', http: { sourceIp: '192.0.2.1' } },
    authorizer: { iam: { userArn: 'arn:aws:iam::123456789012:user/a' } },
  },
};
const runEvent = {
  ...syncEvent,
  ...{ routeKey: 'GET /runs/{runId}', rawQueryString: 'hours=3', pathParameters: { runId: 'r-1' } },
};

const callers: Target = {
  name: 'caller of an HTTP request',
  property: fc.property(
    mutatedValues([
      syncEvent,
      {
        ...syncEvent,
        requestContext: {
          ...syncEvent.requestContext,
          authorizer: { jwt: { claims: { iss: 'https://login.example', sub: 'me' } } },
        },
      },
    ]),
    (event) => {
      const caller = parsedOr([RequestError], () => readCaller(event));
      if (caller === undefined) return;
      for (const text of Object.values(caller)) assert.ok(text.length > 0 && text.length <= 256);
    },
  ),
};

const syncRequests: Target = {
  name: 'HTTP request',
  property: fc.asyncProperty(
    mutatedValues([syncEvent, { ...syncEvent, rawQueryString: '', body: '{"dryRun":true}' }]),
    mutatedTexts([{ instanceIds: [ddm], dryRun: false }, { dryRun: true }]),
    fc.boolean(),
    async (value, body, withBody) => {
      const isObject = typeof value === 'object' && value !== null;
      const event = withBody && isObject ? { ...value, body } : value;
      const asked = await resolvedOr([RequestError, Error], async () => {
        await readRequest.before?.({ event, context: {} } as never);
        return parseSyncRequest(event);
      });
      if (asked === undefined) return;
      assert.equal(typeof asked.dryRun, 'boolean');
      for (const id of asked.instanceIds ?? []) assert.match(id, forms.ddmInstance);
      if (asked.instanceIds)
        assert.ok(asked.instanceIds.length > 0 && asked.instanceIds.length <= 1_000);
      if (asked.waitMs !== undefined) assert.ok(asked.waitMs >= 1_000 && asked.waitMs <= 20_000);
      // What is sent as a body must not become a sync of the whole fleet.
      const sent = (event as { body?: unknown }).body;
      if (sent !== undefined)
        assert.ok(asked.instanceIds !== undefined || typeof sent === 'object');
    },
  ),
};

const runQueries: Target = {
  name: 'query of a run',
  property: fc.property(mutatedValues([runEvent]), (event) => {
    const query = parsedOr([RequestError], () => parseRunQuery(event));
    if (query === undefined) return;
    assert.match(query.runId, forms.runId); // it goes into a query of Logs Insights
    assert.ok(Number.isInteger(query.hours) && query.hours >= 1 && query.hours <= 24);
  }),
};

const smnEvents: Target = {
  name: 'HTTP request of SMN',
  property: fc.property(
    mutatedValues([
      { headers: { 'x-smn-message-type': 'Notification' }, body: 'e30=', isBase64Encoded: true },
      { headers: {}, body: '{}', isBase64Encoded: false },
    ]),
    (event) => {
      const request = parsedOr([RequestError], () => readSmnEvent(event));
      if (request) assert.equal(typeof request.body, 'string');
    },
  ),
};

const now = Date.parse('2026-11-25T10:00:00Z');
const dayMs = 86_400_000;
const clock = { now: () => now };
const certificate = await createCertificate({
  notBefore: new Date(now - dayMs),
  notAfter: new Date(now + dayMs),
});
const topicUrn = 'urn:smn:eu-de:0123456789abcdef0123456789abcdef:ddm-sync';
const url = `https://smn.eu-de.otc.t-systems.com/smn/SMN_eu-de_${'0a'.repeat(16)}.pem`;
const unsigned = {
  ...{ type: 'Notification', topic_urn: topicUrn, message_id: 'm-1', subject: 'changed' },
  ...{ message: `{"resource_id":"${ddm}"}`, timestamp: '2026-11-25T09:59:00Z' },
  ...{ signature: 'x', signature_version: 'v1', signing_cert_url: url },
};
const original = parseEnvelope(JSON.stringify(unsigned));
const signature = createSign('sha256')
  .update(original?.signedText ?? '')
  .sign(certificate.key, 'base64');

const signedMessages: Target = {
  name: 'signed message of SMN',
  property: fc.asyncProperty(mutatedTexts([{ ...unsigned, signature }]), async (body) => {
    const smn = createSmn({
      clock,
      config: {
        ddmEndpoint: 'https://ddm.eu-de.otc.t-systems.com',
        cloudDomains: [],
        smnTopicUrns: [topicUrn],
        smnCertificateSha256: [],
      },
      connect: () => createFakeHttp(() => ({ status: 200, body: certificate.cert })),
    });
    const message = await resolvedOr([RequestError], () =>
      smn.verify({ body, messageType: undefined }, signal),
    );
    // What was not signed so is never taken.
    if (message) assert.equal(message.signedText, original?.signedText);
  }),
};

const certificates: Target = {
  name: 'signing certificate',
  property: fc.asyncProperty(mutatedTexts([certificate.cert, huaweiCertificate]), async (body) => {
    const pinned = huaweiFingerprint.replaceAll(':', '').toLowerCase();
    const kept = createCertificates({
      clock,
      config: { smnCertificateSha256: [pinned] },
      connect: () => createFakeHttp(() => ({ status: 200, body })),
    });
    const found = await resolvedOr([RequestError], () => kept.get(url, signal));
    if (found) assert.equal(found.sha256, pinned);
  }),
};

export const ofRequests: readonly Target[] = [
  ...[callers, syncRequests, runQueries, smnEvents, signedMessages, certificates],
];
