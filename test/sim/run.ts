import type { LambdaFunction } from './cloud/lambda.ts';
import { functions, type SyncRequestEvent } from './functions.ts';
import { instancesIn } from './history.ts';
import { instanceIdOf, nodeIdOf } from './huawei/ids.ts';
import type { Violation } from './invariants.ts';
import { hourMs, minuteMs, type Plan, secondMs } from './plan.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

/** What became of a world. */
export interface Outcome {
  readonly world: World;
  readonly violations: readonly Violation[];
  readonly hash: number;
  /** Ms of virtual time. */
  readonly endedAt: number;
  /** Every queue was empty, and no function ran. */
  readonly isSettled: boolean;
}

const watchMs = 2 * minuteMs;
const rotateMs = 6 * hourMs;

/** Runs a plan until everything has settled, or should have. */
export async function runWorld(plan: Plan, options: WorldOptions = {}): Promise<Outcome> {
  const world = createWorld(plan, options);
  const { history, journal, scheduler } = world;
  const told = schedule(world);
  const settleFrom = Math.max(plan.asksUntil, world.faults.endAt);
  let isSettled = false;
  const look = (): void => {
    isSettled = isQuiet(world);
    const isLate = scheduler.now() >= settleFrom + plan.settleMs;
    if (isSettled || isLate) scheduler.stop();
    else scheduler.after(30 * secondMs, look);
  };
  // watch holds a change back for ten minutes, and its record may come as late as that.
  scheduler.after(settleFrom + (plan.operations.length > 0 ? 30 : 1) * minuteMs, look);
  await scheduler.run();
  if (journal.violations.length === 0 || !options.stopsEarly) {
    judgeEnd(world, told, isSettled);
  }
  journal.event(`end ${JSON.stringify(history.counts)}`);
  const { violations } = journal;
  return { world, violations, hash: journal.hash(), endedAt: scheduler.now(), isSettled };
}

function isQuiet({ lambda, queues }: World): boolean {
  const left = queues.sync.size() + queues.change.size() + queues.follow.size();
  return left === 0 && lambda.active() === 0;
}

/** Something changed: these instances must be called after it. */
interface Told {
  readonly indexes: readonly number[];
  readonly at: number;
  readonly what: string;
}

function schedule(world: World): readonly Told[] {
  const { plan, queues, random, scheduler } = world;
  const told: Told[] = world.cts.told.map(({ at, node }) => ({
    ...{ at, indexes: world.nodes.ownersOf(node) },
    what: `an operation on data node ${node}`,
  }));
  for (let index = 0; index < plan.preloaded; index += 1) {
    const instanceId = instanceIdOf(index);
    queues.sync.send(JSON.stringify({ instanceId, trigger: 'schedule', runId: 'preloaded' }), 0);
  }
  if (plan.scheduleMs > 0) {
    const offset = random.between(0, Math.min(plan.scheduleMs, minuteMs));
    const late = { maxAgeMs: 10 * minuteMs, retries: 0 };
    every(world, offset, plan.scheduleMs, plan.asksUntil, () =>
      invokeLater(world, functions.scheduled, {}, late),
    );
  }
  const once = { maxAgeMs: 90 * secondMs, retries: 0 };
  if (plan.watch) {
    every(world, secondMs, watchMs, Number.POSITIVE_INFINITY, () =>
      invokeLater(world, functions.watch, {}, once),
    );
  }
  if (plan.rotate) {
    every(world, 2 * secondMs, rotateMs, Number.POSITIVE_INFINITY, () =>
      invokeLater(world, functions.rotateToken, {}, { maxAgeMs: hourMs, retries: 0 }),
    );
  }
  for (const { at, indexes, waitMs } of plan.requests) {
    const event: SyncRequestEvent = {
      ...(indexes && { instanceIds: indexes.map(instanceIdOf) }),
      ...(waitMs && { waitMs }),
    };
    scheduler.after(at, () => world.lambda.invoke(functions.http, event, () => {}));
  }
  for (const { at, instance, node } of plan.events) {
    const detail =
      instance === undefined
        ? { dataNodeId: nodeIdOf(node ?? 0) }
        : { instanceId: instanceIdOf(instance) };
    const name = instance === undefined ? 'Data Node Changed' : 'DDM Instance Changed';
    const indexes = instance === undefined ? world.nodes.ownersOf(node ?? 0) : [instance];
    scheduler.after(at, () => {
      const options = { maxAgeMs: 6 * hourMs, retries: 2 };
      invokeLater(world, functions.changed, { 'detail-type': name, detail }, options, () =>
        told.push({ indexes, at, what: `an event about ${JSON.stringify(detail)}` }),
      );
    });
  }
  return told;
}

