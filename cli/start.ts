import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../scripts/build.ts';
import { runCommand } from './options.ts';
import { required } from './run/project.ts';
import { runChanges } from './start/changes.ts';
import { checkQueueOptions, startCommand } from './start/options.ts';
import { openDemo } from './start/project.ts';
import { runFleet } from './start/run.ts';

const taskRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const { env, stderr, stdout } = process;

await runCommand(startCommand, async (options) => {
  checkQueueOptions(options);
  const ignored = required.filter((name) => env[name]);
  if (ignored.length > 0) {
    stderr.write(`Not used here: ${ignored.join(', ')}. npx ddm-sync run is for a real project.\n`);
  }
  const project = await openDemo(options);
  try {
    await build();
    if (options.changeNodes !== undefined) {
      return await runChanges(
        options.changeNodes,
        project.cloud,
        { taskRoot, env: project.env },
        options.json,
      );
    }
    const { ok } = await runFleet(options, project, taskRoot, stdout, options);
    return ok ? 0 : 1;
  } finally {
    await project.cloud.close();
  }
});
