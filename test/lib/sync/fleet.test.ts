import { describe, expect, test } from 'vitest';
import { syncOnDemand } from '../../../lib/http/on-demand.ts';
import type { HttpClient } from '../../../lib/huawei/http.ts';
import { createDiscoveredFleet, createListedFleet } from '../../../lib/sync/fleet.ts';
import type { FakeClock } from '../../fakes/clock.ts';
import { answer } from '../../fakes/cts-http.ts';
import { createFakeQueue } from '../../fakes/queue.ts';
import { createTestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { instanceIds } from '../../support/instances.ts';

interface ListOptions {
  readonly ids: string[];
  /** Of a page, by the number of the call. @default the limit asked for */
  readonly length?: (call: number) => number;
  readonly hasTotal?: boolean;
  /** What the service says instead of how many there are. */
  readonly total?: number;
  readonly latencyMs?: number;
  /** Whether a call fails, by its number. */
  readonly fails?: (call: number) => boolean;
}

/** Discovery over DDM's list of instances. */
function discover({ hasTotal = true, ids, latencyMs = 150, ...options }: ListOptions) {
  const offsets: number[] = [];
  const http = (clock: FakeClock): HttpClient => ({
    close: () => {},
    send: async ({ signal, url }) => {
      const query = new URL(url).searchParams;
      const offset = Number(query.get('offset'));
      const call = offsets.push(offset);
      await clock.sleep(latencyMs, signal);
      if (signal.aborted || options.fails?.(call)) return answer(403, { errCode: 'DBS.200047' });
      const length = Math.min(Number(query.get('limit')), options.length?.(call) ?? 128);
      const instances = ids.slice(offset, offset + length).map((id) => ({ id, status: 'RUNNING' }));
      return answer(200, {
        instances,
        ...(hasTotal && { total_record: options.total ?? ids.length }),
      });
    },
  });
  const app = createTestApp({
    http,
    syncQueue: createFakeQueue(),
    env: { SYNC_RATE_PER_SECOND: '20', SYNC_INLINE_MAX: '500' },
  });
  const fleets = createDiscoveredFleet(app);
  const list = (totalMs = 60_000) =>
    app.clock.run(fleets.fleet(deadlineIn(totalMs, app.clock)).catch((error: Error) => error));
  return { app: { ...app, ...fleets }, list, offsets };
}

describe('the list of instances', () => {
  test.each([
    ['with a total', {}],
    ['without a total', { hasTotal: false }],
    ['with a total that is no number of instances', { total: 1e15 }],
    ['with a total below zero', { total: -1 }],
    ['with pages shorter than asked for', { length: (call: number) => 50 + call }],
    ['with a page that was refused', { fails: (call: number) => call === 4 }],
  ] as const)('is complete %s', async (_, options) => {
    const ids = [...instanceIds(1_000)];
    const { list } = discover({ ids, ...options });

    const [first, second] = [await list(), await list()];

    const found = first instanceof Error ? second : first;
    expect(found).toMatchObject({ instanceIds: expect.any(Array), malformed: [], notRunning: [] });
    expect('instanceIds' in found && [...found.instanceIds].sort()).toEqual(ids.toSorted());
  });

  test('is read several pages at once', async () => {
    const { app, list, offsets } = discover({ ids: [...instanceIds(40_000)] });

    expect(await list()).toMatchObject({ instanceIds: { length: 40_000 } });
    expect(offsets.length).toBe(313);
    expect(app.clock.monotonic()).toBeLessThan(20_000);
  });

  test('is continued by the next invocation', async () => {
    const { list, offsets } = discover({ ids: [...instanceIds(40_000)] });

    expect(await list(25_000)).toMatchObject({ name: 'ReadError' });
    expect(await list(25_000)).toMatchObject({ instanceIds: { length: 40_000 } });
    expect(offsets.length).toBeLessThan(313 + 20); // none but those that the deadline ended
  });

  test('has an instance that is created while it is read', async () => {
    const [late = '', ...ids] = instanceIds(257);
    const { list } = discover({ ids, fails: (call) => call === 2 && ids.push(late) === 0 });

    expect(await list()).toMatchObject({ instanceIds: { length: 257 } });
  });
});

test('the list is begun anew once the last page is more than 15 minutes old', async () => {
  for (const [minutes, anew] of [
    [14.9, false],
    [15.1, true],
  ] as const) {
    const { app, list, offsets } = discover({ ids: [...instanceIds(40_000)] });
    await list(25_000);
    const before = offsets.length;
    await app.clock.run(app.clock.sleep(minutes * 60_000 - app.clock.monotonic()));

    await list(60_000);

    expect(offsets.slice(before).includes(0)).toBe(anew);
  }
});

describe('discovery', () => {
  const [running = '', stopped = '', odd = '', excluded = ''] = instanceIds(4);
  const secret = 'x'.repeat(70);
  const listed = [
    { id: running, status: 'RUNNING', name: ' shop-01\n' },
    { id: stopped, status: 'BACKUP', name: 'shop-02' },
    { id: odd, status: 'IN A STATE OF ITS OWN', name: 'shop-03' },
    { id: excluded, status: 'RUNNING', name: 'shop-04' },
    { id: secret, status: 'RUNNING', name: 'shop-05' },
  ];

  function open() {
    const urls: string[] = [];
    const app = createTestApp({
      parameters: { excluded: async () => [excluded] },
      http: () => ({
        close: () => {},
        send: async ({ url }) => {
          urls.push(url);
          return answer(200, { instances: listed, total_record: listed.length });
        },
      }),
    });
    const fleets = createDiscoveredFleet(app);
    const deadline = deadlineIn(60_000, app.clock);
    return { fleets, deadline, run: app.clock.run, urls };
  }

  test('tells which instances run, which do not, and what is none', async () => {
    const { deadline, fleets, run } = open();

    expect(await run(fleets.fleet(deadline))).toEqual({
      instanceIds: [running],
      notRunning: [
        { instanceId: stopped, state: 'BACKUP' },
        { instanceId: odd, state: 'unknown' },
      ],
      malformed: [secret.slice(0, 64)],
      duplicates: 0,
      names: new Map([
        [running, 'shop-01'],
        [stopped, 'shop-02'],
        [odd, 'shop-03'],
      ]),
    });
  });

  test('counts without the list where it has none, and from the list where it has', async () => {
    const { deadline, fleets, run, urls } = open();

    const before = await run(fleets.fleetSize(deadline));
    const asked = urls.length;
    await run(fleets.fleet(deadline));
    const known = urls.length;
    const after = await run(fleets.fleetSize(deadline));

    expect([before, after]).toEqual([5, 4]);
    expect([asked, urls.length]).toEqual([1, known]);
  });

  test('a list in the parameter store counts every entry', async () => {
    const { app } = discover({ ids: [] });
    const fleet = {
      ...{ instanceIds: [running, excluded], malformed: ['x'], duplicates: 7 },
      notRunning: [{ instanceId: stopped, state: 'BACKUP' }],
    };
    const { fleetSize } = createListedFleet({ ...app.parameters, fleet: async () => fleet });

    expect(await fleetSize(deadlineIn(60_000, app.clock))).toBe(4);
  });
});

test('POST /sync hands a large fleet over without listing it', async () => {
  const { app, offsets } = discover({ ids: [...instanceIds(100_000)] });
  const request = { runId: 'run-1', trigger: 'http', dryRun: false } as const;

  const work = syncOnDemand(app, request, deadlineIn(25_000, app.clock));
  const { report } = await app.clock.run(work);

  expect(report).toMatchObject({ total: 100_000, queued: 100_000 });
  expect(offsets).toEqual([0]);
});
