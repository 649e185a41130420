import { describe, expect, test } from 'vitest';
import { syncOnDemand } from '../../../lib/http/on-demand.ts';
import type { HttpClient } from '../../../lib/huawei/http.ts';
import { createDiscoveredFleet } from '../../../lib/sync/fleet.ts';
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

test('POST /sync hands a large fleet over without listing it', async () => {
  const { app, offsets } = discover({ ids: [...instanceIds(100_000)] });
  const request = { runId: 'run-1', trigger: 'http', dryRun: false } as const;

  const work = syncOnDemand(app, request, deadlineIn(25_000, app.clock));
  const { report } = await app.clock.run(work);

  expect(report).toMatchObject({ total: 100_000, queued: 100_000 });
  expect(offsets).toEqual([0]);
});
