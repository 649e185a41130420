import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../scripts/build.ts';
import { OptionError, runCommand } from './options.ts';
import { runChanges } from './start/changes.ts';
import { type StartOptions, startCommand } from './start/options.ts';
import { openProject, type Project } from './start/project.ts';
import { runFleet } from './start/run.ts';

const taskRoot = dirname(dirname(fileURLToPath(import.meta.url)));

await runCommand(startCommand, async (options) => {
  const project = await openProject(options, process.env);
  try {
    await build();
    return await run(options, project);
  } finally {
    await project.cloud?.close();
  }
});

function run(options: StartOptions, project: Project): Promise<number> {
  const { cloud, env } = project;
  if (options.changeNodes === undefined) {
    return runFleet(options, project, taskRoot, process.stdout);
  }
  if (!cloud) throw new OptionError('--change-nodes needs the embedded cloud');
  return runChanges(options.changeNodes, cloud, { taskRoot, env }, options.json);
}
