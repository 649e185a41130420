import { build } from '../scripts/build.ts';
import { changes } from './changes.ts';
import { cost } from './cost.ts';
import { cpu } from './cpu.ts';
import { dispatch } from './dispatch.ts';
import { fleet } from './fleet.ts';
import { follow } from './follow.ts';
import { functions } from './functions.ts';
import { http } from './http.ts';
import { memory } from './memory.ts';
import { queuePath } from './queue-path.ts';
import { rotation } from './rotation.ts';
import { signing } from './signing.ts';
import { startUp } from './start-up.ts';
import { throttling } from './throttling.ts';

/** The figures by their letters; each yields its title, and then its lines as it measures them. */
const figures = {
  a: fleet,
  b: throttling,
  c: cpu,
  d: startUp,
  e: memory,
  f: dispatch,
  g: queuePath,
  h: http,
  i: signing,
  j: rotation,
  k: changes,
  l: follow,
  m: functions,
  n: cost,
};

await build();
const asked = process.argv.slice(2);
for (const [letter, figure] of Object.entries(figures)) {
  if (asked.length > 0 && !asked.includes(letter)) continue;
  let indent = `(${letter}) `;
  for await (const line of figure()) {
    process.stdout.write(`${indent}${line}\n`);
    indent = '    ';
  }
}
