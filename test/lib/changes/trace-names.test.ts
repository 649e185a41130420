import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseNotification } from '../../../lib/changes/notification.ts';
import { judgeTrace } from '../../../lib/changes/trace.ts';
import { traceNames } from '../../../lib/changes/trace-names.ts';

const dataNodeId = 'c6f68fed9e74478c8679479a07d7d568in01';
const replicaId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90in01';
const gaussId = '0123456789abcdef0123456789abcdefin07';
const instanceId = '1f5c9fd6cd984056ba89c8c87cc03278in09';

// As in https://docs.otc.t-systems.com/cloud-trace-service/umn/trace_references/trace_structure.html
const trace = {
  time: '2026/11/23 03:00:00 GMT+08:00',
  user: { name: 'dba', id: '8d', domain: { name: 'example', id: '9e' } },
  request: '',
  response: '',
  code: '200',
  service_type: 'RDS',
  resource_type: 'instance',
  resource_name: 'rds-orders',
  resource_id: dataNodeId,
  source_ip: '203.0.113.7',
  trace_name: 'changeInstancePort',
  trace_rating: 'normal',
  trace_type: 'SystemAction',
  api_version: '1.0',
  record_time: 1_795_402_800_000,
  trace_id: 'e3a7b2c0-0000-11f1-8000-000000000000',
};

const event = {
  event_name: 'PrimaryStandbySwitched',
  event_source: 'SYS.RDS',
  time: 1_795_402_800_000,
  event_id: 'ev-1',
  detail: {
    content: '',
    resource_id: dataNodeId,
    resource_name: 'rds-orders',
    event_state: 'normal',
  },
};

function readTrace(value: unknown) {
  const reading = judgeTrace(value);
  return typeof reading === 'object' ? reading : undefined;
}

const change = { dataNodeId, name: 'changeInstancePort' };

describe('a trace', () => {
  test.each(Object.keys(traceNames))('is a change of its data node: %s', (trace_name) => {
    expect(readTrace({ ...trace, trace_name })).toEqual({ dataNodeId, name: trace_name });
  });

  test.each(['resizeFlavorOrVolume', 'createDnsName', 'modifyDnsName'])(
    'of TaurusDB is a change of its data node: %s',
    (trace_name) => {
      const taurus = { ...trace, service_type: 'TaurusDB', resource_id: gaussId, trace_name };

      expect(readTrace(taurus)).toEqual({ dataNodeId: gaussId, name: trace_name });
    },
  );

  test('has a reason for each name that counts', () => {
    for (const reason of Object.values(traceNames)) expect(reason.length).toBeGreaterThan(10);
  });

  test.each([
    ['of GaussDB', { service_type: 'GaussDB', resource_id: gaussId }, gaussId],
    ['of GaussDB for MySQL', { service_type: 'GAUSSDBforMySQL', resource_id: gaussId }, gaussId],
    [
      'of GaussDB(for MySQL)',
      { service_type: 'GaussDB(for MySQL)', resource_id: gaussId },
      gaussId,
    ],
    ['of TaurusDB', { service_type: 'TaurusDB', resource_id: gaussId }, gaussId],
    ['of an unnamed service', { service_type: undefined }, dataNodeId],
    [
      'with its rating in trace_status',
      { trace_rating: undefined, trace_status: 'normal' },
      dataNodeId,
    ],
    ['without a rating', { trace_rating: null }, dataNodeId],
    ['whose response has another id', { response: { id: replicaId } }, dataNodeId],
    [
      'with its id in the response only',
      { resource_id: '', response: `{"job_id":"1","instance":{"id":"${dataNodeId}"}}` },
      dataNodeId,
    ],
    [
      'with its id in the request only',
      { resource_id: null, request: { instance_id: dataNodeId } },
      dataNodeId,
    ],
  ])('is a change: %s', (_, fields, id) => {
    expect(readTrace({ ...trace, ...fields })).toMatchObject({ dataNodeId: id });
  });

  test.each([
    ['an object', { replica_of_id: dataNodeId, name: 'replica' }],
    ['a text', JSON.stringify({ name: 'replica', replica_of_id: dataNodeId })],
    ['a text with blanks', `{"replica_of_id" : "${dataNodeId}"}`],
    ['a text in a text', JSON.stringify(JSON.stringify({ replica_of_id: dataNodeId }))],
  ])('of a new read replica is a change of its primary: the request is %s', (_, request) => {
    const created = { ...trace, trace_name: 'createInstance', resource_id: replicaId, request };

    expect(readTrace(created)).toMatchObject({ dataNodeId });
  });

  test.each([
    ['failed', { trace_rating: 'warning' }],
    ['an incident', { trace_rating: 'incident' }],
    ['failed, by its status', { trace_rating: undefined, trace_status: 'warning' }],
    ['our own', { trace_name: 'synRdsinfo', service_type: 'DDM', resource_id: instanceId }],
    ["our own, under RDS' name", { trace_name: 'synRdsinfo' }],
    ['one of DDM', { service_type: 'DDM', resource_id: instanceId, trace_name: 'createInstance' }],
    ['of another service', { service_type: 'ECS', trace_name: 'deleteInstance' }],
    ['of a service whose name begins like ours', { service_type: 'RDSX' }],
    ['of a name that changes nothing', { trace_name: 'resetPassword' }],
    ['of the public IP', { trace_name: 'setOrResetPublicIP' }],
    ['of a name of the language', { trace_name: 'constructor' }],
    ['of a DDM instance', { resource_id: instanceId }],
    ['without an id', { resource_id: '' }],
    ['with an id of another form', { resource_id: `${dataNodeId}/../x` }],
    ['with a number for an id', { resource_id: 7 }],
    ['without a name', { trace_name: undefined }],
  ])('is no change: %s', (_, fields) => {
    expect(readTrace({ ...trace, ...fields })).toBeUndefined();
  });

  test.each([null, undefined, 7, 'x', [], [trace], {}])('is not %j', (value) => {
    expect(readTrace(value)).toBeUndefined();
  });
});

