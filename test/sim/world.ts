import { type Config, parseConfig } from '../../lib/config.ts';
import { startEventSource } from './cloud/event-source.ts';
import { createLambda, type Lambda, type LambdaFunction } from './cloud/lambda.ts';
import { createSqs, type Sqs, type StoredMessage } from './cloud/sqs.ts';
import { createFaults, type Faults } from './faults.ts';
import { functions } from './functions.ts';
import { createHistory, type History } from './history.ts';
import { type Cts, createCts } from './huawei/cts.ts';
import { createDdm, type Ddm } from './huawei/ddm.ts';
import { createIam, type Iam } from './huawei/iam.ts';
import { instanceIdOf, password } from './huawei/ids.ts';
import { createNodes, type Nodes } from './huawei/nodes.ts';
import { type Invariant, invariantNames } from './invariants.ts';
import { createJournal, type Journal } from './journal.ts';
import type { Plan } from './plan.ts';
import { createSeededRandom, type Random } from './random.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';

/** A part that is broken on purpose: each invariant must catch one. */
export type Sabotage =
  | 'drop sync'
  | 'drop change'
  | 'drop follow'
  | 'hide sync'
  | 'claim'
  | 'lose outcomes'
  | 'store ignores its signal'
  | 'too fast'
  | 'send twice'
  | 'print the token'
  | 'fail'
  | 'fail every batch'
  | 'refuse after the faults';

export interface WorldOptions {
  /** Invariants that count. @default all */
  readonly checked?: ReadonlySet<Invariant>;
  readonly isTraced?: boolean;
  readonly stopsEarly?: boolean;
  readonly sabotage?: Sabotage | undefined;
}

export interface Delivery {
  readonly at: number;
  endedAt?: number;
}

/** One project at Huawei's side, one account at AWS, and the service between them. */
export interface World {
  readonly plan: Plan;
  readonly config: Config;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: Faults;
  readonly journal: Journal;
  readonly history: History;
  /** SSM, by name. */
  readonly parameters: Map<string, string>;
  /** What the workers share in S3, and how often it was written. */
  readonly owners: { text: string; version: number };
  readonly queues: { readonly sync: Sqs; readonly change: Sqs; readonly follow: Sqs };
  readonly nodes: Nodes;
  readonly ddm: Ddm;
  readonly cts: Cts;
  readonly iam: Iam;
  readonly lambda: Lambda;
  /** Batches of the sync queue, the first ones. */
  readonly deliveries: Delivery[];
  /** Batches of the change queue. */
  changeDeliveries: number;
  /** Messages sent to the change queue. */
  changesSent: number;
  readonly sabotage: Sabotage | undefined;
}

export function createWorld(plan: Plan, options: WorldOptions = {}): World {
  const { isTraced = false, sabotage, stopsEarly = false } = options;
  const checked = options.checked ?? new Set(invariantNames);
  const scheduler = createScheduler();
  const random = createSeededRandom(plan.seed);
  const config = parseConfig({ ...settings, ...plan.env });
  const journal = createJournal({ seed: plan.seed, scheduler, checked, isTraced, stopsEarly });
  // The parts find each other in the world: they are made in the order in which they need it.
  const world = {
    ...{ plan, config, scheduler, random, journal, sabotage },
    faults: createFaults(plan.faults, scheduler.now),
    nodes: createNodes(plan, random.fork('nodes')),
    parameters: new Map<string, string>(),
    owners: { text: '', version: 0 },
    deliveries: [],
    ...{ changeDeliveries: 0, changesSent: 0 },
  } as unknown as { -readonly [Name in keyof World]: World[Name] };
  world.history = createHistory(world);
  world.queues = createQueues(world);
  world.iam = createIam(world);
  world.ddm = createDdm(world);
  world.cts = createCts(world);
  world.lambda = createLambda(world);
  fillParameters(world);
  startEventSources(world);
  return world;
}

