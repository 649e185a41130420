import { parseChangeEvent } from '../../../lib/changes/event.ts';
import { traceNames } from '../../../lib/changes/trace-names.ts';
import { parseConfig } from '../../../lib/config.ts';
import type { Fault, ReadFault } from '../faults.ts';
import { instanceIdOf, nodeIdOf } from '../huawei/ids.ts';
import { createNodes } from '../huawei/nodes.ts';
import { hourMs, minuteMs, type Operation, type Plan, secondMs } from '../plan.ts';
import { createSeededRandom } from '../random.ts';
import { runWorld } from '../run.ts';
import type { World } from '../world.ts';
import { changePlan, operation } from './change-plan.ts';
import { discovered, oneBroken, restarts, unowned } from './large-fleets.ts';
import type { Scenario } from './measure.ts';

const forEver = { from: 0, to: Number.POSITIVE_INFINITY };

async function run(plan: Plan): Promise<World> {
  return (await runWorld(plan, { checked: new Set() })).world;
}

/** When an instance was synced after a change. */
function syncAfter({ ddm }: World, index: number, at: number): string {
  const job = ddm.jobs.find((one) => one.index === index && one.startedAt >= at);
  return job === undefined ? 'never' : seconds(job.startedAt - at);
}

function seconds(ms: number): string {
  return `${Math.round(ms / secondMs)} s`;
}

/** The parts of one row, one after the other. */
async function rows<Case>(
  cases: readonly Case[],
  measure: (one: Case) => Promise<string>,
): Promise<string> {
  const texts: string[] = [];
  for (const one of cases) texts.push(`${String(one)}: ${await measure(one)}`);
  return texts.join('; ');
}

const at = 10 * minuteMs;
const endsAt = at + minuteMs;

const failures: Readonly<Record<string, readonly Operation[]>> = {
  'success, then a failure': [
    operation(at),
    operation(at + 70 * secondMs, { kind: 'fails', durationMs: 20 * secondMs }),
  ],
  'success recorded late': [
    operation(at, { endLateMs: 5 * minuteMs }),
    operation(at + 2 * minuteMs, { kind: 'fails', durationMs: 20 * secondMs }),
  ],
  overlapping: [
    operation(at),
    operation(at + 10 * secondMs, { kind: 'fails', durationMs: 80 * secondMs }),
  ],
};

async function listingFails(answers: ReadFault): Promise<string> {
  const faults: Fault[] = [{ ...forEver, to: 30 * minuteMs, kind: 'schemas', index: 0, answers }];
  const world = await run(changePlan({ faults, operations: [operation(at)] }));
  const { counts } = world.history;
  return `synced ${syncAfter(world, 0, endsAt)} after the change, ${counts.warnings} warnings`;
}

/** Two instances that share a node, the second of which cannot be listed. */
async function oneOfSeveral(answers: ReadFault): Promise<string> {
  const plan = changePlan({ fleet: 40 });
  const nodes = createNodes(plan, createSeededRandom(plan.seed).fork('nodes'));
  const node = Array.from({ length: nodes.count }, (_, number) => number).find(
    (number) => nodes.ownersOf(number).length === 2,
  );
  const [first = 0, second = 0] = nodes.ownersOf(node ?? 0);
  const faults: Fault[] = [
    { ...forEver, to: 30 * minuteMs, kind: 'schemas', index: second, answers },
  ];
  const operations = [operation(at, { node: node ?? 0 })];
  const world = await run({ ...plan, faults, operations });
  return `other synced after ${syncAfter(world, first, endsAt)}, this one after ${syncAfter(world, second, endsAt)}`;
}

const oddFields: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'null resource_id': {
    resource_id: null,
    request: JSON.stringify({ instance: { id: nodeIdOf(0) } }),
  },
  'null trace_type': { trace_type: null },
  'null trace_rating': { trace_rating: null, trace_status: 'normal' },
  'time as text': { time: String(Date.parse('2026-11-23T03:11:00Z')) },
};

