import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cursor } from '../../../lib/aws/cursor.ts';
import { watch } from '../../../lib/changes/watch.ts';
import { createFakeClock, type FakeClock } from '../../fakes/clock.ts';
import { answer, createFakeCts, type FakeCts, type FakeTrace } from '../../fakes/cts-http.ts';
import { createFakeQueue, type FakeQueue } from '../../fakes/queue.ts';
import type { FakeRunLog } from '../../fakes/run-log.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { instanceIds } from '../../support/instances.ts';

const minute = 60_000;
const hour = 60 * minute;
const ids = instanceIds(4).map((id) => id.replace(/in09$/, 'in01'));

interface World {
  readonly app: TestApp;
  readonly clock: FakeClock;
  readonly cts: FakeCts;
  readonly log: FakeRunLog;
  readonly changes: FakeQueue;
  readonly queue: FakeQueue;
  cursor: Cursor | undefined;
  /** Adds a trace that is so old. */
  record(fields: Partial<FakeTrace>, agoMs?: number): void;
  /** Data nodes that were put into the change queue so far, in order. */
  asked(): readonly string[];
  look(remainingMs?: number): Promise<unknown>;
}

function createWorld(refuse: (id: string) => boolean = () => false, env = {}): World {
  const clock = createFakeClock();
  const cts = createFakeCts();
  const [changes, queue] = [createFakeQueue(refuse), createFakeQueue(refuse)];
  const app = createTestApp({
    clock,
    env,
    changeQueue: changes,
    syncQueue: queue,
    http: () => cts.http,
    parameters: {
      fleet: async () => ({ instanceIds: ids, malformed: [], duplicates: 0, notRunning: [] }),
      cursor: async () => world.cursor,
      moveCursor: async (cursor) => {
        world.cursor = cursor;
      },
    },
  });
  let traces = 0;
  const world: World = {
    app,
    clock,
    cts,
    changes,
    queue,
    log: app.log,
    cursor: { until: clock.now() - minute, done: [] },
    record: (fields, agoMs = 0) => {
      traces += 1;
      cts.traces.push({
        trace_id: `trace-${traces}`,
        trace_name: 'changeInstancePort',
        service_type: 'RDS',
        resource_id: ids[0] ?? '',
        trace_type: 'SystemAction',
        trace_rating: 'normal',
        time: clock.now() - agoMs,
        ...fields,
      });
    },
    asked: () =>
      changes.sent.map(({ message }) => ('dataNodeId' in message ? message.dataNodeId : '?')),
    look: (remainingMs = 600_000) => clock.run(watch(app, 'run-1', deadlineIn(remainingMs, clock))),
  };
  return world;
}

const [first = '', second = ''] = ids;

describe('a trace', () => {
  test('puts its data node into the change queue', async () => {
    const world = createWorld();
    world.record({});
    world.record({ resource_id: second });

    const watched = await world.look();

    expect([...world.asked()].sort()).toEqual([first, second]);
    expect(watched).toMatchObject({ traces: 2, changes: 2, enqueued: 2, fullSync: false });
    expect(world.log.notices).toMatchObject([{ message: 'changes watched', enqueued: 2 }]);
  });

  test('leads to a sync once, though the looks overlap', async () => {
    const world = createWorld();
    world.record({});

    for (let looks = 0; looks < 20; looks += 1) {
      await world.look();
      await world.clock.run(world.clock.sleep(2 * minute));
    }

    expect(world.asked()).toEqual([first]);
  });

  test.each([
    ['failed', { trace_rating: 'warning' }],
    ['is our own', { trace_name: 'synRdsinfo', service_type: 'DDM' }],
    ['changes nothing that DDM knows', { trace_name: 'resetPassword' }],
    ['has no id', { resource_id: '' }],
  ])('leads to nothing when it %s', async (_, fields) => {
    const world = createWorld();
    world.record(fields);

    await world.look();

    expect(world.asked()).toEqual([]);
    expect(world.log.problems).toEqual([]);
  });

  test.each(['GaussDB(for MySQL)', 'MySQLCluster'])(
    'of a configured service counts: %s',
    async (service_type) => {
      const world = createWorld(undefined, { WATCH_SERVICE_TYPES: `RDS,${service_type}` });
      world.record({ service_type });

      await world.look();

      expect(world.asked()).toEqual([first]);
    },
  );

  test('of GaussDB counts as well', async () => {
    const world = createWorld();
    world.record({ service_type: 'GaussDB', trace_name: 'addNodes' });

    await world.look();

    expect(world.asked()).toEqual([first]);
  });
});

