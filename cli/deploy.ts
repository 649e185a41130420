import { spawn } from 'node:child_process';
import type { Stage } from '../infra/stage.ts';
import { build } from '../scripts/build.ts';
import { deployStages, describeResults } from './deploy/deploy-stages.ts';
import { describeProblems, openStage } from './deploy/open-stage.ts';
import { deployCommand } from './deploy/options.ts';
import { OptionError, runCommand, seeHelp } from './options.ts';
import { chooseStages } from './stages.ts';

const { env, platform, stderr, stdout } = process;

await runCommand(deployCommand, async (options) => {
  const names = chooseStages(options.stage);
  if (names.length === 0) {
    throw new OptionError(
      `Which stage? Give --stage <name>, or --stage all; ${seeHelp(deployCommand)}`,
    );
  }
  const stages = await Promise.all(names.map((name) => openStage(name, env)));
  const problems = describeProblems(stages, env);
  if (problems !== '') {
    stderr.write(
      `${problems}\nNothing was deployed: correct the settings first (docs/configuration.md).\n`,
    );
    return 2;
  }
  await build();
  const results = await deployStages(runServerless, stages, options);
  stdout.write(`\n${describeResults(results)}`);
  return results.every(({ ok }) => ok) ? 0 : 1;
});

/** `npm run` has the framework in the PATH; on Windows it is a script for the shell. */
function runServerless(args: readonly string[], stageEnv: Stage['env']): Promise<number> {
  return new Promise((resolve, reject) => {
    const shell = platform === 'win32';
    const child = spawn('serverless', args, { env: stageEnv, shell, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
