import { parseArgs } from 'node:util';

/** A wrong option or value. The message is one line for the person who typed it. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** Turns the text of a value into what the command uses. @throws {OptionError} that names the flag */
export type Read<Value> = (value: string, flag: string) => Value;

interface Option {
  readonly help: string;
  /** A value that the help shows: `--rate 100`. Without one the option is a flag: `--json`. */
  readonly example?: string;
  readonly read?: Read<unknown>;
  readonly default?: string;
  /** It may be given several times; without it the list is empty. */
  readonly multiple?: true;
  readonly short?: string;
  /** The heading of the group that begins with this option. */
  readonly group?: string;
}

/** What a person types, with everything that its help says. */
export interface Command {
  /** `npm start` */
  readonly name: string;
  readonly about: string;
  /** Arguments without a flag; absent where the command takes none. */
  readonly operands?: string;
  /** By name in camelCase: `dryRun` is `--dry-run`. */
  readonly options: Readonly<Record<string, Option>>;
  /** The end of the help. */
  readonly notes?: string;
  /** Throws for arguments that deserve a better message than that they are unknown. */
  readonly refuse?: (args: readonly string[]) => void;
}

type ValueOf<One> = One extends { readonly example: string }
  ? One extends { readonly multiple: true }
    ? readonly OneValueOf<One>[]
    : OneValueOf<One> | (One extends { readonly default: string } ? never : undefined)
  : boolean;

type OneValueOf<One> = One extends { readonly read: Read<infer Value> } ? Value : string;

export type Parsed<One extends Command> = {
  readonly [Name in keyof One['options']]: ValueOf<One['options'][Name]>;
} & { readonly help: boolean; readonly operands: readonly string[] };

const helpOption = { help: '', short: 'h' };

/** @throws {OptionError} */
export function parseOptions<const One extends Command>(
  command: One,
  args: readonly string[],
): Parsed<One> {
  command.refuse?.(args);
  const options = Object.entries<Option>({ ...command.options, help: helpOption });
  const { positionals, values } = parse(command, options, args);
  const read = options.map(([name, { default: standard, example, multiple, read }]) => {
    const value = values[flagOf(name)] ?? (multiple ? [] : standard);
    if (example === undefined) return [name, value === true];
    const convert = (one: unknown): unknown =>
      typeof one === 'string' && read ? read(one, `--${flagOf(name)}`) : one;
    return [name, Array.isArray(value) ? value.map(convert) : convert(value)];
  });
  return { ...Object.fromEntries(read), operands: positionals };
}

function parse(
  command: Command,
  options: readonly (readonly [string, Option])[],
  args: readonly string[],
): { readonly positionals: readonly string[]; readonly values: Readonly<Record<string, unknown>> } {
  const types = options.map(([name, { example, multiple = false, short }]) => [
    flagOf(name),
    { type: example === undefined ? 'boolean' : 'string', multiple, ...(short && { short }) },
  ]);
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: command.operands !== undefined,
      options: Object.fromEntries(types),
    });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\.?(?:\n|\. )/)[0] ?? '') : '';
    throw new OptionError(`${message}: ${seeHelp(command)}`, { cause: error });
  }
}

function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function seeHelp({ name }: Pick<Command, 'name'>): string {
  return `see ${name} -- --help`;
}

/** A reader for values of one form: what the pattern captures is converted. */
export function matching<Value>(
  pattern: RegExp,
  expected: string,
  convert: (captured: string) => Value,
): Read<Value> {
  return (value, flag) => {
    const captured = pattern.exec(value)?.[1];
    if (captured === undefined) throw new OptionError(`${flag} takes ${expected}, not "${value}"`);
    return convert(captured);
  };
}

/** A reader for one of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Read<Word> {
  return (value, flag) => {
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    const list = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
    throw new OptionError(`${flag} takes ${list}, not "${value}"`);
  };
}

/** A reader for the values that a check accepts. Of the others, the check says what is wrong. */
export function checked(check: (value: string) => true | string): Read<string> {
  return (value, flag) => {
    const verdict = check(value);
    if (verdict !== true) throw new OptionError(`${flag}: ${verdict}`);
    return value;
  };
}

/** The text of `--help`. */
export function describeHelp({ about, name, notes, operands, options }: Command): string {
  const rows = Object.entries<Option>({ ...options, help: helpOption }).map(([name, option]) => ({
    ...option,
    start: `  --${flagOf(name)} ${option.example ?? ''}`,
  }));
  const width = Math.max(...rows.map(({ start }) => start.length));
  const lines = rows.flatMap(({ default: standard, group, help, start }, index) => [
    ...(group === undefined ? (index === 0 ? [''] : []) : ['', group]),
    `${start.padEnd(width)}  ${help}${standard ? ` (default ${standard})` : ''}`.trimEnd(),
  ]);
  const usage = `${name} -- ${operands === undefined ? '' : `${operands} `}[options]`;
  return `${[usage, '', about, ...lines, ...(notes ? ['', notes] : [])].join('\n')}\n`;
}

/** Runs a command on the arguments of this process, which ends with the exit code of `main`. */
export async function runCommand<const One extends Command>(
  command: One,
  main: (options: Parsed<One>) => Promise<number>,
): Promise<void> {
  try {
    const options = parseOptions(command, process.argv.slice(2));
    if (options.help) process.stdout.write(describeHelp(command));
    process.exitCode = options.help ? 0 : await main(options);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
