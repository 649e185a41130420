import type { Fault, InstanceFault } from '../faults.ts';
import { createNodes } from '../huawei/nodes.ts';
import { calmPlan, hourMs, minuteMs, secondMs } from '../plan.ts';
import { createSeededRandom } from '../random.ts';
import { runWorld } from '../run.ts';
import { changePlan, operation } from './change-plan.ts';

const at = 10 * minuteMs;

/** As many nodes restart within a minute as the fleet has instances. */
export async function restarts(nodes: number) {
  const plan = changePlan({ fleet: nodes, asksUntil: hourMs });
  const owned = createNodes(plan, createSeededRandom(plan.seed).fork('nodes'));
  const restarted = Array.from(
    { length: nodes },
    (_, index) => owned.ofInstance(index).at(-1) ?? 0,
  );
  const operations = restarted.map((node, index) =>
    operation(at + (index % 60) * secondMs, { node, name: 'instanceRestart' }),
  );
  const { world } = await runWorld({ ...plan, operations }, { checked: new Set() });
  const { ddm, history, queues } = world;
  const missing = ddm.instances.filter(({ lastAcceptedAt }) => lastAcceptedAt < at + minuteMs);
  return {
    syncs: history.counts.accepted,
    /** Pairs of a node that restarted and an instance that has it: some have two owners. */
    due: restarted.flatMap((node) => owned.ownersOf(node)).length,
    missing: missing.length,
    dead: queues.change.dead.length,
  };
}

/**
 * A pass over the fleet; then, when every environment is gone, changes of unowned nodes, and of known ones meanwhile.
 */
export async function unowned(fleet: number, changes: number) {
  const passMs = (fleet / 10) * secondMs; // with time to spare
  const second = hourMs + passMs;
  const plan = changePlan({
    ...{ fleet, unowned: changes + 1, watch: false, warmMs: 10 * minuteMs, settleMs: 6 * hourMs },
    asksUntil: second + 16 * minuteMs,
  });
  const nodes = createNodes(plan, createSeededRandom(plan.seed).fork('nodes'));
  const none = Array.from({ length: changes + 1 }, (_, index) => nodes.count - 1 - index);
  const known = [0, 1, 2, 5, 10, 15].map((minutes) => ({
    at: second + minutes * minuteMs,
    index: fleet - 1 - minutes,
  }));
  const events = [
    ...none.map((node, index) => ({ at: index === 0 ? minuteMs : second, node })),
    ...known.map(({ at: time, index }) => ({
      at: time,
      node: nodes.ofInstance(index).at(-1) ?? 0,
    })),
  ];
  const outcome = await runWorld({ ...plan, events }, { checked: new Set() });
  const { endedAt, isSettled, world } = outcome;
  const waits = known.map(({ at: time, index }) => {
    const sync = world.ddm.jobs.find((job) => job.index === index && job.startedAt >= time);
    return sync === undefined ? Number.POSITIVE_INFINITY : sync.startedAt - time;
  });
  return {
    /** The longest time from a change of a known node to its sync. */
    knownSeconds: Math.round(Math.max(...waits) / secondMs),
    /** Listings for each instance, the first pass left out. */
    passes: (world.ddm.listings() - fleet) / fleet,
    settledMinutes: isSettled
      ? Math.round((endedAt - second) / minuteMs)
      : Number.POSITIVE_INFINITY,
    dead: world.queues.change.dead.length,
  };
}

/** With discovery, the list of the instances takes longer than one call of a function has. */
export async function discovered(fleet: number, asks: 'a change' | 'POST /sync') {
  const plan = changePlan({
    ...{ fleet, watch: false, settleMs: 2 * hourMs, env: { DDM_DISCOVERY: 'on' } },
    ...(asks === 'a change'
      ? { events: [{ at: minuteMs, instance: 5 }] }
      : { requests: [{ at: minuteMs }] }),
    ddm: { ...calmPlan(1).ddm, latencyMs: [150, 150] },
  });
  const { world } = await runWorld(plan, { checked: new Set() });
  const { ddm, history, queues } = world;
  return {
    syncs: ddm.jobs.length,
    dead: queues.change.dead.length + queues.sync.dead.length,
    problems: history.counts.problems,
  };
}

/** A change of another instance's node, and one of nobody's, while one instance always fails. */
export async function oneBroken(does: InstanceFault) {
  const faults: Fault[] = [
    { from: 0, to: Number.POSITIVE_INFINITY, kind: 'instance', index: 9, does },
  ];
  const operations = [operation(at, { node: 1_000 }), operation(at + minuteMs)];
  const plan = changePlan({ faults, operations, unowned: 1_000 });
  const { world } = await runWorld(plan, { checked: new Set() });
  const endsAt = at + 2 * minuteMs;
  const sync = world.ddm.jobs.find(({ index, startedAt }) => index === 0 && startedAt >= endsAt);
  return {
    dead: world.queues.change.dead.length,
    seconds: Math.round(((sync?.startedAt ?? Number.POSITIVE_INFINITY) - endsAt) / secondMs),
  };
}
