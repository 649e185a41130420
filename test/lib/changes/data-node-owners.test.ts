import { expect, test } from 'vitest';
import { createDataNodeOwners } from '../../../lib/changes/data-node-owners.ts';
import { ReadError, type SyncFailure } from '../../../lib/errors.ts';
import { createFakeClock } from '../../fakes/clock.ts';
import { instanceIds } from '../../support/instances.ts';

const ids = instanceIds(30);
const [first = '', second = ''] = ids;
const minute = 60_000;
function failure(retryClass: SyncFailure['retryClass']) {
  return new ReadError('listing the schemas', { errCode: 'X', retryClass });
}

/** Owners over instances that each have one node, `n-<instance id>`; a listing takes 1 s. */
function createWorld() {
  const clock = createFakeClock();
  const owners = createDataNodeOwners(clock);
  const nodes = new Map(ids.map((id) => [id, [`n-${id}`]]));
  const listings: string[] = [];
  const faults = new Map<string, ReadError>();
  const list = async (instanceId: string): Promise<ReadonlySet<string>> => {
    listings.push(instanceId);
    await clock.sleep(1_000);
    const fault = faults.get(instanceId);
    if (fault) throw fault;
    return new Set(nodes.get(instanceId));
  };
  /** Lists what is open for the node until there is no time left, and finds its owners. */
  const find = async (dataNodeId: string, remainingMs = 60_000, changedAt?: number) => {
    const endsAt = clock.monotonic() + remainingMs;
    const { open } = owners.find({ dataNodeId, changedAt }, ids);
    await clock.run(owners.list(open, { list, isOver: () => clock.monotonic() >= endsAt }));
    return owners.find({ dataNodeId, changedAt }, ids);
  };
  return { clock, faults, find, listings, nodes, owners };
}

test('lists every instance once, and knows its data nodes from then on', async () => {
  const { find, listings, owners } = createWorld();
  const before = owners.find({ dataNodeId: `n-${first}` }, ids);

  const found = [await find(`n-${first}`), await find(`n-${second}`)];

  expect(before).toEqual({ known: [], open: ids });
  expect(found).toEqual([
    { known: [first], open: [] },
    { known: [second], open: [] },
  ]);
  expect(listings.length).toBe(30);
});

test('finds all instances that share a data node', async () => {
  const { find, nodes } = createWorld();
  nodes.set(second, [`n-${first}`, `n-${second}`]);

  expect(await find(`n-${first}`)).toEqual({ known: [first, second], open: [] });
});

test('lists again for a node without an owner, but not more often than every ten minutes', async () => {
  const { clock, find, listings, nodes } = createWorld();
  await find('n-new');
  await find('n-new');
  const before = listings.length;
  nodes.set(first, ['n-new']);
  await clock.run(clock.sleep(11 * minute));

  const found = await find('n-new');

  expect(before).toBe(30);
  expect(found).toEqual({ known: [first], open: [] });
});

test('lists no instance again that was listed after the change', async () => {
  const { clock, find, listings } = createWorld();
  const changedAt = clock.now();
  await clock.run(clock.sleep(minute));
  await find('n-unknown', 60_000, changedAt);
  await clock.run(clock.sleep(3 * 60 * minute));

  const settled = await find('n-unknown', 60_000, changedAt);
  const before = listings.length;
  await find('n-unknown', 60_000, clock.now());

  expect(settled).toEqual({ known: [], open: [] });
  expect(before).toBe(30);
  expect(listings.length).toBe(60);
});

test('forgets after an hour which instance had a node', async () => {
  const { clock, find, nodes } = createWorld();
  await find(`n-${first}`);
  nodes.set(first, []);
  nodes.set(second, [`n-${first}`]);
  await clock.run(clock.sleep(61 * minute));

  expect(await find(`n-${first}`)).toEqual({ known: [second], open: [] });
});

test('continues where it ended when there was no time for all', async () => {
  const { find, listings } = createWorld();

  const late = await find('n-unknown', 1_500);
  const seen = listings.length;
  const found = await find('n-unknown');

  expect(late.open.length).toBe(10);
  expect(seen).toBe(20); // two rounds of ten
  expect(found).toEqual({ known: [], open: [] });
  expect(listings.length).toBe(30);
});

test('an instance that cannot be listed stays open, for known nodes as well', async () => {
  const { faults, find } = createWorld();
  faults.set(second, failure('retry'));

  expect(await find('n-unknown')).toEqual({ known: [], open: [second] });
  expect(await find(`n-${first}`)).toEqual({ known: [first], open: [second] });
});

test.each<[string, SyncFailure]>([
  ['DBS.280001', { errCode: 'DBS.280001', retryClass: 'permanent', httpStatus: 400 }],
  ['404 with a code of DDM', { errCode: 'DBS.200010', retryClass: 'permanent', httpStatus: 404 }],
  [
    '404 with a text',
    { errCode: 'BAD_RESPONSE', retryClass: 'permanent', httpStatus: 404, externalMessage: 'gone' },
  ],
])('an instance that is gone has no data nodes: %s', async (_, gone) => {
  const { faults, find } = createWorld();
  faults.set(second, new ReadError('listing the schemas', gone));

  expect(await find(`n-${second}`)).toEqual({ known: [], open: [] });
});