describe('an operation that is recorded twice', () => {
  const asked = { trace_type: 'ApiCall' };

  test('leads to one sync, when it has ended', async () => {
    const world = createWorld();
    world.record(asked);
    await world.look();
    const early = world.asked();
    await world.clock.run(world.clock.sleep(4 * minute));
    world.record({});

    await world.look();
    await world.clock.run(world.clock.sleep(12 * minute));
    await world.look();

    expect(early).toEqual([]);
    expect(world.asked()).toEqual([first]);
  });

  test('leads to none when it failed in the end', async () => {
    const world = createWorld();
    world.record(asked, minute);
    world.record({ trace_rating: 'warning' });

    await world.look();
    await world.clock.run(world.clock.sleep(30 * minute));
    await world.look();

    expect(world.asked()).toEqual([]);
  });

  test('leads to one after ten minutes when its end is not recorded', async () => {
    const world = createWorld();
    world.record(asked);

    for (let looks = 0; looks < 10; looks += 1) {
      await world.look();
      await world.clock.run(world.clock.sleep(2 * minute));
    }

    expect(world.asked()).toEqual([first]);
  });
});

describe('operations of one name on one data node', () => {
  const asked = { trace_type: 'ApiCall' };
  const failed = { trace_rating: 'warning' };
  /** Adds each record at its minute, looks every 2 minutes, and resolves with the minutes of the messages. */
  async function watchOver(
    records: readonly (Partial<FakeTrace> & { at: number; late?: number })[],
  ) {
    const world = createWorld();
    const startedAt = world.clock.now();
    const messagesAt: number[] = [];
    for (let at = 0; at <= 40; at += 2) {
      for (const { at: time, late = 0, ...fields } of records) {
        if (time + late > at - 2 && time + late <= at) world.record(fields, (at - time) * minute);
      }
      const before = world.asked().length;
      await world.look();
      if (world.asked().length > before) messagesAt.push(at);
      const next = startedAt + (at + 2) * minute;
      await world.clock.run(world.clock.sleep(next - world.clock.now()));
    }
    return messagesAt;
  }

  test.each([
    ['a success, then a failure', [{ at: 1 }, { at: 2, ...failed }], [2]],
    ['a failure, then a success', [{ at: 1, ...failed }, { at: 2 }], [2]],
    [
      'two that overlap, of which the second fails',
      [{ at: 0, ...asked }, { at: 1, ...asked }, { at: 3 }, { at: 4, ...failed }],
      [4],
    ],
    [
      'two that overlap, of which the first fails',
      [{ at: 0, ...asked }, { at: 1, ...asked }, { at: 3, ...failed }, { at: 6 }],
      [6],
    ],
    [
      'a success that is recorded after a later failure',
      [
        { at: 1, late: 5 },
        { at: 3, ...failed },
      ],
      [6],
    ],
    ['a success that is recorded after a later success', [{ at: 1, late: 5 }, { at: 3 }], [4, 6]],
    [
      'a request without an end, then one that fails',
      [
        { at: 0, ...asked },
        { at: 2, ...asked },
        { at: 4, ...failed },
      ],
      [10],
    ],
    [
      'a request without an end that is out of sight when the later one of the failure would count',
      [
        { at: 0, ...asked },
        { at: 8, ...asked },
        { at: 9, ...failed },
      ],
      [10],
    ],
    [
      'requests without an end every 8 minutes',
      [0, 8, 16, 24].map((at) => ({ at, ...asked })),
      [10, 18, 26, 34],
    ],
  ])('lose nothing: %s', async (_, records, messagesAt) => {
    expect(await watchOver(records)).toEqual(messagesAt);
  });

  test('that all fail lead to nothing', async () => {
    const records = [
      { at: 0, ...asked },
      { at: 1, ...asked },
      { at: 3, ...failed },
      { at: 8, ...failed },
    ];

    expect(await watchOver(records)).toEqual([]);
  });
});

