import { expect, test } from 'vitest';
import { createDataNodeOwners, OwnersUnknownError } from '../../../lib/changes/data-node-owners.ts';
import { ReadError } from '../../../lib/errors.ts';
import { createFakeClock } from '../../fakes/clock.ts';
import { instanceIds } from '../../support/instances.ts';

const ids = instanceIds(30);
const [first = '', second = ''] = ids;
const minute = 60_000;
function failure(retryClass: 'retry' | 'permanent' | 'auth') {
  return new ReadError('listing the schemas', { errCode: 'X', retryClass });
}

/** A topology over instances that each have one node, `n-<instance id>`; a look takes 1 s. */
function createWorld() {
  const clock = createFakeClock();
  const owners = createDataNodeOwners(clock);
  const nodes = new Map(ids.map((id) => [id, [`n-${id}`]]));
  const looks: string[] = [];
  const faults = new Map<string, ReadError>();
  const dataNodes = async (instanceId: string): Promise<ReadonlySet<string>> => {
    looks.push(instanceId);
    await clock.sleep(1_000);
    const fault = faults.get(instanceId);
    if (fault) throw fault;
    return new Set(nodes.get(instanceId));
  };
  const find = (dataNodeId: string, remainingMs = 60_000) => {
    const startedAt = clock.monotonic();
    return clock.run(
      owners.find(dataNodeId, ids, {
        list: dataNodes,
        isOver: () => clock.monotonic() >= startedAt + remainingMs,
      }),
    );
  };
  return { clock, faults, find, looks, nodes };
}

test('looks at every instance once, and knows its data nodes from then on', async () => {
  const { find, looks } = createWorld();

  const found = [await find(`n-${first}`), await find(`n-${second}`)];

  expect(found).toEqual([[first], [second]]);
  expect(looks.length).toBe(30);
});

test('finds all instances that share a data node', async () => {
  const { find, nodes } = createWorld();
  nodes.set(second, [`n-${first}`, `n-${second}`]);

  expect(await find(`n-${first}`)).toEqual([first, second]);
});

test('looks again for a node that nobody had, but not more often than every ten minutes', async () => {
  const { clock, find, looks, nodes } = createWorld();
  await find('n-new');
  await find('n-new');
  const before = looks.length;
  nodes.set(first, ['n-new']);
  await clock.run(clock.sleep(11 * minute));

  const found = await find('n-new');

  expect(before).toBe(30);
  expect(found).toEqual([first]);
});

test('forgets after an hour which instance had a node', async () => {
  const { clock, find, nodes } = createWorld();
  await find(`n-${first}`);
  nodes.set(first, []);
  nodes.set(second, [`n-${first}`]);
  await clock.run(clock.sleep(61 * minute));

  expect(await find(`n-${first}`)).toEqual([second]);
});

test('goes on where it ended when there was no time for all', async () => {
  const { find, looks } = createWorld();

  const late: unknown = await find('n-unknown', 1_500).catch((error: unknown) => error);
  const seen = looks.length;
  const found = await find('n-unknown');

  expect(late).toBeInstanceOf(OwnersUnknownError);
  expect(late).toMatchObject({ isLate: true });
  expect(seen).toBe(20); // two rounds of ten
  expect(found).toEqual([]);
  expect(looks.length).toBe(30);
});

test('cannot tell who has an unknown node while an instance does not answer, and can for a known one', async () => {
  const { faults, find } = createWorld();
  faults.set(second, failure('retry'));

  const unknown: unknown = await find('n-unknown').catch((error: unknown) => error);

  expect(unknown).toMatchObject({ name: 'OwnersUnknownError', isLate: false });
  expect(await find(`n-${first}`)).toEqual([first]);
});

test('an instance that is gone has no data nodes', async () => {
  const { faults, find } = createWorld();
  faults.set(second, failure('permanent'));

  expect(await find(`n-${second}`)).toEqual([]);
});

test('refused credentials end it at once', async () => {
  const { faults, find } = createWorld();
  for (const id of ids) faults.set(id, failure('auth'));

  await expect(find(`n-${second}`)).rejects.toBeInstanceOf(ReadError);
});
