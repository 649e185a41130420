import type { Stage } from '../../infra/stage.ts';
import { matching, OptionError, type Parsed, seeHelp } from '../options.ts';
import { stagesOption } from '../stages.ts';

/** Where the lines come from. */
export type Input =
  | { readonly from: 'files'; readonly paths: readonly string[] }
  | { readonly from: 'groups'; readonly names: readonly string[]; readonly env?: Stage['env'] }
  | { readonly from: 'sample' };

export interface ReportInput {
  readonly input: Input;
  /** Older lines are left out. */
  readonly sinceMs: number | undefined;
  /** A file with ids. */
  readonly comparePath?: string | undefined;
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function readPeriod(period: string): number {
  const unit = period.endsWith('m') ? 'm' : period.endsWith('h') ? 'h' : 'd';
  return Number.parseInt(period, 10) * unitMs[unit];
}

export const reportCommand = {
  name: 'report',
  operands: '[file...]',
  about: `Reads log lines of the functions and says how the last sync of each instance ended. Files may be gzipped;
"-", or no file at all, is the standard input.`,
  options: {
    stage: {
      ...stagesOption,
      group: 'Input',
      help: 'the CloudWatch log groups of a stage; several times, or "all": the stages side by side',
    },
    logGroup: {
      example: 'a,b',
      help: 'these log groups',
      read: readGroups,
    },
    since: {
      example: '24h',
      help: 'no older lines: 30m, 24h, 7d (default: 24h of log groups, everything of files)',
      read: matching(/^([1-9]\d{0,4}[mhd])$/, '30m, 24h or 7d', readPeriod),
    },
    sample: { help: 'a made-up day of 200 instances, to see what the report looks like' },
    compare: {
      example: 'instances.txt',
      help: 'the ids in this file, such as the list of a script: which of them were accepted?',
    },
    json: { group: 'Output', help: 'one JSON document instead of text' },
    html: {
      example: 'report.html',
      help: 'a page as well: one file for the browser, the phone and the printer',
    },
  },
  notes: `Several stages make one table; --html and --compare are for one stage. AWS region and credentials are those
of stages/<stage>.env, or else of the environment. Exit code, of the worst stage: 0 the last sync of every instance was
accepted; 1 one was not, or an id of --compare was not; 2 the report cannot tell: wrong options, unreadable input, or no
result of any instance in it.`,
} as const;

export type ReportOptions = Parsed<typeof reportCommand>;

function readGroups(value: string): readonly string[] {
  const names = value.split(',').map((name) => name.trim());
  if (names.every((name) => /^[\w./#-]{1,512}$/.test(name))) return names;
  throw new OptionError(`--log-group takes names separated by commas, not "${value}"`);
}

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

function groupsOfStage(stage: string): readonly string[] {
  return functionNames.map((name) => `/aws/lambda/ddm-sync-${stage}-${name}`);
}

const defaultSinceOfGroupsMs = readPeriod('24h');

/** Where to read, and how far back. @throws {OptionError} */
export function chooseInput(
  { logGroup, operands, sample, since }: ReportOptions,
  isTerminal: boolean,
  stage?: Stage,
): ReportInput {
  const groups = [...(logGroup ?? []), ...(stage ? groupsOfStage(stage.name) : [])];
  if ([operands.length > 0, groups.length > 0, sample].filter(Boolean).length > 1) {
    throw new OptionError(
      'Name files, or log groups (--log-group, --stage), or --sample: only one of the three',
    );
  }
  if (groups.length > 0) {
    const input = { from: 'groups', names: groups, ...(stage && { env: stage.env }) } as const;
    return { input, sinceMs: since ?? defaultSinceOfGroupsMs };
  }
  if (sample) return { input: { from: 'sample' }, sinceMs: since };
  const paths = operands.length > 0 ? operands : ['-'];
  if (isTerminal && paths.includes('-')) {
    throw new OptionError(
      `Nothing to read: name a log file, pipe lines in, or use --stage or --log-group: ${seeHelp(reportCommand)}`,
    );
  }
  return { input: { from: 'files', paths }, sinceMs: since };
}
