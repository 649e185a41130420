import { createNodes } from '../huawei/nodes.ts';
import { hourMs, minuteMs, secondMs } from '../plan.ts';
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
