import { expect, test } from 'vitest';
import { handler } from '../../../functions/changed.ts';
import { parseChangeEvent } from '../../../lib/changes/event.ts';
import { sample } from '../../support/packaged.ts';

const instanceId = `${'a'.repeat(32)}in09`;
const dataNodeId = `${'b'.repeat(32)}in01`;
function event(detail: unknown, detailType: unknown = 'Data Node Changed') {
  return {
    'detail-type': detailType,
    detail,
  };
}

test.each<[string, unknown, readonly object[]]>([
  ['an instance', event({ instanceId }, 'DDM Instance Changed'), [{ instanceId }]],
  ['a data node', event({ dataNodeId }), [{ dataNodeId }]],
  ['a list', event({ dataNodeId: [dataNodeId, dataNodeId] }), [{ dataNodeId }, { dataNodeId }]],
  ['the sample', sample('changed'), [{ dataNodeId: 'c6f68fed9e74478c8679479a07d7d568in01' }]],
])('reads %s', (_, given, changes) => {
  expect(parseChangeEvent(given)).toEqual(changes);
});

test.each<[string, unknown, RegExp]>([
  ['nothing', undefined, /not usable/],
  ['a text', 'x', /not usable/],
  ['another detail-type', event({ instanceId }, 'EC2 Instance State-change'), /\(detail-type\)/],
  ['no detail', event(undefined), /\(detail\)/],
  ['no id', event({}), /\(detail\.dataNodeId\)/],
  ['no id of an instance', event({}, 'DDM Instance Changed'), /\(detail\.instanceId\)/],
  ['both kinds of id', event({ dataNodeId, instanceId }), /\(detail\.instanceId\)/],
  ['the other kind of id', event({ dataNodeId }, 'DDM Instance Changed'), /\(detail\.instanceId\)/],
  ['the other kind of id for a data node', event({ instanceId }), /\(detail\.dataNodeId\)/],
  [
    'an unknown property',
    event({ dataNodeId, dataNodeIds: [dataNodeId] }),
    /\(detail\.dataNodeIds\)/,
  ],
  [
    'a property with a long name',
    event({ dataNodeId, ['x'.repeat(5_000)]: 1 }),
    /\(detail\.x{57}\)/, // 64 characters
  ],
  [
    'an RDS id for an instance',
    event({ instanceId: dataNodeId }, 'DDM Instance Changed'),
    /\(detail\.instanceId\)/,
  ],
  ['an empty list', event({ dataNodeId: [] }), /\(detail\.dataNodeId\)/],
  [
    'too long a list',
    event({ instanceId: Array(1_001).fill(instanceId) }, 'DDM Instance Changed'),
    /\(detail\.instanceId\)/,
  ],
  ['a path', event({ instanceId: '../x' }, 'DDM Instance Changed'), /\(detail\.instanceId\)/],
  ['a number', event({ dataNodeId: 7 }), /\(detail\.dataNodeId\)/],
  ["DDM's id for a data node", event({ dataNodeId: instanceId }), /\(detail\.dataNodeId\)/],
])('refuses %s, by the name of the field', (_, given, message) => {
  expect(() => parseChangeEvent(given)).toThrow(message);
});

test('the door refuses a configuration that is none, before anything is sent', async () => {
  const context = { getRemainingTimeInMillis: () => 15_000, awsRequestId: 'run-1' };

  await expect(handler(sample('changed'), context as never)).rejects.toThrow('DDM_ENDPOINT');
});
