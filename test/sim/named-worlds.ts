import type { Invariant } from './invariants.ts';
import { calmPlan, hourMs, minuteMs, type Operation, type Plan, secondMs } from './plan.ts';

/** A bug that the simulation found, in the smallest world that showed it. */
export interface NamedWorld {
  readonly name: string;
  readonly violates: Invariant;
  readonly plan: Plan;
}

function world(name: string, violates: Invariant, changes: Partial<Plan>): NamedWorld {
  return { name, violates, plan: { ...calmPlan(1), ...changes } };
}

const at = 10 * minuteMs;
const changesOnly = { scheduleMs: 0, watch: true, asksUntil: 30 * minuteMs } as const;
const slow = { ...calmPlan(1).ddm, latencyMs: [200, 3_000] } as const;
const operation: Operation = {
  ...{ at, node: 0, name: 'instanceAction', kind: 'twice', durationMs: minuteMs },
  ...{ lateMs: 5 * secondMs, doubled: false, garbage: false },
};

export const namedWorlds: readonly NamedWorld[] = [
  world('messages die in an outage of 15 minutes', 'dead', {
    ...{ env: { SYNC_INLINE_MAX: '0' }, asksUntil: 5 * minuteMs },
    faults: [{ from: 0, to: 15 * minuteMs, kind: 'outage', retryAfterSeconds: 60 }],
  }),
  world('messages die uncalled where the rate is low', 'dead', {
    ...{ fleet: 400, preloaded: 400, scheduleMs: 0, asksUntil: 0, settleMs: 3 * hourMs },
    env: { SYNC_RATE_PER_SECOND: '0.2' },
  }),
  world('messages die while every call takes longer than its timeout', 'dead', {
    ...{ fleet: 8, ddm: slow, env: { SYNC_INLINE_MAX: '0' } },
    faults: [{ from: 0, to: 40 * minuteMs, kind: 'slow', factor: 20 }],
  }),
  world('each run asks again for what still waits', 'size', {
    ...{ env: { SYNC_INLINE_MAX: '0' }, asksUntil: 2 * hourMs },
    faults: [{ from: 0, to: 2 * hourMs, kind: 'dead-token' }],
  }),
  world('a healthy instance fails where DDM allows one call a second', 'recovers', {
    ...{ fleet: 1_000, preloaded: 1_000, scheduleMs: 0, asksUntil: 0, settleMs: 3 * hourMs },
    ddm: { ...calmPlan(1).ddm, perSecond: 1 },
  }),
  world('readers that wait for their turn start together', 'rate', {
    ...{ fleet: 12, scheduleMs: 0, events: [{ at, node: 0 }] },
    env: { SYNC_RATE_PER_SECOND: '2' },
  }),
  world('a failure hides the success before it', 'changes', {
    ...changesOnly,
    operations: [
      operation,
      { ...operation, at: at + 70 * secondMs, kind: 'fails', durationMs: 20 * secondMs },
    ],
  }),
  world('an end that is recorded twice stands for two requests', 'changes', {
    ...changesOnly,
    operations: [
      { ...operation, kind: 'fails', durationMs: 270 * secondMs, doubled: true },
      { ...operation, at: at + 90 * secondMs, kind: 'api-only' },
    ],
  }),
  world('a page of HTML means that an instance has no data nodes', 'changes', {
    ...{ ...changesOnly, operations: [operation] },
    faults: [{ from: 0, to: 30 * minuteMs, kind: 'schemas', index: 0, answers: 'html' }],
  }),
  world('a trace without a type is not read', 'changes', {
    ...{ ...changesOnly, operations: [{ ...operation, odd: { trace_type: null } }] },
  }),
  world('a change dies while Parameter Store hangs for 15 minutes', 'dead', {
    ...{ fleet: 2, scheduleMs: 0, events: [{ at, instance: 0 }] },
    faults: [{ from: 0, to: 25 * minuteMs, kind: 'ssm-hang' }],
  }),
  world('a change dies while the token is dead for 40 minutes', 'dead', {
    ...{ fleet: 2, scheduleMs: 0, events: [{ at, node: 0 }] },
    faults: [{ from: 0, to: 50 * minuteMs, kind: 'dead-token' }],
  }),
];
