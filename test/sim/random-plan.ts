import { traceNames } from '../../lib/changes/trace-names.ts';
import type { Fault, InstanceFault, ReadFault } from './faults.ts';
import { createNodes } from './huawei/nodes.ts';
import {
  type ChangedEvent,
  calmPlan,
  hourMs,
  minuteMs,
  type Operation,
  type Plan,
  type Request,
  secondMs,
} from './plan.ts';
import { createSeededRandom, type Random } from './random.ts';

/** A small world in which several things go wrong, from its seed alone. */
export function randomPlan(seed: number): Plan {
  const random = createSeededRandom(seed).fork('plan');
  const fleet = 5 + Math.floor(56 * random.next() ** 3); // most are small
  const asksUntil = random.pick([1, 1, 1, 1, 1, 1, 1, 2, 2, 4]) * hourMs;
  const isScheduled = random.chance(0.75);
  const calm = calmPlan(seed);
  const draft: Plan = {
    ...{ ...calm, fleet, asksUntil },
    scheduleMs: isScheduled ? 15 * minuteMs : 0,
    watch: !isScheduled || random.chance(0.3),
    rotate: random.chance(0.5),
    env: randomSettings(random),
    ddm: {
      perSecond: random.pick([10_000, 10_000, 50, 10, 2, 1]),
      retryAfterSeconds: random.pick([undefined, undefined, 1, 5]),
      latencyMs: random.pick([
        [20, 120],
        [50, 50],
        [200, 3_000],
      ]),
      failedJobs: random.pick([0, 0, 0.1]),
    },
    duplicates: random.pick([0, 0.01, 0.05]),
    unowned: random.between(0, 3),
    warmMs: random.between(2, 15) * minuteMs,
    killWithin: random.pick([5, 20, 60]),
  };
  const faults = several(random, 4, () => randomFault(random, draft)).flat();
  const { count } = createNodes(draft, createSeededRandom(seed).fork('nodes'));
  return {
    ...draft,
    faults,
    operations: draft.watch ? several(random, 8, () => randomOperation(random, draft, count)) : [],
    requests: several(random, 3, () => randomRequest(random, draft)),
    events: several(random, 3, () => randomEvent(random, draft, count)),
  };
}

function several<Item>(random: Random, most: number, make: () => Item): Item[] {
  return Array.from({ length: random.between(0, most) }, make);
}

function randomSettings(random: Random): Readonly<Record<string, string>> {
  return {
    SYNC_RATE_PER_SECOND: random.pick(['20', '20', '20', '20', '5', '5', '2', '0.5']),
    SYNC_CONCURRENCY: random.pick(['20', '20', '4', '1']),
    SYNC_INLINE_MAX: random.pick(['500', '500', '10', '0']),
    SYNC_MAX_ATTEMPTS: random.pick(['3', '3', '1']),
    DDM_DISCOVERY: random.pick(['off', 'off', 'off', 'off', 'on']),
    SYNC_FOLLOW_MINUTES: '10',
  };
}

/** One of the first few, half of the time, so that things meet. */
function oftenFirst(random: Random, count: number): number {
  return random.between(0, random.chance(0.5) ? Math.min(count, 3) - 1 : count - 1);
}

function randomSpan(random: Random, { asksUntil }: Plan): { from: number; to: number } {
  const from = Math.floor(random.next() * asksUntil * 0.8);
  const length = random.pick([10, 60, 300, 900, 2_400]) * secondMs;
  return { from, to: Math.min(asksUntil, from + length) };
}

function randomFault(random: Random, plan: Plan): Fault[] {
  const span = randomSpan(random, plan);
  const index = oftenFirst(random, plan.fleet);
  const kind = random.pick(faultKinds);
  switch (kind) {
    case 'outage':
      return [{ ...span, kind, retryAfterSeconds: random.pick([undefined, 5, 60, 300]) }];
    case 'limit':
      return [{ ...span, kind, perSecond: random.pick([1, 2, 5]) }];
    case 'slow':
      return [{ ...span, kind, factor: random.pick([5, 20]) }];
    case 'dead-token':
    case 'ssm-hang':
    case 'sqs-hang':
      return [{ ...span, kind }];
    case 'instance': {
      const does = random.pick(instanceFaults);
      const isForEver = does === 'gone' || (does !== '401' && random.chance(0.3));
      const always = isForEver && { from: 0, to: Number.MAX_VALUE };
      return [{ ...span, ...always, kind, index, does }];
    }
    case 'schemas':
      return [{ ...span, kind, index, answers: random.pick(readFaults) }];
    default:
      return [{ ...span, kind, share: random.pick([0.01, 0.05, 0.3]) }];
  }
}

const faultKinds = [
  ...(['outage', 'limit', 'slow', 'dead-token', 'ssm-hang', 'sqs-hang'] as const),
  ...(['instance', 'instance', 'schemas', 'errors-500', 'errors-503', 'spurious-401'] as const),
  ...(['ssm-throttled', 'sqs-fails', 'sqs-entries', 'cts-fails', 'kills', 'kills'] as const),
] as unknown as readonly [Fault['kind'], ...Fault['kind'][]];

const instanceFaults: readonly [InstanceFault, ...InstanceFault[]] = [
  ...(['never-answers', '500', '409', '400', '401', 'gone'] as const),
];

const readFaults: readonly [ReadFault, ...ReadFault[]] = [
  ...(['403', '404-apigw', 'html', 'redirect', '429', '500', '503'] as const),
];

/** What Huawei documents that traces may be like. */
const oddFields = [
  { trace_type: null },
  { trace_rating: null, trace_status: 'normal' },
] as unknown as readonly [NonNullable<Operation['odd']>, ...NonNullable<Operation['odd']>[]];

const names = Object.keys(traceNames) as unknown as readonly [string, ...string[]];

function randomOperation(random: Random, { asksUntil }: Plan, nodes: number): Operation {
  return {
    at: Math.floor(random.next() * asksUntil * 0.8),
    node: oftenFirst(random, nodes),
    name: random.pick([names[0], ...names]),
    kind: random.pick(['twice', 'twice', 'api-only', 'fails']),
    durationMs: random.between(1, 300) * secondMs,
    lateMs: random.pick([0, 5 * secondMs, minuteMs, 8 * minuteMs]),
    doubled: random.chance(0.2),
    garbage: random.chance(0.1),
    ...(random.chance(0.2) && { endLateMs: random.between(0, 9) * minuteMs }),
    ...(random.chance(0.1) && { odd: random.pick(oddFields) }),
  };
}

function randomRequest(random: Random, { asksUntil, fleet }: Plan): Request {
  const indexes = random.chance(0.7)
    ? several(random, 4, () => random.between(0, fleet - 1))
    : undefined;
  return {
    at: Math.floor(random.next() * asksUntil),
    indexes: indexes?.length === 0 ? undefined : indexes,
    waitMs: random.pick([undefined, undefined, 10 * secondMs]),
  };
}

function randomEvent(random: Random, { asksUntil, fleet }: Plan, nodes: number): ChangedEvent {
  const at = Math.floor(random.next() * asksUntil * 0.9);
  return random.chance(0.5)
    ? { at, instance: random.between(0, fleet - 1) }
    : { at, node: random.between(0, nodes - 1) };
}
