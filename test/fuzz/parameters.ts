import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import fc from 'fast-check';
import { parseAccessKeys, parsePassword } from '../../lib/aws/credentials.ts';
import { readCursor } from '../../lib/aws/cursor.ts';
import { parseFleet } from '../../lib/aws/instance-list.ts';
import { readToken } from '../../lib/aws/stored-token.ts';
import { parseToken } from '../../lib/aws/token.ts';
import { createDataNodeOwners } from '../../lib/changes/data-node-owners.ts';
import { parseConfig } from '../../lib/config.ts';
import { ConfigError, ParameterError } from '../../lib/errors.ts';
import { createFakeStore } from '../fakes/store.ts';
import { mutatedTexts, mutatedValues } from './mutate.ts';
import { expectLogText, forms, parsedOr, resolvedOr, secret, type Target } from './target.ts';

const name = '/ddm-sync/prod/it';
const ddm = '1f5c9fd6cd984056ba89c8c87cc03278in09';
const other = '7c1a3cde0a5b4a1f8d2e6b7c9f0a1b2cin09';
const node = '7c1a3cde0a5b4a1f8d2e6b7c9f0a1b2cin01';

const lists: Target = {
  name: 'list of instances',
  property: fc.property(
    mutatedTexts([
      `${ddm},${other}\n${ddm}`,
      `${ddm} orders-prod, ${other}`,
      [ddm, { instanceId: other, name: 'orders-prod' }],
      [secret, ddm],
    ]),
    (text) => {
      const value = text.slice(0, 4_096); // Parameter Store's limit
      const fleet = parsedOr([ParameterError], () => parseFleet([{ name, value }]));
      if (fleet === undefined) return;
      assert.equal(new Set(fleet.instanceIds).size, fleet.instanceIds.length);
      for (const id of fleet.instanceIds) assert.match(id, forms.ddmInstance);
      // A secret that was pasted by mistake is shown, if it looks like an ordinary word.
      for (const text of fleet.malformed) assert.ok(text.length <= 64);
      for (const text of fleet.names?.values() ?? []) expectLogText(text, 64);
      assert.ok(fleet.duplicates >= 0);
    },
  ),
};

const credentials: Target = {
  name: 'credentials',
  property: fc.property(
    mutatedTexts([
      { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secret, securityToken: secret },
      { domainName: 'company', userName: 'ddm-sync', password: secret },
    ]),
    (value) => {
      const keys = parsedOr([ParameterError], () => parseAccessKeys(name, { name, value }));
      for (const text of Object.values(keys ?? {})) {
        if (text !== undefined) assert.match(text, /^[\x21-\x7e]+$/);
      }
      const password = parsedOr([ParameterError], () => parsePassword(name, { name, value }));
      if (password) for (const text of Object.values(password)) assert.ok(text.length > 0);
    },
  ),
};

const tokens: Target = {
  name: 'token',
  property: fc.property(mutatedTexts([`MIIF${secret.repeat(20)}`]), (value) => {
    const token = parsedOr([ParameterError], () => parseToken(name, [{ name, value }]));
    if (token === undefined) return;
    assert.match(token, /^[\x21-\x7e]{16,32768}$/);
    assert.equal(token, value.trim());
  }),
};

const clock = { now: () => 1_795_000_000_000, monotonic: () => 1e9, sleep: async () => {} };
const prefix = '/ddm-sync/prod';
const stored = `MIIF${secret.repeat(3)}`;

const tokenSets: Target = {
  name: 'pointer to the token',
  property: fc.asyncProperty(
    mutatedTexts([
      { parts: [11], sha256: hash('sha256', stored), expiresAt: '2026-11-25T00:00:00.000Z' },
      { parts: [11, 13], sha256: hash('sha256', stored), expiresAt: '2026-11-25T00:00:00.000Z' },
    ]),
    async (pointer) => {
      const values = new Map([
        [`${prefix}/token-set`, pointer],
        [`${prefix}/token/11`, stored],
      ]);
      const store = createFakeStore(undefined, values);
      const found = await resolvedOr([ParameterError], () => readToken(store, clock, prefix));
      if (found === undefined) return;
      assert.equal(found.token, stored); // never half of it
      assert.ok(found.expiresAt === undefined || Number.isFinite(found.expiresAt));
    },
  ),
};

const cursors: Target = {
  name: 'cursor',
  property: fc.asyncProperty(
    mutatedTexts([
      {
        until: '2026-11-24T10:00:00.000Z',
        done: 'abcdefgh.ijklmnop',
        heard: { RDS: 1_795_000_000_000 },
      },
    ]),
    async (value) => {
      const store = createFakeStore(undefined, new Map([[name, value]]));
      const cursor = await resolvedOr([ParameterError], () => readCursor(store, name));
      if (cursor === undefined) return;
      assert.ok(Number.isFinite(cursor.until), 'a cursor without a time');
      for (const mark of cursor.done) assert.ok(mark !== '');
      for (const at of Object.values(cursor.heard ?? {})) assert.ok(Number.isFinite(at));
    },
  ),
};

const owners: Target = {
  name: 'owners of data nodes',
  property: fc.asyncProperty(
    mutatedTexts([`${ddm} 1794999990000 ${node}\n${other} 1794999990000`]),
    async (text) => {
      const known = createDataNodeOwners(clock, { read: async () => text, write: async () => {} });
      await known.load(new AbortController().signal);
      const { known: found } = known.find({ dataNodeId: node }, [ddm, other]);
      for (const id of found) assert.ok(text.includes(id) && text.includes(node));
    },
  ),
};

const domains = ['myhuaweicloud.com', 'myhuaweicloud.eu', 'otc.t-systems.com'];
const endpoints = ['ddmEndpoint', 'iamEndpoint', 'ctsEndpoint'] as const;

const settings: Target = {
  name: 'settings',
  property: fc.property(
    mutatedValues([
      {
        ...{
          DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
          DDM_PROJECT_ID: 'p',
          PARAMETER_PREFIX: '/a/b',
        },
        ...{ IAM_ENDPOINT: 'https://iam.cn-north-4.myhuaweicloud.com', SYNC_MAX_ERRORS: '10%' },
        ...{
          SYNC_RATE_PER_SECOND: '0.5',
          SYNC_CONCURRENCY: '20',
          DDM_API_VERSION: 'auto',
          SYNC_FOLLOW: 'off',
        },
        ...{
          SMN_TOPIC_URNS: 'urn:smn:eu-de:0123456789abcdef0123456789abcdef:x',
          DDM_DISCOVERY: 'on',
        },
      },
    ]),
    (value) => {
      const env = Object.fromEntries(
        Object.entries(value ?? {}).flatMap(([key, text]) =>
          typeof text === 'string' ? [[key, text]] : [],
        ),
      );
      const config = parsedOr([ConfigError], () => parseConfig(env));
      if (config === undefined) return;
      for (const one of endpoints) {
        const url = new URL(config[one] ?? 'https://x.y.myhuaweicloud.com');
        const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
        assert.ok(isLoopback || url.protocol === 'https:');
        assert.ok(isLoopback || domains.some((domain) => url.hostname.endsWith(`.${domain}`)));
        assert.ok(url.username === '' && url.password === '' && url.pathname === '/');
      }
      assert.ok(config.syncRatePerSecond > 0 && config.syncConcurrency >= 1);
      assert.match(config.parameterPrefix, /^\/[\w./-]+$/);
    },
  ),
};

export const ofParameters: readonly Target[] = [
  ...[lists, credentials, tokens, tokenSets, cursors, owners, settings],
];
