import type { Fault } from '../faults.ts';
import { hourMs, minuteMs, type Plan, secondMs } from '../plan.ts';
import { type Figures, measure, perSecond, preloadedPlan, type Scenario } from './measure.ts';

const forEver = { from: 0, to: Number.POSITIVE_INFINITY };

export function calmFleet(fleet: number, changes: Partial<Plan>): Plan {
  return { ...preloadedPlan(0), fleet, preloaded: 0, scheduleMs: 15 * minuteMs, ...changes };
}

function dead({ dead, neverCalled, reached, world }: Figures): string {
  return `${dead} dead, ${neverCalled} of them never called; ${reached} of ${world.plan.fleet} accepted`;
}

/** Instances, evenly spread, that never answer. */
export function neverAnswer(fleet: number, share: number): Fault[] {
  const every = Math.round(1 / share);
  return Array.from({ length: Math.floor(fleet / every) }, (_, at) => ({
    ...{ ...forEver, kind: 'instance' as const, does: 'never-answers' as const },
    index: at * every,
  }));
}

async function slowInstances(share: number): Promise<string> {
  const fleet = 10_000;
  const figures = await measure(preloadedPlan(fleet, { faults: neverAnswer(fleet, share) }));
  const rate = figures.busy.acceptsPerSecond.toFixed(1);
  return `${share * 100} %: ${rate}/s over ${figures.lastAcceptSeconds} s, ${figures.dead} dead`;
}

async function random(kind: 'errors-503' | 'errors-500', share: number): Promise<string> {
  const faults: Fault[] = [{ ...forEver, kind, share }];
  const queue = await measure(preloadedPlan(5_000, { faults }));
  const inline = await measure(
    calmFleet(5_000, {
      ...{ faults, asksUntil: 14 * minuteMs, settleMs: 30 * minuteMs },
      env: { SYNC_FOLLOW: 'off', SYNC_QUEUE_URL: '' },
    }),
  );
  const byQueue = queue.busy.callsPerSecond.toFixed(1);
  const first = (inline.world.ddm.calledAt[0] ?? 0) / secondMs;
  const seconds = Math.min(895, inline.lastAcceptSeconds - first);
  const late = inline.world.history.failures.get('DEADLINE') ?? 0;
  return `${share * 100} %: four workers ${byQueue} calls/s, ${queue.dead} dead; run without queue ${perSecond(inline.calls, seconds)} calls/s, ${late} DEADLINE`;
}

export function withLimit(perSecond: number, plan: Plan): Plan {
  return { ...plan, ddm: { ...plan.ddm, perSecond } };
}

async function trueLimit(limit: number): Promise<string> {
  const figures = await measure(withLimit(limit, preloadedPlan(limit * 300)));
  const share = figures.busy.acceptsPerSecond / limit;
  const wasted = (figures.wasted / figures.calls) * 100;
  return `${limit}/s: ${share.toFixed(2)} of it, ${wasted.toFixed(0)} % wasted, ${figures.dead} dead`;
}

/** How long a worker keeps a message that cannot be called, and after how long it is tried again. */
async function retryAfter(seconds: number): Promise<string> {
  const plan = preloadedPlan(100, { settleMs: 3 * hourMs });
  const faults: Fault[] = [{ from: 0, to: 3 * hourMs, kind: 'limit', perSecond: 0 }];
  const { world } = await measure({
    ...{ ...plan, faults, env: { ...plan.env, SYNC_FOLLOW: 'off' } },
    ddm: { ...plan.ddm, retryAfterSeconds: seconds },
  });
  const [first, second] = world.deliveries;
  const held = first?.endedAt === undefined ? 0 : (first.endedAt - first.at) / secondMs;
  const pause =
    second === undefined || first?.endedAt === undefined
      ? undefined
      : (second.at - first.endedAt) / secondMs;
  return `${seconds} s: kept ${held.toFixed(0)} s, next delivery ${pause?.toFixed(0) ?? 'never'} s later`;
}

async function join(parts: readonly Promise<string>[]): Promise<string> {
  const texts: string[] = [];
  for (const part of parts) texts.push(await part);
  return texts.join('; ');
}

