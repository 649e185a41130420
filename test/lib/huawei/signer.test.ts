import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signWithSdk } from '../../../emulator/signature.ts';
import { createDeadline } from '../../../lib/deadline.ts';
import { createAuth } from '../../../lib/huawei/auth.ts';
import { type SignableRequest, sign } from '../../../lib/huawei/signer.ts';
import { listTraces } from '../../../lib/huawei/traces.ts';
import { createFakeClock } from '../../fakes/clock.ts';
import { createFakeHttp } from '../../fakes/http.ts';

// The keys of the documentation.
const documented = {
  accessKeyId: 'QTWAOYTTINDUT2QVKYUC',
  secretAccessKey: 'MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc',
};
const documentedRequest = {
  method: 'GET',
  url: 'https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0',
  headers: { 'Content-Type': 'application/json' },
};
const documentedAt = Date.UTC(2019, 10, 15, 3, 36, 55);

test('signs the request of the signing guide as the guide does', () => {
  expect(sign(documentedRequest, documented, documentedAt)).toEqual({
    'X-Sdk-Date': '20191115T033655Z',
    Authorization:
      'SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe',
  });
});

test.each<[string, Partial<SignableRequest>, number]>([
  ['method', { method: 'POST' }, documentedAt],
  ['path', { url: documentedRequest.url.replace('vpcs', 'vpc') }, documentedAt],
  ['query', { url: documentedRequest.url.replace('limit=2', 'limit=3') }, documentedAt],
  ['host', { url: documentedRequest.url.replace('region', 'other') }, documentedAt],
  ['port', { url: documentedRequest.url.replace('.com', '.com:8443') }, documentedAt],
  ['header', { headers: { 'Content-Type': 'text/plain' } }, documentedAt],
  ['body', { body: '{}' }, documentedAt],
  ['time', {}, documentedAt + 1_000],
])('signs anything else with another signature: %s', (_, change, at) => {
  const [changed, original] = [sign({ ...documentedRequest, ...change }, documented, at), guide()];

  expect(changed.Authorization).not.toBe(original.Authorization);
});

function guide() {
  return sign(documentedRequest, documented, documentedAt);
}

test('signs a path with a trailing slash like the one without', () => {
  const [path = '', query = ''] = documentedRequest.url.split('?');

  expect(
    sign({ ...documentedRequest, url: `${path}/?${query}` }, documented, documentedAt),
  ).toEqual(guide());
});

test('signs a header without the blanks around its value, which HTTP does not carry', () => {
  const headers = { 'Content-Type': ' application/json\t' };

  expect(sign({ ...documentedRequest, headers }, documented, documentedAt)).toEqual(guide());
});

test('signs the security token of temporary keys, and sends it', () => {
  const keys = { ...documented, securityToken: 'gQpjbi1ub3J0aC' };

  const headers = sign(documentedRequest, keys, documentedAt);

  expect(headers['X-Security-Token']).toBe('gQpjbi1ub3J0aC');
  expect(headers.Authorization).toContain('host;x-sdk-date;x-security-token,');
});

function word(characters: string, minLength: number, maxLength: number) {
  return fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
}
const letters = 'abcdefghijklmnopqrstuvwxyz';
const alphanumeric = `${letters}${letters.toUpperCase()}0123456789`;
const value = word(`${alphanumeric}-._~/+=;:, `, 1, 24).map((text) => text.trim() || 'x');
const free = fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text.isWellFormed());
// Characters that Node's old url.parse, which the SDK uses, leaves alone in a path.
const segment = word(`${alphanumeric}-._~!$&()*+,=:@`, 1, 12).filter((text) => !/^\.+$/.test(text));
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  host: fc.constantFrom('ddm.eu-de.otc.t-systems.com', 'localhost:8080', '127.0.0.1:40123'),
  segments: fc.array(segment, { maxLength: 6 }),
  query: fc.dictionary(
    free.filter((name) => name !== '' && name !== '__proto__'),
    free,
    {
      maxKeys: 5,
    },
  ),
  headers: fc.dictionary(
    word(`${letters}-`, 2, 12).filter((name) => name !== 'host'),
    value,
    {
      maxKeys: 5,
    },
  ),
  data: fc.option(fc.dictionary(word(letters, 1, 6), free), { nil: undefined }),
  securityToken: fc.option(word(alphanumeric, 10, 40), { nil: undefined }),
  at: fc.date({ min: new Date(0), max: new Date('2099-01-01'), noInvalidDate: true }),
  accessKeyId: word(alphanumeric, 20, 20),
  secretAccessKey: word(alphanumeric, 40, 40),
});