test.each<[string, SyncFailure]>([
  ['403', { errCode: 'DBS.200047', retryClass: 'permanent', httpStatus: 403 }],
  ['404 of the gateway', { errCode: 'APIGW.0101', retryClass: 'permanent', httpStatus: 404 }],
  ['404 of a proxy', { errCode: 'BAD_RESPONSE', retryClass: 'permanent', httpStatus: 404 }],
  [
    'HTML with 200',
    { errCode: 'BAD_RESPONSE', retryClass: 'permanent', httpStatus: 200, externalMessage: 'x' },
  ],
  ['a redirect', { errCode: 'REDIRECT_REFUSED', retryClass: 'permanent', httpStatus: 302 }],
  ['a failed TLS handshake', { errCode: 'TLS', retryClass: 'permanent' }],
  ['409', { errCode: 'DBS.200019', retryClass: 'later', httpStatus: 409 }],
])('an instance may have any data node after %s', async (_, unknown) => {
  const { faults, find } = createWorld();
  faults.set(second, new ReadError('listing the schemas', unknown));

  expect(await find(`n-${second}`)).toEqual({ known: [], open: [second] });
});

test('an instance is unlistable after three failures in a row, for ten minutes', async () => {
  const { clock, faults, find, owners } = createWorld();
  faults.set(second, failure('later'));
  const found: boolean[] = [];
  for (let tries = 0; tries < 3; tries += 1) {
    await find('n-unknown');
    found.push(owners.isUnlistable(second));
  }
  await clock.run(clock.sleep(10 * minute));
  found.push(owners.isUnlistable(second));
  await find('n-unknown');
  found.push(owners.isUnlistable(second));
  faults.clear();
  await clock.run(clock.sleep(10 * minute));
  await find('n-unknown');
  found.push(owners.isUnlistable(second));

  expect(found).toEqual([false, false, true, false, true, false]);
});

test('the end of the time is not a failure of the instances that were being listed', async () => {
  const { faults, find, owners } = createWorld();
  for (const id of ids) faults.set(id, failure('retry'));
  for (let tries = 0; tries < 4; tries += 1) await find('n-unknown', 500);

  expect(ids.filter(owners.isUnlistable)).toEqual([]);
});

test('refused credentials end it at once', async () => {
  const { faults, find } = createWorld();
  for (const id of ids) faults.set(id, failure('auth'));

  await expect(find(`n-${second}`)).rejects.toBeInstanceOf(ReadError);
});

test('what one environment has listed, another knows, until an hour after the listing', async () => {
  let text: string | undefined;
  const store = {
    read: async () => text,
    write: async (written: string) => {
      text = written;
    },
  };
  const clock = createFakeClock();
  const [one, other] = [createDataNodeOwners(clock, store), createDataNodeOwners(clock, store)];
  const signal = new AbortController().signal;
  const node = { dataNodeId: `${'d'.repeat(32)}in01` };
  const list = async (id: string) => new Set(id === first ? [node.dataNodeId] : []);

  await other.load(signal);
  await clock.run(one.list(ids, { list, isOver: () => false }));
  await one.save(ids.slice(0, 20), signal); // the others are no longer of the fleet
  await other.load(signal);
  const found = other.find(node, ids);
  await clock.run(clock.sleep(61 * minute));

  expect(found).toEqual({ known: [first], open: ids.slice(20) });
  expect(other.find(node, ids)).toEqual({ known: [first], open: ids });
});

test('what cannot be read in the store is left out', async () => {
  const clock = createFakeClock();
  const text = [`${first} 1 x ${'d'.repeat(32)}in01`, `${second} later`, 'x 1', ''].join('\n');
  const owners = createDataNodeOwners(clock, { read: async () => text, write: async () => {} });
  await owners.load(new AbortController().signal);

  expect(owners.find({ dataNodeId: `${'d'.repeat(32)}in01` }, ids).known).toEqual([first]);
  expect(owners.find({ dataNodeId: 'x' }, ids).known).toEqual([]);
});

test('takes from the store only lines that it can believe, and only those that are newer', async () => {
  const clock = createFakeClock();
  const now = clock.now();
  const [third = '', fourth = ''] = ids.slice(2);
  const node = (digit: string) => `${digit.repeat(32)}in01`;
  const lines = [
    `${first} ${now - minute} ${node('a')} nonsense`,
    `${second} ${now + minute} ${node('a')}`, // from the future
    `${third} soon ${node('a')}`,
    `no-instance ${now - minute} ${node('a')}`,
    `${fourth} ${now - 2 * minute} ${node('b')}`,
    `${fourth} ${now - 3 * minute} ${node('c')}`, // older than the line before
    '',
  ];
  const written: string[] = [];
  const store = {
    read: async () => lines.join('\n'),
    write: async (text: string) => void written.push(text),
  };
  const owners = createDataNodeOwners(clock, store);
  const { signal } = new AbortController();

  await owners.load(signal);

  const find = (digit: string) => owners.find({ dataNodeId: node(digit) }, ids);
  const listed = [first, fourth];
  const open = ids.filter((id) => !listed.includes(id));
  expect(find('a')).toEqual({ known: [first], open });
  expect(find('b')).toEqual({ known: [fourth], open });
  expect(find('c')).toEqual({ known: [], open });
  await owners.save(ids, signal);
  expect(written).toEqual([
    `${first} ${now - minute} ${node('a')}\n${fourth} ${now - 2 * minute} ${node('b')}`,
  ]);
  // A minute of its ten has passed: it counts from the listing, not from the load.
  await clock.run(clock.sleep(8.5 * minute));
  expect(find('c').open).toEqual(
    open
      .concat(fourth)
      .filter((id) => ids.includes(id))
      .sort(byId),
  );
});

function byId(a: string, b: string): number {
  return ids.indexOf(a) - ids.indexOf(b);
}