/** Table 2 of the issue: the queue and the engine. Four workers, 20 calls a second each. */
export const queueAndEngine: readonly Scenario[] = [
  {
    name: '2,000 messages, DDM allows 1 call/s',
    before: '905 dead, 228 of them never called',
    toReach: '0 dead; all accepted in ≤ 2,300 s',
    measure: async () => {
      const figures = await measure(withLimit(1, preloadedPlan(2_000)));
      return `${dead(figures)}; last accepted after ${figures.lastAcceptSeconds} s`;
    },
  },
  {
    name: '1,000 messages, nothing wrong, SYNC_RATE_PER_SECOND=0.2',
    before: '528 dead, all never called',
    toReach: '0 dead',
    measure: async () => {
      const figures = await measure(preloadedPlan(1_000, { env: { SYNC_RATE_PER_SECOND: '0.2' } }));
      return `${dead(figures)}; last accepted after ${figures.lastAcceptSeconds} s`;
    },
  },
  {
    name: '15 min of 503 with Retry-After: 60, 400 messages',
    before: '400 dead, 333 of them never called, in 397 s',
    toReach: '0 dead; all accepted ≤ 2 min after its end',
    measure: async () => {
      const outage = { from: 0, to: 15 * minuteMs, kind: 'outage' as const, retryAfterSeconds: 60 };
      const figures = await measure(preloadedPlan(400, { faults: [outage] }));
      const after =
        figures.reached === 400 ? `${figures.lastAcceptSeconds - 900} s after` : 'never';
      return `${dead(figures)}; all accepted: ${after}; over after ${figures.endSeconds} s`;
    },
  },
  {
    name: '2 h of 503, fleet of 5,000, every 15 min',
    before: '49,000 messages; 9.5 syncs per instance on recovery',
    toReach: '≤ 5,500 messages; ≤ 1.2 syncs per instance; 0 dead',
    measure: async () => {
      const outage = { from: 0, to: 2 * hourMs, kind: 'outage' as const };
      const plan = calmFleet(5_000, { faults: [outage], asksUntil: 2 * hourMs });
      const figures = await measure(plan);
      const each = (figures.accepts / figures.world.plan.fleet).toFixed(1);
      return `${figures.peak} messages; ${each} syncs per instance; ${dead(figures)}; ${figures.calls} calls`;
    },
  },
  {
    name: '2 h with a dead token, the same fleet',
    before: '30,657 dead letters',
    toReach: '0 dead; ≤ 2 calls a minute and environment; one alarm',
    measure: async () => {
      const fault = { from: 0, to: 2 * hourMs, kind: 'dead-token' as const };
      const plan = calmFleet(5_000, { faults: [fault], asksUntil: 2 * hourMs });
      const figures = await measure(plan);
      const each = ((figures.calls - figures.accepts) / 120 / 5).toFixed(1);
      return `${dead(figures)}; ${figures.peak} messages; ${each} calls a minute and environment`;
    },
  },
  {
    name: '100,000 instances at 80/s, every 15 min',
    before: '5,600 more messages with every run, for ever',
    toReach: 'bounded; every instance in turn',
    measure: async () => {
      const plan = calmFleet(100_000, { asksUntil: 8 * 15 * minuteMs, settleMs: hourMs });
      const { peak, world } = await measure(plan);
      const accepts = world.ddm.instances.map((instance) => instance.accepts);
      const counts = [...new Set(accepts)].sort((a, b) => a - b);
      return `8 runs: at most ${peak} messages; instances were accepted ${counts.join(' or ')} times`;
    },
  },
  {
    name: '10,000 messages, 1 % (0.1 %) of the instances never answer',
    before: '80/s → 14/s (53/s)',
    toReach: '≥ 72/s for the others',
    measure: () => join([slowInstances(0.01), slowInstances(0.001)]),
  },
  {
    name: 'random 503 on 5 % (30 %) of the calls',
    before: '14/s (2.9/s, 50 dead); run without queue: 4/s (1.1/s), 1,574 (4,313) DEADLINE',
    toReach: '≥ 17 calls/s per environment (68/s for four), 0 dead',
    measure: () => join([random('errors-503', 0.05), random('errors-503', 0.3)]),
  },
  {
    name: 'random 500 on 5 % of the calls',
    before: '20/s',
    toReach: '20/s',
    measure: () => random('errors-500', 0.05),
  },
  {
    name: 'true limits of 50, 20, 10, 5 a second',
    before: '0.96, 0.90, 0.86, 0.88 of it',
    toReach: '≥ 0.95 of it, ≤ 5 % wasted',
    measure: () => join([trueLimit(50), trueLimit(20), trueLimit(10), trueLimit(5)]),
  },
  {
    name: '429 with Retry-After 30, 120, 3600',
    before: 'the worker sits 55 s and gives back with a delay of 2 s',
    toReach: 'given back at once with max(class delay, Retry-After), clamped',
    measure: () => join([retryAfter(30), retryAfter(120), retryAfter(3_600)]),
  },
  {
    name: 'one instance of 500 answers 401, all others 200',
    before: '397 RUN_STOPPED, every run',
    toReach: '1 failed; a truly dead token stops within 2 × concurrency calls',
    measure: async () => {
      const own = { ...forEver, kind: 'instance' as const, index: 100, does: '401' as const };
      const base = { asksUntil: 10 * minuteMs, settleMs: 30 * minuteMs };
      const one = await measure(calmFleet(500, { ...base, faults: [own] }));
      const token = { ...forEver, kind: 'dead-token' as const };
      const all = await measure(calmFleet(500, { ...base, faults: [token] }));
      const stopped = one.world.history.failures.get('RUN_STOPPED') ?? 0;
      return `${stopped} RUN_STOPPED, ${one.world.history.counts.failed} failed; dead token: ${all.calls} calls`;
    },
  },
];