describe('the message of a notification', () => {
  test.each<[string, unknown]>([
    ['a trace', trace],
    ["CTS' wrapping", { cts: trace }],
    ['a list', [trace]],
    ['a list of wrapped ones', [{ cts: trace }]],
    ["CTS' own list", { traces: [trace], meta_data: { count: 1 } }],
    [
      "FunctionGraph's wrapping",
      { record: [{ smn: { message: JSON.stringify({ cts: trace }) } }] },
    ],
    ['a text in a text', JSON.stringify(trace)],
    ['JSON of a kind we do not know', { kind: 'audit', op: 'changeInstancePort', id: dataNodeId }],
  ])('is read as %s', (_, value) => {
    expect(parseNotification(JSON.stringify(value))).toEqual([change]);
  });

  test.each(['cts', 'record', 'records', 'smn', 'message', 'traces', 'events', 'data'])(
    'is read one by one in "%s": a failed operation beside another is none',
    (key) => {
      const failed = { ...trace, resource_id: replicaId, trace_rating: 'warning' };

      expect(parseNotification(JSON.stringify({ [key]: [failed, trace] }))).toEqual([change]);
    },
  );

  test.each<[string, unknown]>([
    ['one event', event],
    ['a list of events', [event]],
    ['wrapped events', { events: [event] }],
    ['one without a source', { ...event, event_source: undefined }],
    ['one whose source has no prefix', { ...event, event_source: 'RDS' }],
    ['one with another id beside the detail', { ...event, resource_id: replicaId }],
    ['an id beside the detail', { ...event, detail: null, resource_id: dataNodeId }],
    ['an id in its text', { ...event, detail: { content: `instance ${dataNodeId} switched` } }],
  ])('is read as an event of Cloud Eye: %s', (_, value) => {
    expect(parseNotification(JSON.stringify(value))).toEqual([
      { dataNodeId, name: 'PrimaryStandbySwitched' },
    ]);
  });

  test.each([
    [`Operation changeInstancePort on ${dataNodeId} succeeded.`, [change]],
    [`RDS instance ${dataNodeId} was changed`, [{ dataNodeId, name: 'text' }]],
    [`DDM instance ${instanceId} was changed`, [{ instanceId, name: 'text' }]],
    [
      `deleteInstance: ${replicaId}\r\nof ${dataNodeId}`,
      [
        { dataNodeId: replicaId, name: 'deleteInstance' },
        { dataNodeId, name: 'deleteInstance' },
      ],
    ],
  ])('is read as prose: %s', (text, changes) => {
    expect(parseNotification(text)).toEqual(changes);
  });

  test('names each data node once', () => {
    const traces = [trace, { ...trace, resource_id: replicaId }, trace];

    const changes = parseNotification(JSON.stringify(traces));

    expect(changes).toEqual([change, { ...change, dataNodeId: replicaId }]);
  });

  test.each<[string, unknown]>([
    ['a failed operation', { ...trace, trace_rating: 'warning' }],
    ['our own call', { cts: { ...trace, service_type: 'DDM', trace_name: 'synRdsinfo' } }],
    ['our own call in prose', `synRdsinfo of ${instanceId} by ddm-sync`],
    ['a name that changes nothing', [{ ...trace, trace_name: 'createManualSnapshot' }]],
    ['a fault', { ...event, event_name: 'instanceDiskFull' }],
    ['an event of DDM', { ...event, event_source: 'SYS.DDM' }],
    ['an event of a source that only ends like ours', { ...event, event_source: 'ECS.SYS.RDS' }],
    ['a failed operation of DDM', { ...event, event_source: 'SYS.DDMS', event_name: 'x' }],
    ['an empty list', []],
  ])('is irrelevant: %s', (_, value) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);

    expect(parseNotification(text)).toBe('irrelevant');
  });

  const numbered = { detail: { resource_id: 7 }, resource_id: dataNodeId };
  const deep = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`;

  test.each<[string, string]>([
    ['nothing', ''],
    ['prose without an id', 'You are invited to subscribe to a topic.'],
    ['a masked id', `deleteInstance xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxin01`],
    ['a longer id', `deleteInstance ${dataNodeId}0`],
    ['a number', '7'],
    ['null', 'null'],
    ['an object', '{}'],
    ['a metric alarm', `{"alarm_id":"al1","dimension":"rds_cluster_id:${dataNodeId}"}`],
    ['a trace without an id', JSON.stringify({ ...trace, resource_id: '' })],
    ['a trace of another form', JSON.stringify({ ...trace, trace_name: ['deleteInstance'] })],
    ['an event without an id', JSON.stringify({ ...event, detail: {} })],
    ['an event of another form', JSON.stringify({ ...event, detail: 'x' })],
    ['an event with a number for an id', JSON.stringify({ ...event, ...numbered })],
    ['lists in lists', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['objects in objects', deep],
    ['a wrapped one of these', `{"cts":${deep}}`],
  ])('is unclear: %s', (_, text) => {
    expect(parseNotification(text)).toBe('unclear');
  });

  test('is read without an error, whatever it is', () => {
    const key = fc.constantFrom('cts', 'trace_name', 'event_name', 'record', 'smn', 'message', 'x');
    const leaf = fc.jsonValue({ maxDepth: 1 });
    const wrapped = fc.dictionary(key, leaf, { maxKeys: 3 });
    const tree = fc.dictionary(key, fc.oneof(wrapped, fc.array(wrapped, { maxLength: 3 })));

    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          tree.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          parseNotification(text);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
