import { expect, test } from 'vitest';
import { decide } from '../../../lib/changes/decide.ts';

const minute = 60_000;
const now = 1_000 * minute;
const dataNodeId = `${'a'.repeat(32)}in01`;

interface Options {
  readonly id: string;
  readonly minutesAgo: number;
  readonly type?: string;
  readonly rating?: string;
  readonly name?: string;
  readonly node?: string;
}

function trace({ id, minutesAgo, name, node = dataNodeId, rating = 'normal', type }: Options) {
  const traceName = name ?? 'instanceRestart';
  return {
    traceId: id,
    traceName,
    resourceId: node,
    traceType: type ?? 'ApiCall',
    succeeded: rating === 'normal',
    time: now - minutesAgo * minute,
    raw: { trace_name: traceName, service_type: 'RDS', resource_id: node, trace_rating: rating },
  };
}

const end = 'SystemAction';

function count(traces: readonly Options[], done: ReadonlySet<string> = new Set()) {
  return decide(traces.map(trace), ['RDS'], done, now);
}

test('an end counts, and its request does not, however old', () => {
  const pair = [
    { id: 'request', minutesAgo: 30 },
    { id: 'end', minutesAgo: 5, type: end },
  ];

  const { changes, done } = count(pair);

  expect(changes).toEqual([{ dataNodeId, name: 'instanceRestart' }]);
  expect(done).toHaveLength(1);
});

test('a request counts after ten minutes without an end, and not a moment before', () => {
  expect(count([{ id: 'request', minutesAgo: 10 }]).changes).toHaveLength(1);
  expect(count([{ id: 'request', minutesAgo: 9.999 }]).changes).toEqual([]);
});

test('an end is for the newest request before it: an older one counts for itself', () => {
  const traces = [
    { id: 'older', minutesAgo: 30 },
    { id: 'newer', minutesAgo: 20 },
    { id: 'end', minutesAgo: 15, type: end },
  ];

  // Without "older" nothing else changes: what left the window does not move the pairs.
  const [all, later] = [count(traces), count(traces.slice(1))];
  expect(all.done).toHaveLength(2);
  expect(later.done).toEqual(all.done.slice(0, 1));
});

test('two ends recorded at one time are for one request', () => {
  const twice = [
    { id: 'older', minutesAgo: 30 },
    { id: 'newer', minutesAgo: 20 },
    { id: 'end', minutesAgo: 15, type: end },
    { id: 'end again', minutesAgo: 15, type: end },
  ];

  expect(count(twice).done).toHaveLength(3); // both ends, and "older"
});

test('an end at the time of its request is its end', () => {
  const pair = [
    { id: 'end', minutesAgo: 20, type: end },
    { id: 'request', minutesAgo: 20 },
  ];

  expect(count(pair).changes).toHaveLength(1);
  expect(count(pair.toReversed()).changes).toHaveLength(1);
});

test('an end of another operation or another data node is none', () => {
  const request = { id: 'request', minutesAgo: 20 };
  const node = `${'b'.repeat(32)}in01`;

  expect(count([request, { id: 'e', minutesAgo: 15, type: end, node }]).changes).toHaveLength(2);
  const name = 'instanceFailOver';
  expect(count([request, { id: 'e', minutesAgo: 15, type: end, name }]).changes).toHaveLength(2);
});

test('what failed, and what is no change of a data node, does not count', () => {
  const failed = { id: 'failed', minutesAgo: 20, rating: 'warning' };
  const foreign = { id: 'foreign', minutesAgo: 20, name: 'deleteSecurityGroup' };

  expect(count([failed, foreign])).toEqual({ changes: [], done: [], unreadable: 0 });
});

test('an end is not lost to a refused request after it was asked for', () => {
  const traces = [
    { id: 'request', minutesAgo: 30 },
    { id: 'refused', minutesAgo: 25, rating: 'warning' },
    { id: 'end', minutesAgo: 20, type: end },
  ];

  expect(count(traces).done).toHaveLength(1); // the end: its request is the one that was not refused
});

test('what has counted before is kept as done, newest first, and counts no more', () => {
  const traces = [
    { id: 'one', minutesAgo: 30, type: end },
    { id: 'two', minutesAgo: 20, type: end },
  ];
  const first = count(traces.slice(0, 1));

  const second = count(traces, new Set(first.done));

  expect(second.changes).toHaveLength(1);
  expect(second.done).toEqual([expect.stringMatching(/^[\w-]{8}$/), ...first.done]);
});

test('a trace without a data node is counted as unreadable, once', () => {
  const first = count([{ id: 'one', minutesAgo: 20, type: end, node: 'nothing' }]);

  expect(first).toMatchObject({ changes: [], unreadable: 1, done: [expect.any(String)] });
});