/** A full page of records that cannot be read, in front of one that can. */
async function unreadablePage(): Promise<string> {
  const odd = { trace_name: 7, time: 'yesterday' };
  const noise = Array.from({ length: 250 }, (_, number) =>
    operation(endsAt + number * 100, { kind: 'api-only', odd, node: 1 }),
  );
  const world = await run(changePlan({ operations: [operation(at), ...noise] }));
  return syncAfter(world, 0, endsAt);
}

async function coldEvent(fleet: number): Promise<string> {
  const plan = changePlan({ fleet, watch: false });
  const { count } = createNodes(plan, createSeededRandom(plan.seed).fork('nodes'));
  const node = count - 1; // of the last instance: all are looked through
  const world = await run({ ...plan, events: [{ at: minuteMs, node }] });
  const { change } = world.queues;
  const [owner = 0] = world.nodes.ownersOf(node);
  return `synced after ${syncAfter(world, owner, minuteMs)}, ${world.changeDeliveries} deliveries, ${change.dead.length} dead`;
}

function isRefused(read: () => unknown): string {
  try {
    read();
    return 'taken';
  } catch {
    return 'refused';
  }
}

const endpoint = {
  DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
  DDM_PROJECT_ID: 'project',
  PARAMETER_PREFIX: '/sim',
};

