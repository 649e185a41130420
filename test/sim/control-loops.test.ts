import { describe, expect, onTestFinished, test } from 'vitest';
import type { Fault } from './faults.ts';
import { useLightAbort } from './light-abort.ts';
import { hourMs, minuteMs, type Plan } from './plan.ts';
import { type Figures, measure, preloadedPlan } from './scenarios/measure.ts';
import { calmFleet, neverAnswer, withLimit } from './scenarios/queue-and-engine.ts';

/*
 * The rows of scenarios/queue-and-engine.ts, where they are large with smaller fleets: `npm run sim -- --scenarios`
 * prints the figures.
 */
const forEver = { from: 0, to: Number.POSITIVE_INFINITY };

async function run(plan: Plan): Promise<Figures> {
  onTestFinished(useLightAbort());
  return measure(plan);
}

describe('four workers with 20 calls a second each', () => {
  test('let no message die where DDM takes one call a second', async () => {
    const figures = await run(withLimit(1, preloadedPlan(1_000)));

    expect(figures).toMatchObject({ dead: 0, reached: 1_000 });
    expect(figures.lastAcceptSeconds).toBeLessThanOrEqual(1_150);
  });

  test('let no message die where SYNC_RATE_PER_SECOND is 0.2', async () => {
    const figures = await run(preloadedPlan(300, { env: { SYNC_RATE_PER_SECOND: '0.2' } }));

    expect(figures).toMatchObject({ dead: 0, reached: 300 });
  });

  test('go on within two minutes after an outage', async () => {
    const outage = { from: 0, to: 15 * minuteMs, kind: 'outage', retryAfterSeconds: 60 } as const;

    const figures = await run(preloadedPlan(400, { faults: [outage] }));

    expect(figures).toMatchObject({ dead: 0, reached: 400 });
    expect(figures.lastAcceptSeconds).toBeLessThanOrEqual(900 + 120);
  });

  test.each([50, 20, 10, 5])(
    'use 95 %% of a limit of %i a second, and waste few calls',
    async (limit) => {
      const { busy, calls, dead, wasted } = await run(withLimit(limit, preloadedPlan(limit * 300)));

      expect(busy.acceptsPerSecond / limit).toBeGreaterThanOrEqual(0.95);
      expect(wasted / calls).toBeLessThanOrEqual(0.05);
      expect(dead).toBe(0);
    },
  );

  test.each([0.01, 0.001])('are not held up by a share of %d that never answers', async (share) => {
    const faults = neverAnswer(5_000, share);

    const { busy, dead } = await run(preloadedPlan(5_000, { faults }));

    expect(busy.acceptsPerSecond).toBeGreaterThanOrEqual(72);
    expect(dead).toBe(0);
  });

  test.each([
    ['errors-503', 0.05],
    ['errors-503', 0.3],
    ['errors-500', 0.05],
  ] as const)('do not slow down for random %s on a share of %d', async (kind, share) => {
    const faults: Fault[] = [{ ...forEver, kind, share }];

    const { busy, dead } = await run(preloadedPlan(2_000, { faults }));

    expect(busy.callsPerSecond).toBeGreaterThanOrEqual(4 * 17);
    expect(dead).toBe(0);
  });

  test.each([30, 120, 3_600])(
    'give a message back at once after Retry-After: %i',
    async (seconds) => {
      const faults: Fault[] = [{ from: 0, to: hourMs, kind: 'limit', perSecond: 0 }];
      const plan = preloadedPlan(100, { faults });

      const { world } = await run({ ...plan, ddm: { ...plan.ddm, retryAfterSeconds: seconds } });

      const [first = { at: 0 }, second = { at: 0 }] = world.deliveries;
      const endedAt = first.endedAt ?? Number.POSITIVE_INFINITY;
      expect(endedAt - first.at).toBeLessThan(2_000);
      expect(second.at - endedAt).toBeGreaterThanOrEqual(Math.min(seconds, 900) * 1_000 - 100);
      expect(second.at - endedAt).toBeLessThan((Math.min(seconds, 900) + 10) * 1_000);
    },
  );
});

describe('a schedule of 15 minutes', () => {
  test('asks for nothing that still waits, in an outage of 2 hours', async () => {
    const faults: Fault[] = [{ from: 0, to: 2 * hourMs, kind: 'outage' }];
    const plan = calmFleet(1_000, {
      faults,
      asksUntil: 2 * hourMs,
      env: { SYNC_INLINE_MAX: '100' },
    });

    const { accepts, dead, peak, reached } = await run(plan);

    expect(peak).toBeLessThanOrEqual(1_100);
    expect(accepts / 1_000).toBeLessThanOrEqual(1.2);
    expect(reached).toBeGreaterThanOrEqual(998);
    expect(dead).toBe(0);
  });

  test('calls twice a minute with a dead token, and loses nothing', async () => {
    const faults: Fault[] = [{ from: 0, to: 2 * hourMs, kind: 'dead-token' }];
    const plan = calmFleet(1_000, {
      faults,
      asksUntil: 2 * hourMs,
      env: { SYNC_INLINE_MAX: '100' },
    });

    const { accepts, calls, dead, peak, world } = await run(plan);

    expect(peak).toBeLessThanOrEqual(1_100);
    expect((calls - accepts) / 120 / 5).toBeLessThanOrEqual(2);
    expect(dead).toBe(0);
    expect(accepts + (world.history.failures.get('RUN_STOPPED') ?? 0)).toBeGreaterThanOrEqual(
      1_000,
    );
  });

  test('gives every instance its turn where the fleet is larger than a period', async () => {
    // 72 instances a minute: the fleet takes two periods.
    const env = { SYNC_RATE_PER_SECOND: '0.3', SYNC_INLINE_MAX: '0' };
    const plan = calmFleet(1_500, { env, asksUntil: 3 * hourMs, settleMs: hourMs });

    const { peak, world } = await run(plan);

    expect(peak).toBeLessThanOrEqual(1_650);
    const accepts = world.ddm.instances.map((instance) => instance.accepts);
    expect(Math.min(...accepts)).toBeGreaterThanOrEqual(3);
    expect(Math.max(...accepts) - Math.min(...accepts)).toBeLessThanOrEqual(1);
  });

  test('is not stopped by one instance that is refused with credentials that are good', async () => {
    const own = { ...forEver, kind: 'instance', index: 100, does: '401' } as const;
    const plan = calmFleet(500, { faults: [own], asksUntil: 10 * minuteMs, settleMs: hourMs });

    const { world } = await run(plan);

    expect(world.history.failures.has('RUN_STOPPED')).toBe(false);
    expect(world.history.counts).toMatchObject({ accepted: 499, failed: 1 });
  });

  test('stops at a dead token after a few calls', async () => {
    const token = { ...forEver, kind: 'dead-token' } as const;
    const plan = calmFleet(500, { faults: [token], asksUntil: 10 * minuteMs, settleMs: minuteMs });

    expect((await run(plan)).calls).toBeLessThanOrEqual(8);
  });
});
