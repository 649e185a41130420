import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { endWithReader } from './options.ts';

/** Each is a file beside this one, which reads the arguments behind its name. */
const commands = {
  start: 'show the service at work, against a cloud that is embedded here',
  dev: 'serve POST /sync and the schedule here',
  setup: 'ask, test, and write the parameters and the settings of a stage',
  deploy: 'check, build and deploy stages',
  run: 'sync a real project once, from this machine',
  report: 'say which instances failed, since when, why, and what to do',
  redrive: 'show a dead-letter queue, or send its messages back',
} as const;

const program = new Command('npx ddm-sync')
  .description('Keeps Huawei Cloud DDM instances in sync with their data nodes.')
  .version(packageJson.version, '-v, --version', 'say which version this is')
  .helpCommand(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
for (const [name, help] of Object.entries(commands)) {
  program
    .command(name)
    .description(help)
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async () => {
      process.argv.splice(2, 1);
      await import(`./${name}.ts`);
    });
}
process.stdout.on('error', endWithReader);
await program.parseAsync();
