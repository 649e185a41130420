import { instanceIdOf } from './huawei/ids.ts';
import type { Invariant } from './invariants.ts';
import { hourMs, type Plan } from './plan.ts';
import { type Outcome, runWorld } from './run.ts';
import type { Sabotage } from './world.ts';

const maxTries = 150;

/** The smallest world that can be found in which the same invariant is still violated, with its trace. */
export async function shrink(
  plan: Plan,
  invariant: Invariant,
  sabotage?: Sabotage,
): Promise<Outcome> {
  const run = (candidate: Plan): Promise<Outcome> =>
    runWorld(candidate, {
      ...{ checked: new Set([invariant]), isTraced: true, stopsEarly: true, sabotage },
    });
  let best = await run(plan);
  let tries = 0;
  for (let isBetter = true; isBetter && tries < maxTries; ) {
    isBetter = false;
    for (const candidate of smaller(best.world.plan)) {
      tries += 1;
      const outcome = await run(candidate);
      if (outcome.violations.length === 0) continue;
      best = outcome;
      isBetter = true;
      break;
    }
  }
  return best;
}

/** Plans with one thing less. */
function* smaller(plan: Plan): Generator<Plan, void> {
  for (const list of ['faults', 'operations', 'requests', 'events'] as const) {
    if (plan[list].length > 1) yield { ...plan, [list]: [] };
    for (let at = 0; at < plan[list].length; at += 1) {
      yield { ...plan, [list]: [...plan[list].slice(0, at), ...plan[list].slice(at + 1)] };
    }
  }
  if (plan.asksUntil > hourMs && lastAsk(plan) < hourMs) yield { ...plan, asksUntil: hourMs };
  if (plan.scheduleMs > 0) yield { ...plan, scheduleMs: 0 };
  if (plan.rotate) yield { ...plan, rotate: false };
  if (plan.watch && plan.operations.length === 0) yield { ...plan, watch: false };
  if (plan.duplicates > 0) yield { ...plan, duplicates: 0 };
  if (plan.ddm.perSecond < 10_000) yield { ...plan, ddm: { ...plan.ddm, perSecond: 10_000 } };
  for (const fleet of [2, 5, Math.floor(plan.fleet / 2), plan.fleet - 1]) {
    if (fleet > lastIndex(plan) && fleet < plan.fleet) yield { ...plan, fleet };
  }
}

function lastAsk({ events, operations, requests }: Plan): number {
  return Math.max(0, ...[...events, ...operations, ...requests].map(({ at }) => at));
}

/** Of the instances that the plan names. */
function lastIndex({ events, faults, requests }: Plan): number {
  return Math.max(
    0,
    ...events.map(({ instance = 0 }) => instance),
    ...faults.map((fault) => ('index' in fault ? fault.index : 0)),
    ...requests.flatMap(({ indexes = [] }) => indexes),
  );
}

/** The end of a trace: what concerns the instance of the violation, where there is one. */
export function lastEvents({ violations, world }: Outcome, count: number): readonly string[] {
  const events = world.journal.recent();
  const index = violations[0]?.index;
  if (index === undefined) return events.slice(-count);
  const id = instanceIdOf(index);
  const isAbout = (event: string): boolean =>
    event.includes(id) ||
    new RegExp(`  (call|accepted) ${index}( |$)`).test(event) ||
    /VIOLATION|CRASHED|FAILED/.test(event);
  return events.filter(isAbout).slice(-count);
}
