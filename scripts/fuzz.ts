import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { toJson } from '../test/fuzz/mutate.ts';
import { targets } from '../test/fuzz/targets.ts';

const usage = `npm run fuzz -- [options]
  --runs N     inputs for each parser (default 10000)
  --only TEXT  the parsers whose name contains the text
  --seed=S     of an earlier run
  --path P     of its failing input
Parsers: ${targets.map(({ name }) => `\n  ${name}`).join('')}
`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    only: { type: 'string', default: '' },
    seed: { type: 'string' },
    path: { type: 'string' },
    help: { type: 'boolean' },
  },
});

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function fuzz(): Promise<void> {
  const numRuns = Number(values.runs);
  const chosen = targets.filter(({ name }) => name.includes(values.only));
  if (!Number.isInteger(numRuns) || numRuns < 1 || chosen.length === 0) {
    throw new RangeError(`--runs takes a whole number, and --only a part of a name\n${usage}`);
  }
  for (const { name, property } of chosen) {
    const startedAt = performance.now();
    const result = await fc.check(property, {
      numRuns,
      ...(values.seed && { seed: Number(values.seed) }),
      ...(values.path && { path: values.path, endOnFailure: true }),
    });
    const seconds = (performance.now() - startedAt) / 1_000;
    print(
      `${result.failed ? 'FAILED' : 'sound '}  ${name}: ${result.numRuns} inputs in ${seconds.toFixed(0)} s, seed ${result.seed}`,
    );
    if (!result.failed) continue;
    process.exitCode = 1;
    print(`  input: ${toJson(result.counterexample).slice(0, 2_000)}`);
    print(`  ${String(result.errorInstance).slice(0, 1_000)}`);
    print(
      `  npm run fuzz -- --only '${name}' --runs ${numRuns} --seed=${result.seed} --path ${result.counterexamplePath}`,
    );
  }
}

if (values.help) print(usage);
else await fuzz();