describe('an outage', () => {
  test('of five days loses nothing', async () => {
    const world = createWorld();
    world.cursor = { until: world.clock.now() - 5 * 24 * hour, done: [] };
    for (const [index, id] of ids.entries()) {
      world.record({ resource_id: id }, (index + 1) * 29 * hour);
    }

    const watched = await world.look();

    expect([...world.asked()].sort()).toEqual([...ids].sort());
    expect(watched).toMatchObject({ fullSync: false });
  });

  test('of eight days leads to one full sync', async () => {
    const world = createWorld();
    world.cursor = { until: world.clock.now() - 8 * 24 * hour, done: [] };
    world.record({}, 8 * 24 * hour - minute);
    world.record({ resource_id: second }, 10 * minute);

    const watched = await world.look();
    await world.look();

    // What is recorded late may have changed after the full sync.
    expect(world.asked()).toEqual([second]);
    expect(watched).toMatchObject({ fullSync: true });
    expect(world.log.warned).toEqual([
      {
        message: 'CTS no longer has all changes since the last run: full sync requested',
        runId: 'run-1',
      },
    ]);
    expect(world.queue.sent.map(({ message }) => message)).toEqual([
      { fleet: true, trigger: 'change', runId: 'run-1' },
    ]);
  });

  test('asks for the full sync again where the queue does not take it', async () => {
    let works = false;
    const world = createWorld(() => !works);
    const cursor = { until: world.clock.now() - 8 * 24 * hour, done: [] };
    world.cursor = cursor;

    await expect(world.look()).rejects.toThrow(/^The sync queue did not take the full sync: ./);
    expect([world.cursor, world.log.warnings]).toEqual([cursor, []]);
    works = true;

    expect(await world.look()).toMatchObject({ fullSync: true });
    expect(world.queue.sent.length).toBe(1);
  });

  test.each([
    ['just as long as CTS keeps its traces loses nothing', 0, false],
    ['longer than that leads to a full sync', 1, true],
  ])('%s', async (_, moreMs, fullSync) => {
    const world = createWorld();
    world.cursor = { until: world.clock.now() - (7 * 24 - 1) * hour - moreMs, done: [] };

    expect(await world.look()).toMatchObject({ fullSync });
  });

  test('is caught up with in steps: what was done stays done when the time is over', async () => {
    const world = createWorld();
    const startedAt = world.clock.now();
    world.cursor = { until: startedAt - 6 * 24 * hour, done: [] };
    world.record({}, 5 * 24 * hour);
    world.cts.fault = async () => {
      await world.clock.sleep(3_000);
      return undefined;
    };

    await world.look(60_000);
    const early = world.cursor.until;
    for (let looks = 0; looks < 10; looks += 1) await world.look(60_000);

    expect(early).toBeGreaterThan(startedAt - 6 * 24 * hour);
    expect(early).toBeLessThan(startedAt - 24 * hour);
    expect(world.cursor.until).toBeGreaterThanOrEqual(startedAt);
    expect(world.asked()).toEqual([first]);
  });
});

test('begins with now where there is no cursor', async () => {
  const world = createWorld();
  world.cursor = undefined;
  world.record({}, 3 * hour);

  await world.look();

  expect(world.asked()).toEqual([]);
  expect(world.cursor).toMatchObject({ until: world.clock.now() });
});