function every(
  { scheduler }: World,
  firstAt: number,
  periodMs: number,
  until: number,
  fire: () => void,
): void {
  const tick = (): void => {
    if (scheduler.now() >= until) return;
    scheduler.after(periodMs, tick);
    fire();
  };
  scheduler.after(firstAt, tick);
}

interface AsyncOptions {
  readonly maxAgeMs: number;
  readonly retries: number;
}

/** An asynchronous invocation: Lambda waits for an environment, and drops what has become too old. */
function invokeLater(
  world: World,
  fn: LambdaFunction,
  event: unknown,
  options: AsyncOptions,
  onSuccess: () => void = () => {},
): void {
  const { lambda, scheduler } = world;
  const until = scheduler.now() + options.maxAgeMs;
  let retries = options.retries;
  const attempt = (): void => {
    if (scheduler.now() > until) return;
    const isTaken = lambda.invoke(fn, event, (ended) => {
      if (ended.kind === 'answer') return onSuccess();
      retries -= 1;
      if (retries >= 0) scheduler.after(minuteMs, attempt);
    });
    if (!isTaken) scheduler.after(10 * secondMs, attempt);
  };
  attempt();
}

/** What can be judged only when everything is over. */
function judgeEnd(world: World, changes: readonly Told[], isSettled: boolean): void {
  const { ddm, faults, history, journal, plan, queues } = world;
  const settleFrom = Math.max(plan.asksUntil, faults.endAt);
  if (!isSettled) {
    const sizes = Object.values(queues).map(({ name, size }) => `${name} ${size()}`);
    journal.violate(
      'settles',
      `${sizes.join(', ')} messages ${plan.settleMs / minuteMs} min later`,
    );
  }
  const waiting = new Set<number>();
  let isFleetWaiting = false;
  for (const queue of [queues.sync, queues.change]) {
    for (const { body } of [...queue.messages(), ...queue.dead]) {
      for (const index of instancesIn(world, body)) waiting.add(index);
      if (body.includes('"fleet"')) isFleetWaiting = true;
    }
  }
  for (const [index, { at, errCode, queuedAt, status }] of history.told.entries()) {
    if (queuedAt !== undefined && !isFleetWaiting && !waiting.has(index)) {
      journal.violate('accounted', `instance ${index} was queued, and is in no queue`, index);
    }
    if (status === 'failed' && at > settleFrom + minuteMs && !faults.isBroken(index)) {
      journal.violate('recovers', `healthy instance ${index} failed in the end: ${errCode}`, index);
    }
  }
  for (const { at, indexes, what } of changes) {
    for (const index of indexes) {
      // One that is gone has no data nodes any more.
      if (faults.ofInstance(index) === 'gone') continue;
      const instance = ddm.instances[index];
      const since = faults.isBroken(index) ? instance?.lastCallAt : instance?.lastAcceptedAt;
      if ((since ?? -1) >= at || waiting.has(index)) continue;
      journal.violate('changes', `no sync of instance ${index} after ${what} at ${at} ms`, index);
    }
  }
  const [key] = history.unended;
  if (key !== undefined && queues.follow.size() === 0) {
    journal.violate('followed', `no end of ${key} (${history.unended.size} such)`);
  }
}
