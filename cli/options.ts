import { CommanderError, Option as Flag, Command as Parser } from 'commander';
import { wrapLines } from './format.ts';

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
  /** Behind `npx ddm-sync`. */
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

/** @throws {OptionError} */
export function parseOptions<const One extends Command>(
  command: One,
  args: readonly string[],
): Parsed<One> {
  command.refuse?.(args);
  const parser = createParser(command);
  try {
    parser.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const message = error.message
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')
      .replace(/\.$/, '');
    throw new OptionError(`${capital(message)}: ${seeHelp(command)}`, { cause: error });
  }
  const values: Readonly<Record<string, unknown>> = parser.opts();
  const read = Object.entries<Option>(command.options).map(([name, option]) => [
    name,
    readValue(option, values[name], `--${flagOf(name)}`),
  ]);
  return { ...Object.fromEntries(read), help: values.help === true, operands: parser.args };
}

function readValue({ example, read }: Option, value: unknown, flag: string): unknown {
  if (example === undefined) return value === true;
  if (Array.isArray(value)) return value.map((one: string) => read?.(one, flag) ?? one);
  return typeof value === 'string' && read ? read(value, flag) : value;
}

function createParser({ about, name, operands, options }: Command): Parser {
  const parser = new Parser(`${program} ${name}`)
    .description(flow(about))
    .usage(`${operands === undefined ? '' : `${operands} `}[options]`)
    .helpOption(false) // --help is an option like the others: only runCommand() prints it
    .configureOutput({ writeErr: () => {} })
    .configureHelp({ sortOptions: false })
    .exitOverride();
  if (operands !== undefined) parser.argument('[operands...]');
  let heading = 'Options:';
  for (const [key, option] of Object.entries<Option>(options)) {
    if (option.group !== undefined) heading = `${option.group}:`;
    parser.addOption(createFlag(key, option).helpGroup(heading));
  }
  return parser.addOption(new Flag('-h, --help', 'this text').helpGroup(heading));
}

function createFlag(
  key: string,
  { default: standard, example, help, multiple, short }: Option,
): Flag {
  const start = `${short === undefined ? '' : `-${short}, `}--${flagOf(key)}`;
  const flag = new Flag(example === undefined ? start : `${start} <${example}>`, help);
  if (multiple) {
    return flag.argParser((value, before: string[]) => [...before, value]).default([], 'none');
  }
  return standard === undefined ? flag : flag.default(standard, standard);
}

function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const program = 'npx ddm-sync';

export function seeHelp({ name }: Pick<Command, 'name'>): string {
  return `see ${program} ${name} --help`;
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

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Without the line breaks of the source; those of a list and between paragraphs stay. */
function flow(text: string): string {
  return text.replace(/(?<!\n)\n(?![ \n])/g, ' ');
}

/** The text of `--help`, as wide as the terminal. */
export function describeHelp(command: Command): string {
  const notes = command.notes
    ? `\n${wrapLines(flow(command.notes), process.stdout.columns ?? 80)}\n`
    : '';
  return `${createParser(command).helpInformation()}${notes}`;
}

/** Runs a command on the arguments of this process, which ends with the exit code of `main`. */
export async function runCommand<const One extends Command>(
  command: One,
  main: (options: Parsed<One>) => Promise<number>,
): Promise<void> {
  process.stdout.on('error', endWithReader);
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

/** Whoever reads the output may have seen enough: `| head`. */
export function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