describe('the cursor stays where it was', () => {
  test.each<[string, Partial<FakeTrace>, (world: World) => void, RegExp]>([
    [
      'when CTS fails',
      {},
      ({ cts }) => {
        cts.fault = ({ url }) => (url.includes('/traces') ? answer(500, {}) : undefined);
      },
      /listing the audit traces of RDS failed/,
    ],
    [
      'when the credentials are refused',
      {},
      ({ cts }) => {
        cts.fault = () => answer(401, { error_code: 'APIGW.0307', error_msg: 'must be updated' });
      },
      /APIGW\.0307.*rotate-token/,
    ],
  ])('%s', async (_, fields, break_, message) => {
    const world = createWorld();
    const before = world.cursor;
    world.record(fields);
    break_(world);

    await expect(world.look()).rejects.toThrow(message);

    expect(world.cursor).toBe(before);
    expect(world.asked()).toEqual([]);
    world.cts.fault = () => undefined;
    await world.look();
    expect(world.asked()).toEqual([first]);
  });

  test('when the queue does not take the message', async () => {
    let works = false;
    const world = createWorld(() => !works);
    world.record({});

    await expect(world.look()).rejects.toThrow('did not take 1 messages');
    works = true;
    await world.look();

    expect(world.asked()).toEqual([first]);
  });
});

describe('a trace of an unusual form', () => {
  const response = { instance: { id: first } };

  test.each<[string, (now: number) => Partial<FakeTrace>]>([
    ['resource_id null, and its id in the response', () => ({ resource_id: null, response })],
    ['trace_rating null', () => ({ trace_rating: null })],
    [
      'trace_rating null, and a trace_status',
      () => ({ trace_rating: null, trace_status: 'normal' }),
    ],
    ['time as a text with a zone', (now) => ({ time: inZone(now) })],
    ['time as digits', (now) => ({ time: String(now) })],
    ['time null, and a record_time', (now) => ({ time: null, record_time: now })],
  ])('counts: %s', async (_, fields) => {
    const world = createWorld();
    world.record(fields(world.clock.now()));

    expect(await world.look()).toMatchObject({ unreadable: 0, changes: 1 });
    expect(world.asked()).toEqual([first]);
    expect(world.log.warnings).toEqual([]);
  });

  test('counts as a request: trace_type null', async () => {
    const world = createWorld();
    world.record({ trace_type: null });
    await world.look();
    const early = world.asked();
    await world.clock.run(world.clock.sleep(11 * minute));
    await world.look();

    expect(early).toEqual([]);
    expect(world.asked()).toEqual([first]);
  });

  test.each<[string, object]>([
    ['no trace_id', { trace_id: null }],
    ['no trace_name', { trace_name: null }],
    ['no time', { time: 'yesterday' }],
    ['a time that is no date', { time: 1e300 }],
    ['no id of a data node', { resource_id: 'rds-orders' }],
  ])('is counted, and one warning tells of it: %s', async (_, fields) => {
    const world = createWorld();
    for (const name of ['changeInstancePort', 'instanceAction']) {
      world.record({ trace_name: name, ...fields });
    }

    expect(await world.look()).toMatchObject({ unreadable: 2, changes: 0 });
    expect(world.log.notices).toMatchObject([{ message: 'changes watched', unreadable: 2 }]);
    expect(world.log.warned).toEqual([
      { message: 'audit traces not readable', runId: 'run-1', traces: 2 },
    ]);
  });

  test('does not hide the next page, even if a page has no other', async () => {
    const world = createWorld();
    world.record({}, 30_000);
    for (let index = 0; index < 400; index += 1) world.record({ trace_name: null as never });

    expect(await world.look()).toMatchObject({ unreadable: 400, changes: 1 });
    expect(world.asked()).toEqual([first]);
  });
});

test('a marker that is no well-formed text ends nothing', async () => {
  const world = createWorld();
  for (let index = 0; index < 250; index += 1) world.record({ trace_id: `${index}\ud800` });

  expect(await world.look()).toMatchObject({ enqueued: 1 });
});

/** As CTS writes it in its documentation: 2016/12/08 11:07:28 GMT+08:00. */
function inZone(ms: number): string {
  const local = new Date(ms + 8 * hour).toISOString();
  return `${local.slice(0, 10).replaceAll('-', '/')} ${local.slice(11, 19)} GMT+08:00`;
}

