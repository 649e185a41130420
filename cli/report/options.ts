import { parseArgs } from 'node:util';
import { OptionError } from '../start/options.ts';

/** Where the lines come from. */
export type Input =
  | { readonly from: 'files'; readonly paths: readonly string[] }
  | { readonly from: 'groups'; readonly names: readonly string[] }
  | { readonly from: 'sample' };

/** What `npm run report -- --help` lists. */
export interface ReportOptions {
  readonly input: Input;
  /** Older lines are left out. */
  readonly sinceMs: number | undefined;
  readonly json: boolean;
  /** File to write the page to. */
  readonly html: string | undefined;
  readonly help: boolean;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const functionNames = [
  'scheduled',
  'http',
  'worker',
  'follow',
  'watch',
  'changed',
  'smn',
  'rotate-token',
];
const defaultSinceOfGroups = '24h';

/** @throws {OptionError} */
export function parseReportOptions(args: readonly string[], isTerminal: boolean): ReportOptions {
  const { positionals, values } = parse(args);
  const input = chooseInput(positionals, values);
  const isWaiting = input.from === 'files' && input.paths.includes('-') && isTerminal;
  if (isWaiting && !values.help) {
    throw new OptionError(
      'Nothing to read: name a log file, pipe lines in, or use --stage or --log-group: see npm run report -- --help',
    );
  }
  const since = values.since ?? (input.from === 'groups' ? defaultSinceOfGroups : undefined);
  return {
    input,
    sinceMs: since === undefined ? undefined : readPeriod(since),
    json: values.json,
    html: values.html,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'log-group': text,
        stage: text,
        since: text,
        html: text,
        sample: flag,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\.?(?:\n|\. )/)[0] ?? '') : '';
    throw new OptionError(`${message}: see npm run report -- --help`, { cause: error });
  }
}

interface InputValues {
  readonly 'log-group'?: string | undefined;
  readonly stage?: string | undefined;
  readonly sample: boolean;
}

function chooseInput(paths: readonly string[], values: InputValues): Input {
  const { 'log-group': groups, sample, stage } = values;
  const isFromGroups = groups !== undefined || stage !== undefined;
  if ([paths.length > 0, isFromGroups, sample].filter(Boolean).length > 1) {
    throw new OptionError(
      'Name files, or log groups (--log-group, --stage), or --sample: not several',
    );
  }
  if (sample) return { from: 'sample' };
  if (!isFromGroups) return { from: 'files', paths: paths.length > 0 ? paths : ['-'] };
  return { from: 'groups', names: [...readGroups(groups), ...groupsOfStage(stage)] };
}

function readGroups(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  const names = value.split(',').map((name) => name.trim());
  if (!names.every((name) => /^[\w./#-]{1,512}$/.test(name))) {
    throw new OptionError(`--log-group takes names separated by commas, not "${value}"`);
  }
  return names;
}

function groupsOfStage(stage: string | undefined): readonly string[] {
  if (stage === undefined) return [];
  if (!/^[A-Za-z0-9-]{1,40}$/.test(stage)) {
    throw new OptionError(`--stage takes a name such as prod, not "${stage}"`);
  }
  return functionNames.map((name) => `/aws/lambda/ddm-sync-${stage}-${name}`);
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function readPeriod(value: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(value) ?? [];
  const ms = unitMs[unit];
  if (ms === undefined) throw new OptionError(`--since takes 30m, 24h or 7d, not "${value}"`);
  return Number(count) * ms;
}

export const help = `npm run report -- [file...] [options]

Reads log lines of the functions and says which instances are in sync and which are not.

Input
  run.log more.log.gz    files, gzip or not; "-" is the standard input (also without any name)
  --stage prod           the CloudWatch log groups of all functions of a stage
  --log-group a,b        these log groups
  --since 24h            no older lines: 30m, 24h, 7d (log groups: default 24h; files: everything)
  --sample               a made-up day of 200 instances, to see what the report looks like

Output
  --json                 one JSON document instead of text
  --html report.html     a page as well: one file, for the browser, the phone and the printer
  --help

Ends with 0 when everything is in sync, with 1 when something is not, with 2 when nothing can be said:
wrong options, input that cannot be read, no result of any instance in it.
`;
