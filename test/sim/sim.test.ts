import { describe, expect, it, onTestFinished } from 'vitest';
import type { Fault } from './faults.ts';
import { type Invariant, invariantNames } from './invariants.ts';
import { useLightAbort } from './light-abort.ts';
import { type NamedWorld, namedWorlds } from './named-worlds.ts';
import { calmPlan, minuteMs, type Operation, type Plan } from './plan.ts';
import { randomPlan } from './random-plan.ts';
import { runWorld } from './run.ts';
import { shrink } from './shrink.ts';
import type { Sabotage } from './world.ts';

const seeds = 300;

describe('the service over hours', () => {
  it(`keeps its promises in ${seeds} random worlds`, async () => {
    const violated: string[] = [];
    onTestFinished(useLightAbort());
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { violations } = await runWorld(randomPlan(seed));
      for (const { detail, invariant } of violations) {
        violated.push(`npm run sim -- --seed ${seed} --only ${invariant}: ${detail}`);
      }
    }

    expect(violated).toEqual([]);
  });

  it('violates nothing where nothing goes wrong', async () => {
    const { isSettled, violations, world } = await runWorld({
      ...calmPlan(1),
      ...{ watch: true, rotate: true, operations: [operation] },
      requests: [{ at: 5 * minuteMs, indexes: [1, 2], waitMs: 10_000 }],
      events: [{ at: 7 * minuteMs, instance: 3 }],
    });

    expect(violations).toEqual([]);
    expect(isSettled).toBe(true);
    expect(world.history.counts).toMatchObject({ failed: 0, queued: 0, problems: 0 });
  });
});

describe('a bug that the simulation found', () => {
  const run = async ({ plan, violates }: NamedWorld): Promise<void> => {
    const { violations } = await runWorld(plan, { checked: new Set([violates]) });
    expect(violations).toEqual([]);
  };

  it.each(namedWorlds)('$name', run);
});

describe('the simulation', () => {
  it('is the same for the same seed, and another one for another', async () => {
    const hashes = async (): Promise<number[]> => {
      const all: number[] = [];
      for (const seed of [1, 2, 3, 28]) all.push((await runWorld(randomPlan(seed))).hash);
      return all;
    };
    const first = await hashes();

    expect(await hashes()).toEqual(first);
    expect(new Set(first).size).toBe(first.length);
  });

  it('is the same with the light AbortController', async () => {
    const seedsOfBoth = [17, 28, 80];
    const hashes = async (): Promise<number[]> => {
      const all: number[] = [];
      for (const seed of seedsOfBoth) all.push((await runWorld(randomPlan(seed))).hash);
      return all;
    };
    const ofNode = await hashes();
    onTestFinished(useLightAbort());

    expect(await hashes()).toEqual(ofNode);
  });

  it('is the same with a trace', async () => {
    const plain = await runWorld(randomPlan(28));
    const traced = await runWorld(randomPlan(28), { isTraced: true });

    expect(traced.hash).toBe(plain.hash);
    expect(traced.world.journal.recent().length).toBeGreaterThan(50);
  });

  it.each(invariantNames)('can fail: %s', async (invariant) => {
    const { plan, sabotage } = broken[invariant];
    const checked = new Set([invariant]);

    expect((await runWorld(plan, { checked, sabotage })).violations).toMatchObject([{ invariant }]);
    expect((await runWorld(plan, { checked })).violations).toEqual([]);
  });

  it('finds a small world for a violation, and its trace', async () => {
    const faults: Fault[] = [{ from: 0, to: minuteMs, kind: 'slow', factor: 2 }];
    const plan = { ...queued, faults, watch: true, events: [{ at: minuteMs, instance: 3 }] };
    const { violations, world } = await shrink(plan, 'size', 'send twice');

    expect(violations).toMatchObject([{ invariant: 'size' }]);
    expect(world.plan).toMatchObject({ faults: [], events: [], watch: false });
    expect(world.journal.recent().join('\n')).toContain('VIOLATION of size');
  });
});

const operation: Operation = {
  ...{ at: 10 * minuteMs, node: 0, name: 'instanceAction', kind: 'twice' },
  ...{ durationMs: minuteMs, lateMs: 5_000, doubled: true, garbage: true },
};

const once: Plan = { ...calmPlan(1), asksUntil: 5 * minuteMs };
const queued: Plan = { ...once, env: { SYNC_INLINE_MAX: '0' } };

/** What catches an invariant that cannot fail: something broken on purpose, in a world that is fine without it. */
const broken: Readonly<Record<Invariant, { plan: Plan; sabotage: Sabotage }>> = {
  accounted: { plan: queued, sabotage: 'drop sync' },
  claimed: { plan: once, sabotage: 'claim' },
  'adds-up': { plan: once, sabotage: 'lose outcomes' },
  settles: { plan: { ...queued, settleMs: 5 * minuteMs }, sabotage: 'hide sync' },
  recovers: {
    plan: {
      ...once,
      ...{ fleet: 200, preloaded: 200, asksUntil: 0, scheduleMs: 0 },
      env: { SYNC_RATE_PER_SECOND: '0.5' },
    },
    sabotage: 'refuse after the faults',
  },
  dead: { plan: queued, sabotage: 'fail every batch' },
  deadline: { plan: once, sabotage: 'store ignores its signal' },
  rate: { plan: { ...once, env: { SYNC_RATE_PER_SECOND: '3' } }, sabotage: 'too fast' },
  size: { plan: queued, sabotage: 'send twice' },
  changes: {
    plan: { ...once, scheduleMs: 0, watch: true, operations: [operation] },
    sabotage: 'drop change',
  },
  followed: { plan: once, sabotage: 'drop follow' },
  secrets: { plan: once, sabotage: 'print the token' },
  errors: { plan: once, sabotage: 'fail' },
};