/** Table 3 of the issue: from a change to its sync. */
export const changeToSync: readonly Scenario[] = [
  {
    name: 'success, then a failure of the same operation on the same node',
    before: 'lost',
    toReach: 'every successful end counts by itself; only unpaired requests are held',
    measure: () =>
      rows(Object.keys(failures), async (name) =>
        syncAfter(await run(changePlan({ operations: failures[name] ?? [] })), 0, endsAt),
      ),
  },
  {
    name: 'an ApiCall-only operation repeated every 8 minutes',
    before: 'never asked for',
    toReach: 'held from its first record on',
    measure: async () => {
      const operations = Array.from({ length: 8 }, (_, number) =>
        operation(at + number * 8 * minuteMs, { kind: 'api-only' }),
      );
      const world = await run(changePlan({ operations, asksUntil: at + hourMs }));
      return `first sync ${syncAfter(world, 0, at)} after the first`;
    },
  },
  {
    name: "listing an instance's schemas: 403, 404 APIGW.0101, HTML, redirect for 30 min",
    before: '"not of this fleet", no warning',
    toReach: 'synced; a warning and an alarm',
    measure: () => rows(['403', '404-apigw', 'html', 'redirect'] as const, listingFails),
  },
  {
    name: 'one of several instances with the node cannot be listed',
    before: 'the others are synced, it is dropped for good',
    toReach: 'nothing dropped; the others not held up',
    measure: () => rows(['403', '429', '500', '503', 'html'] as const, oneOfSeveral),
  },
  {
    name: 'one instance that always answers 500 or 409',
    before: 'every foreign change is dead; watch stalls 79 s',
    toReach: 'after a few tries sync that one instance instead of asking it',
    measure: () =>
      rows(['500', '409'] as const, async (does) => {
        const { dead, seconds: wait } = await oneBroken(does);
        return `${dead} dead, own change synced after ${wait} s`;
      }),
  },
  {
    name: 'traces with null fields, or a text as time',
    before: 'skipped silently',
    toReach: 'read, or counted and warned of',
    measure: async () => {
      const each = await rows(Object.keys(oddFields), async (name) => {
        const odd = oddFields[name] ?? {};
        const world = await run(changePlan({ operations: [operation(at, { odd })] }));
        return `synced after ${syncAfter(world, 0, endsAt)}, ${world.history.counts.warnings} warnings`;
      });
      return `${each}; behind a page of unreadable ones: synced after ${await unreadablePage()}`;
    },
  },
  {
    name: 'the instance is in state BACKUP while its node changes (discovery)',
    before: 'never synced',
    toReach: 'synced when it runs again',
    measure: async () => {
      const until = 40 * minuteMs;
      const faults: Fault[] = [{ from: 0, to: until, kind: 'instance', index: 0, does: 'backup' }];
      const env = { DDM_DISCOVERY: 'on' };
      const world = await run(changePlan({ env, faults, operations: [operation(at)] }));
      return `synced after ${syncAfter(world, 0, endsAt)} (it runs again after ${seconds(until - endsAt)})`;
    },
  },
  {
    name: 'unowned RDS change: 15,000, 22,000, 26,000 instances; one, and twenty',
    before: '15 min, 28 min, never; true changes behind it wait',
    toReach: 'known nodes within 1 min; one pass over the fleet, then settled',
    measure: () =>
      rows([15_000, 22_000, 26_000], async (fleet) => {
        const texts = [await unowned(fleet, 1), await unowned(fleet, 20)].map(
          ({ dead, knownSeconds, passes, settledMinutes }) =>
            `known nodes within ${knownSeconds} s, ${passes.toFixed(2)} passes, settled after ${settledMinutes} min, ${dead} dead`,
        );
        return texts.join('; twenty: ');
      }),
  },
  {
    name: '`dataNodeId` event, cold: fleet of 1,000, 3,000, 5,000',
    before: '110 s, 5 deliveries, dead',
    toReach: 'synced; "not resolved yet" is no receive',
    measure: () => rows([1_000, 3_000, 5_000], coldEvent),
  },
  {
    name: 'discovery: 40,000 instances in the change worker, 100,000 in a fleet message',
    before: 'TIMEOUT, every time',
    toReach: 'works',
    measure: async () =>
      rows(['40,000, a change', '100,000, POST /sync'] as const, async (name) => {
        const isChange = name === '40,000, a change';
        const [fleet, asks] = isChange
          ? ([40_000, 'a change'] as const)
          : ([100_000, 'POST /sync'] as const);
        const { dead, problems, syncs } = await discovered(fleet, asks);
        return `${syncs} synced, ${dead} dead, ${problems} error lines`;
      }),
  },
  {
    name: '1,000 (3,000) nodes restarted at once',
    before: '5,448 (23,448) syncs asked for',
    toReach: '≤ 1.05 × nodes',
    measure: () =>
      rows([1_000, 3_000], async (nodes) => {
        const { dead, due, missing, syncs } = await restarts(nodes);
        return `${syncs} syncs where ${due} are due, ${missing} never synced, ${dead} dead`;
      }),
  },
  {
    name: 'resizeFlavorOrVolume, createDnsName, modifyDnsName',
    before: 'not known',
    toReach: 'known',
    measure: () =>
      rows(['resizeFlavorOrVolume', 'createDnsName', 'modifyDnsName'], async (name) =>
        Object.hasOwn(traceNames, name) ? 'known' : 'not known',
      ),
  },
  {
    name: 'WATCH_SERVICE_TYPES with GaussDB(for MySQL)',
    before: 'cannot be expressed',
    toReach: 'any name',
    measure: async () =>
      isRefused(() => parseConfig({ ...endpoint, WATCH_SERVICE_TYPES: 'RDS,GaussDB(for MySQL)' })),
  },
  {
    name: '`changed` event with an unknown property, or the wrong one for its detail-type',
    before: 'taken',
    toReach: 'refused',
    measure: () =>
      rows(['unknown property', 'wrong property'], async (name) => {
        const instanceId = instanceIdOf(1);
        const isUnknown = name === 'unknown property';
        const detail = isUnknown ? { instanceId, instance: 1 } : { dataNodeId: nodeIdOf(1) };
        return isRefused(() => parseChangeEvent({ 'detail-type': 'DDM Instance Changed', detail }));
      }),
  },
];
