import { checkStageName, listStages } from '../infra/stage.ts';
import { OptionError, type Read } from './options.ts';

/** For a command that works on one stage. */
export const readStageName: Read<string> = (value, flag) => {
  const verdict = checkStageName(value);
  if (verdict !== true) throw new OptionError(`${flag}: ${verdict}`);
  return value;
};

/** For a command that takes several. */
export const stagesOption = {
  example: 'prod',
  multiple: true,
  help: 'a stage; give it several times, or "all" for every stage that has a file in stages/',
  read: (value: string, flag: string) => (value === 'all' ? value : readStageName(value, flag)),
} as const;

/** The names that `--stage` stands for. @throws {OptionError} where `all` is none */
export function chooseStages(given: readonly string[]): readonly string[] {
  const names = given.flatMap((name) => (name === 'all' ? listStages() : [name]));
  if (given.length > 0 && names.length === 0) {
    throw new OptionError('No stage has a file in stages/: npm run setup writes one');
  }
  return [...new Set(names)];
}