test("signs as Huawei's own SDK does, whatever the request", () => {
  fc.assert(
    fc.property(request, (given) => {
      const { accessKeyId, at, data, host, method, query, secretAccessKey, securityToken } = given;
      const keys = { accessKeyId, secretAccessKey, securityToken };
      const headers = { ...given.headers, 'content-type': 'application/json' };
      const pairs = Object.entries(query).map((pair) => pair.map(encodeURIComponent).join('='));
      const path = `/${given.segments.map(encodeURIComponent).join('/')}`;
      const url = `https://${host}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
      const body = data && JSON.stringify(data);

      const signed = sign({ method, url, headers, body }, keys, at.getTime());

      const security = securityToken === undefined ? {} : { 'X-Security-Token': securityToken };
      const expected = signWithSdk(
        {
          method,
          endpoint: `https://${host}/${given.segments.join('/')}`,
          headers: { ...headers, ...security, 'X-Sdk-Date': signed['X-Sdk-Date'] ?? '' },
          queryParams: query,
          data,
        },
        keys,
      );
      expect(signed.Authorization).toBe(expected);
    }),
    { numRuns: 16_000 },
  );
});

const traceQuery = fc.record({
  serviceType: free.filter(Boolean),
  traceName: fc.option(free, { nil: undefined }),
  fromMs: fc.nat(),
  toMs: fc.nat(),
  markers: fc.uniqueArray(free.filter(Boolean), { minLength: 1, maxLength: 3 }),
});

test("signs every page of the audit traces as Huawei's own SDK does, whatever the marker", async () => {
  const clock = createFakeClock();
  const secret = async () => documented;
  const config = { projectId: '619d3e78f61b4be68bc5aa0b59edcf7b' };
  const deadline = createDeadline({ clock, totalMs: 900_000, reserveMs: 5_000 });
  const parameters = { secret, refreshSecret: secret };
  const auth = await createAuth({ clock, config, parameters }, deadline, 'setUp');
  const ctsEndpoint = 'https://cts.eu-de.otc.t-systems.com';
  const path = `/v3/${config.projectId}/traces`;
  let pages = 0;

  await fc.assert(
    fc.asyncProperty(traceQuery, async ({ markers, ...query }) => {
      const http = createFakeHttp(() => {
        const marker = markers[http.requests.length - 1] ?? null;
        return { status: 200, body: JSON.stringify({ traces: [{}], meta_data: { marker } }) };
      });
      const deps = { auth, clock, config, ctsEndpoint, http, random: Math.random };

      await listTraces(deps, query, deadline.signal('calls'));

      expect(http.requests.length).toBe(markers.length + 1);
      for (const [index, { headers, url }] of http.requests.entries()) {
        const { Authorization, ...signed } = headers;
        const next = markers[index - 1];
        const queryParams = {
          trace_type: 'system',
          service_type: query.serviceType,
          ...(query.traceName && { trace_name: query.traceName }),
          from: String(query.fromMs),
          to: String(query.toMs),
          limit: '200',
          ...(next && { next }),
        };
        const request = { method: 'GET', headers: signed, queryParams, data: undefined };
        expect(Object.fromEntries(new URL(url).searchParams)).toEqual(queryParams);
        expect(Authorization).toBe(
          signWithSdk({ ...request, endpoint: `${ctsEndpoint}${path}` }, documented),
        );
        pages += 1;
      }
    }),
    { numRuns: 1_500 },
  );

  expect(pages).toBeGreaterThanOrEqual(4_000);
});
