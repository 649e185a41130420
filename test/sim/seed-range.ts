import { parentPort, workerData } from 'node:worker_threads';
import type { Invariant } from './invariants.ts';
import { useLightAbort } from './light-abort.ts';
import { randomPlan } from './random-plan.ts';
import { runWorld } from './run.ts';

/** Seeds that one thread runs: `from`, `from + step`, and so on, below `until`. */
export interface SeedRange {
  readonly from: number;
  readonly until: number;
  readonly step: number;
  readonly checked: readonly Invariant[];
}

/** What a thread tells after some seeds. */
export interface SeedsDone {
  readonly seeds: number;
  readonly violated: readonly {
    readonly seed: number;
    readonly invariant: Invariant;
    readonly detail: string;
  }[];
}

const seedsAtOnce = 10;

async function runRange({ checked, from, step, until }: SeedRange): Promise<void> {
  Error.stackTraceLimit = 0; // the stacks of simulated failures cost time and say nothing
  useLightAbort();
  const options = { checked: new Set(checked) };
  let done: { seeds: number; violated: SeedsDone['violated'][number][] } = empty();
  for (let seed = from; seed < until; seed += step) {
    const { violations } = await runWorld(randomPlan(seed), options);
    done.seeds += 1;
    done.violated.push(...violations.map(({ detail, invariant }) => ({ seed, invariant, detail })));
    if (done.seeds < seedsAtOnce && seed + step < until) continue;
    parentPort?.postMessage(done);
    done = empty();
  }
}

function empty() {
  return { seeds: 0, violated: [] };
}

await runRange(workerData as SeedRange);
