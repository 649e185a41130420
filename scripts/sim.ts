import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Invariant, invariantNames, invariants, isInvariant } from '../test/sim/invariants.ts';
import { useLightAbort } from '../test/sim/light-abort.ts';
import { randomPlan } from '../test/sim/random-plan.ts';
import { runWorld } from '../test/sim/run.ts';
import { changeToSync } from '../test/sim/scenarios/change-to-sync.ts';
import type { Scenario } from '../test/sim/scenarios/measure.ts';
import { queueAndEngine } from '../test/sim/scenarios/queue-and-engine.ts';
import type { SeedRange, SeedsDone } from '../test/sim/seed-range.ts';
import { lastEvents, shrink } from '../test/sim/shrink.ts';

const usage = `npm run sim -- [options]
  --seeds N         run N random worlds, one for each seed from --seed (or 1) on
  --seed S          alone: run this world, and print how it violates what it violates
  --only A,B        check these invariants only
  --except A,B      check all but these
  --jobs N          threads (default: one for each processor)
  --trace N         print the last N events of a failing world (default 40)
  --scenarios       print the tables of figures
  --scenario TEXT   print the rows whose name contains the text
Invariants: ${invariantNames.map((name) => `\n  ${name.padEnd(10)} ${invariants[name]}`).join('')}
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    except: { type: 'string' },
    jobs: { type: 'string' },
    trace: { type: 'string' },
    scenarios: { type: 'boolean' },
    scenario: { type: 'string' },
    help: { type: 'boolean' },
  },
});

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function toNumber(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`--${name} must be a whole number`);
  return Number(text);
}

function toNames(text: string | undefined): readonly Invariant[] {
  const names = text?.split(',') ?? [];
  return names.map((name) => {
    if (isInvariant(name)) return name;
    throw new RangeError(`"${name}" is no invariant; they are ${invariantNames.join(', ')}`);
  });
}

function checkedInvariants(): readonly Invariant[] {
  const only = toNames(values.only);
  const except = toNames(values.except);
  return (only.length > 0 ? only : invariantNames).filter((name) => !except.includes(name));
}

async function printScenarios(filter: string): Promise<void> {
  const tables: readonly (readonly [string, readonly Scenario[]])[] = [
    ['The queue and the engine: 4 workers, 20 calls/s each', queueAndEngine],
    ['From a change to its sync', changeToSync],
  ];
  for (const [title, scenarios] of tables) {
    const rows = scenarios.filter(({ name }) => name.includes(filter));
    if (rows.length === 0) continue;
    print(`\n${title}\n\n| scenario | before | now | to reach |\n| --- | --- | --- | --- |`);
    for (const { before, measure, name, toReach } of rows) {
      print(`| ${name} | ${before} | ${await measure()} | ${toReach} |`);
    }
  }
}

/** Prints the smallest failing world that is found, and how it fails. */
async function printFailure(seed: number, invariant: Invariant): Promise<void> {
  const outcome = await shrink(randomPlan(seed), invariant);
  print(`\nseed ${seed} violates ${invariant}: ${invariants[invariant]}`);
  print(`  replay: npm run sim -- --seed ${seed} --only ${invariant}`);
  print(`  smallest world: ${JSON.stringify(outcome.world.plan)}`);
  for (const { detail } of outcome.violations) print(`  ${detail}`);
  for (const event of lastEvents(outcome, toNumber('trace', values.trace, 40))) {
    print(`  ${event.slice(0, 220)}`);
  }
}

async function runSeeds(from: number, count: number): Promise<boolean> {
  const checked = checkedInvariants();
  const jobs = Math.min(count, toNumber('jobs', values.jobs, availableParallelism()));
  const startedAt = performance.now();
  const violated: SeedsDone['violated'][number][] = [];
  let done = 0;
  let shownAt = 0;
  const show = (isLast: boolean): void => {
    const now = performance.now();
    if (!isLast && now - shownAt < (process.stderr.isTTY ? 200 : 10_000)) return;
    shownAt = now;
    const perSecond = Math.round(done / ((now - startedAt) / 1_000));
    const share = Math.floor((done / count) * 20);
    const bar = `[${'#'.repeat(share)}${'.'.repeat(20 - share)}]`;
    const text = `${bar} ${done} of ${count} seeds, ${perSecond} seeds/s, ${violated.length} violations`;
    process.stderr.write(process.stderr.isTTY && !isLast ? `\r${text}` : `${text}\n`);
  };
  const threads = Array.from({ length: jobs }, (_, job) => {
    const range: SeedRange = { from: from + job, until: from + count, step: jobs, checked };
    const url = new URL('../test/sim/seed-range.ts', import.meta.url);
    const worker = new Worker(url, { workerData: range });
    return new Promise<void>((resolve, reject) => {
      worker.on('message', (part: SeedsDone) => {
        done += part.seeds;
        violated.push(...part.violated);
        show(false);
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
  });
  await Promise.all(threads);
  show(true);
  violated.sort((a, b) => a.seed - b.seed);
  for (const [invariant, some] of Map.groupBy(violated, (one) => one.invariant)) {
    const seeds = some.map(({ seed }) => seed);
    const more = seeds.length > 5 ? `, and ${seeds.length - 5} more` : '';
    print(`${invariant}: violated by ${seeds.slice(0, 5).join(', ')}${more}`);
    print(`  ${some[0]?.detail.slice(0, 200)}`);
  }
  const [first] = violated;
  if (first) await printFailure(first.seed, first.invariant);
  return violated.length === 0;
}

async function runSeed(seed: number): Promise<boolean> {
  const checked = new Set(checkedInvariants());
  const { hash, violations, world } = await runWorld(randomPlan(seed), { checked });
  print(`seed ${seed}: ${JSON.stringify(world.history.counts)}, trace ${hash.toString(16)}`);
  for (const { invariant } of violations) await printFailure(seed, invariant);
  return violations.length === 0;
}

async function main(): Promise<boolean> {
  const { scenario, scenarios, seed, seeds } = values;
  if (values.help || (!scenarios && !scenario && !seed && !seeds)) {
    print(usage);
    return true;
  }
  Error.stackTraceLimit = 0;
  useLightAbort();
  if (scenarios || scenario) {
    await printScenarios(scenario ?? '');
    return true;
  }
  const from = toNumber('seed', seed, 1);
  return seeds === undefined ? runSeed(from) : runSeeds(from, toNumber('seeds', seeds, 1));
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
