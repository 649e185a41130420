import { calmPlan, hourMs, minuteMs, type Operation, type Plan, secondMs } from '../plan.ts';

/** Changes, and nothing else that asks. */
export function changePlan(changes: Partial<Plan>): Plan {
  return {
    ...calmPlan(1),
    ...{
      fleet: 10,
      scheduleMs: 0,
      watch: true,
      asksUntil: 0,
      settleMs: 3 * hourMs,
      warmMs: hourMs,
    },
    ...changes,
    env: { SYNC_FOLLOW: 'off', ...changes.env },
  };
}

export function operation(at: number, changes: Partial<Operation> = {}): Operation {
  return {
    ...{ at, node: 0, name: 'instanceAction', kind: 'twice', durationMs: minuteMs },
    ...{ lateMs: 5 * secondMs, doubled: false, garbage: false },
    ...changes,
  };
}