const settings = {
  DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
  DDM_PROJECT_ID: 'project',
  PARAMETER_PREFIX: '/ddm-sync/sim',
  SYNC_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/sync',
  CHANGE_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/changes.fifo',
  FOLLOW_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/follow',
  WATCH_SERVICE_TYPES: 'RDS',
};

function createQueues(world: World): World['queues'] {
  const { config, history, journal, plan, random, scheduler } = world;
  const common = {
    scheduler,
    random,
    maxReceives: config.syncMaxReceives,
    duplicates: plan.duplicates,
  };
  const onDead = (name: string) => (message: StoredMessage) => history.dead(name, message);
  const ofFleet = Math.max(plan.preloaded, Math.ceil(plan.fleet * 1.1)) + 2;
  const onSize = (size: number): void => {
    const besides = askedBesides(world, scheduler.now()) + world.queues.sync.copies;
    if (size > ofFleet + besides) {
      journal.violate('size', `${size} messages in the sync queue for ${plan.fleet} instances`);
    }
  };
  const ignore = (): void => {};
  return {
    sync: createSqs({ ...common, name: 'sync', onDead: onDead('sync'), onSize }),
    change: createSqs({
      ...{ ...common, name: 'change', onDead: onDead('change'), onSize: ignore },
      isFifo: true,
      delaySeconds: config.changeWindowSeconds + 1,
    }),
    follow: createSqs({ ...common, name: 'follow', onDead: onDead('follow'), onSize: ignore }),
  };
}

/** Each POST /sync has messages of its own, with its own run; so has each change for the instances that it concerns. */
function askedBesides({ nodes, plan }: World, now: number): number {
  const { events, fleet, requests } = plan;
  const sizes = [
    ...requests.map(({ at, indexes }) => ({ at, size: indexes?.length ?? fleet })),
    ...events.map(({ at, node }) => ({ at, size: node === undefined ? 1 : sizeOf(node) })),
    // The request counts by itself if its end cannot be read.
    ...plan.operations.map(({ at, node }) => ({ at, size: 2 * sizeOf(node) })),
  ];
  // While schemas cannot be listed, a change is for every instance that may have the data node.
  function sizeOf(node: number): number {
    return Math.max(nodes.ownersOf(node).length, Math.min(fleet, 10));
  }
  return sizes.reduce((sum, { at, size }) => (at <= now ? sum + size : sum), 0);
}

const partCharacters = 4_000;

function fillParameters({ config, iam, parameters, plan }: World): void {
  const ids = Array.from({ length: plan.fleet }, (_, index) => instanceIdOf(index));
  const perPart = Math.floor(partCharacters / 37);
  const path = `${config.parameterPrefix}/instances`;
  if (ids.length <= perPart) parameters.set(path, ids.join(','));
  else {
    for (let part = 0; part * perPart < ids.length; part += 1) {
      const some = ids.slice(part * perPart, (part + 1) * perPart);
      parameters.set(`${path}/${part + 1}`, some.join(','));
    }
  }
  parameters.set(`${config.parameterPrefix}/token`, iam.issue());
  const credentials = { domainName: 'domain', userName: 'user', password };
  parameters.set(`${config.parameterPrefix}/credentials`, JSON.stringify(credentials));
}

function startEventSources(world: World): void {
  const worker: LambdaFunction = functions.worker;
  const { change, follow, sync } = world.queues;
  const syncSource = { queue: sync, isChange: false, batchSize: 100, windowMs: 5_000 };
  startEventSource(world, { ...syncSource, fn: worker, maxConcurrency: world.plan.workers });
  const changeSource = { queue: change, isChange: true, batchSize: 10, windowMs: 0 };
  startEventSource(world, { ...changeSource, fn: worker, maxConcurrency: 2 });
  const followSource = { queue: follow, isChange: false, batchSize: 100, windowMs: 20_000 };
  startEventSource(world, { ...followSource, fn: functions.follow, maxConcurrency: 2 });
}