test('10,000 traces are read page by page', async () => {
  const world = createWorld();
  for (let index = 0; index < 10_000; index += 1) {
    world.record({ trace_name: index % 100 === 0 ? 'instanceAction' : 'setDBParameters' });
  }

  const watched = await world.look();

  expect(watched).toMatchObject({ traces: 10_000, changes: 100, enqueued: 1 });
  expect(world.asked()).toEqual([first]);
});

test('crashes at any effect lose no change, and repeat none beyond the overlap', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ instance: fc.nat(3), at: fc.nat(240), late: fc.nat(8) }), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.array(fc.nat(12), { maxLength: 30 }),
      async (operations, crashes) => {
        const world = createWorld();
        const startedAt = world.clock.now();
        let left = Number.POSITIVE_INFINITY;
        const effect = (): void => {
          left -= 1;
          if (left < 0) throw new Error('dead');
        };
        const { sendBatch } = world.changes;
        const dying: TestApp = {
          ...world.app,
          changeQueue: {
            ...world.changes,
            sendBatch: async (entries, signal) => {
              effect();
              const sent = await sendBatch(entries, signal);
              effect();
              return sent;
            },
          },
          parameters: {
            ...world.app.parameters,
            cursor: async () => {
              effect();
              return world.cursor;
            },
            moveCursor: async (cursor) => {
              effect();
              world.cursor = cursor;
              effect();
            },
          },
        };
        world.cts.fault = () => {
          effect();
          return undefined;
        };
        // Recorded up to 8 minutes after it happened: the overlap is for that.
        const pending = operations.map(({ at, instance, late }, index) => ({
          seenAt: startedAt + (at + late) * minute,
          trace: {
            trace_id: `operation-${index}`,
            trace_name: index % 2 === 0 ? 'changeInstancePort' : 'instanceAction',
            service_type: 'RDS',
            resource_id: ids[instance] ?? '',
            trace_type: 'SystemAction',
            trace_rating: 'normal',
            time: startedAt + at * minute,
          },
        }));

        for (let look = 0; look < 150; look += 1) {
          const now = world.clock.now();
          for (const { seenAt, trace } of pending) {
            if (seenAt <= now && !world.cts.traces.includes(trace)) world.cts.traces.push(trace);
          }
          left = crashes[look] ?? Number.POSITIVE_INFINITY;
          await world.clock
            .run(watch(dying, `run-${look}`, deadlineIn(600_000, world.clock)))
            .catch(() => {});
          await world.clock.run(world.clock.sleep(2 * minute));
        }

        const asked = Map.groupBy(world.asked(), (id) => id);
        for (const id of ids) {
          const happened = pending.filter(({ trace }) => trace.resource_id === id).length;
          const times = asked.get(id)?.length ?? 0;
          if (happened > 0) expect(times).toBeGreaterThan(0);
          else expect(times).toBe(0);
          // Each crash may come between the queue and the cursor.
          expect(times).toBeLessThanOrEqual(happened + crashes.length);
        }
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

test('warns once of a service type that has had no trace for a week', async () => {
  const world = createWorld();
  const warnings: number[] = [];
  for (let day = 0; day < 10; day += 1) {
    world.record({ trace_name: 'setDBParameters' }); // of RDS; there is none of GaussDB
    await world.look();
    warnings.push(world.log.warnings.length);
    await world.clock.run(world.clock.sleep(24 * hour));
  }

  expect(warnings).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
  expect(world.log.warned).toEqual([
    { message: 'no audit traces of a service type for a week', serviceType: 'GaussDB' },
  ]);
});

test('a service type whose traces cannot be read is not silent', async () => {
  const world = createWorld();
  const unreadable: object = { trace_id: null };
  for (let day = 0; day < 10; day += 1) {
    for (const service_type of ['RDS', 'GaussDB']) world.record({ service_type, ...unreadable });
    await world.look();
    await world.clock.run(world.clock.sleep(24 * hour));
  }

  expect(new Set(world.log.warnings)).toEqual(new Set(['audit traces not readable']));
});
