import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { confirm } from '@inquirer/prompts';
import { build } from '../scripts/build.ts';
import { OptionError, runCommand } from './options.ts';
import { realRunCommand } from './run/options.ts';
import { openRealProject } from './run/project.ts';
import { runFleet } from './start/run.ts';

const taskRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const { env, stdin, stdout } = process;

await runCommand(realRunCommand, async (options) => {
  const project = await openRealProject(options, env);
  if (!options.dryRun && !options.yes) await consent(project.name);
  await build();
  const { failed, ok } = await runFleet(options, project, taskRoot, stdout);
  return ok && failed === 0 ? 0 : 1;
});

async function consent(name: string): Promise<void> {
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new OptionError(`This calls ${name}: give --yes for that, or --dry-run`);
  }
  const message = `Sync every instance now: ${name}?`;
  if (!(await confirm({ message, default: false }))) throw new OptionError('Nothing was called');
}
