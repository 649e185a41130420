import { calmPlan, hourMs, type Plan } from '../plan.ts';
import { runWorld } from '../run.ts';
import type { World } from '../world.ts';

/** One row of a table: a figure of the service, and the figure that it should be. */
export interface Scenario {
  readonly name: string;
  /** What was measured before the control loops were mended. */
  readonly before: string;
  readonly toReach: string;
  measure(): Promise<string>;
}

/** What a world came to, in numbers. */
export interface Figures {
  readonly world: World;
  readonly dead: number;
  /** Of the dead: those whose instance was not called at all. */
  readonly neverCalled: number;
  readonly calls: number;
  readonly accepts: number;
  /** Instances that were accepted at least once. */
  readonly reached: number;
  readonly wasted: number;
  readonly peak: number;
  readonly lastAcceptSeconds: number;
  /** While nine tenths of the instances were accepted: the rest depends on how the last batches fall. */
  readonly busy: { readonly callsPerSecond: number; readonly acceptsPerSecond: number };
  readonly endSeconds: number;
}

/** Messages in the sync queue, and nothing else that asks. */
export function preloadedPlan(messages: number, changes: Partial<Plan> = {}): Plan {
  return {
    ...calmPlan(1),
    ...{ fleet: messages, preloaded: messages, scheduleMs: 0, asksUntil: 0 },
    ...{ settleMs: 6 * hourMs, warmMs: hourMs },
    ...changes,
    env: { SYNC_FOLLOW: 'off', ...changes.env },
  };
}

export async function measure(plan: Plan): Promise<Figures> {
  const { endedAt, world } = await runWorld(plan, { checked: new Set() });
  const { ddm, queues } = world;
  const dead = queues.sync.dead;
  const reached = ddm.instances.filter(({ accepts }) => accepts > 0);
  const last = reached.reduce((latest, { lastAcceptedAt }) => Math.max(latest, lastAcceptedAt), 0);
  return {
    world,
    dead: dead.length,
    neverCalled: dead.filter(({ calls }) => calls === 0).length,
    calls: ddm.calls(),
    accepts: ddm.jobs.length,
    reached: reached.length,
    wasted: ddm.wasted(),
    peak: queues.sync.peak,
    lastAcceptSeconds: Math.round(last / 1_000),
    busy: measureBusy(world, Math.ceil(reached.length * 0.9)),
    endSeconds: Math.round(endedAt / 1_000),
  };
}

function measureBusy({ ddm: { calledAt, jobs } }: World, accepts: number): Figures['busy'] {
  const from = calledAt[0] ?? 0;
  const until = jobs[accepts - 1]?.startedAt ?? from;
  const seconds = Math.max(1, until - from) / 1_000;
  const calls = calledAt.filter((at) => at <= until).length;
  return { callsPerSecond: calls / seconds, acceptsPerSecond: accepts / seconds };
}

export function perSecond(count: number, seconds: number): string {
  return (count / Math.max(1, seconds)).toFixed(1);
}
