import { formatAge, formatCount, formatTime, plural } from '../format.ts';
import { isScheduled, type Run } from './runs.ts';
import type { TokenState } from './token-state.ts';
import type { Waiting } from './trouble.ts';

export interface Counts {
  readonly total: number;
  readonly inSync: number;
  readonly failed: number;
  /** Accepted, but the job was not seen to end. */
  readonly unknown: number;
  readonly waiting: number;
}

export interface Verdict {
  readonly state: 'in sync' | 'not in sync' | 'nothing known';
  /** One sentence. */
  readonly text: string;
  /** What a person should know beside it. */
  readonly warnings: readonly string[];
}

export const exitCodes = { 'in sync': 0, 'not in sync': 1, 'nothing known': 2 } as const;

interface Facts {
  readonly at: Date;
  readonly counts: Counts;
  readonly runs: readonly Run[];
  readonly token: TokenState | undefined;
  readonly waiting: readonly Waiting[];
}

/** The first thing a person on call is told. */
export function decide(facts: Facts): Verdict {
  const { counts, waiting } = facts;
  const hasStuck = waiting.some(({ failures, isLong }) => isLong || failures > 0);
  const isInSync = counts.failed === 0 && counts.unknown === 0 && !hasStuck;
  return {
    state: counts.total === 0 ? 'nothing known' : isInSync ? 'in sync' : 'not in sync',
    text: `${describeCounts(counts)}${describeLastRun(facts)}`,
    warnings: [...warnOfWaiting(facts), ...warnOfLateRun(facts), ...warnOfToken(facts)],
  };
}

function describeCounts({ failed, inSync, total, unknown, waiting }: Counts): string {
  if (total === 0) return 'Nothing is known: no result of any instance in these lines';
  const rest = [
    ...(unknown > 0 ? [`, ${formatCount(unknown)} of unknown end`] : []),
    ...(waiting > 0 ? [`, ${formatCount(waiting)} waiting in the queue`] : []),
  ].join('');
  if (failed > 0) return `${share(failed, total)} not in sync${rest}`;
  if (inSync < total) return `${share(inSync, total)} in sync${rest}`;
  return total === 1 ? 'The one instance is in sync' : `All ${count(total)} are in sync`;
}

function share(part: number, total: number): string {
  return `${formatCount(part)} of ${count(total)} ${part === 1 ? 'is' : 'are'}`;
}

function count(instances: number): string {
  return plural(instances, 'instance');
}

function describeLastRun({ at, runs }: Facts): string {
  const last = runs.findLast(({ isDryRun }) => !isDryRun);
  return last ? ` (last run ${formatAge(at, last.at)} ago)` : '';
}

function warnOfWaiting({ waiting }: Facts): readonly string[] {
  const long = waiting.filter(({ isLong }) => isLong).length;
  return long > 0
    ? [
        `${count(long)} waiting for longer than the queue keeps trying: look at the dead-letter queue (npm run redrive -- show --stage <stage>) and at the worker's log.`,
      ]
    : [];
}

/** A schedule that stopped leaves no line: only its silence shows. */
function warnOfLateRun({ at, runs }: Facts): readonly string[] {
  const times = runs.filter(isScheduled).map((run) => run.at.getTime());
  const last = times.at(-1);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const usual = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)];
  if (last === undefined || usual === undefined || at.getTime() - last <= 3 * usual) return [];
  const age = formatAge(at, new Date(last));
  return [
    `No scheduled run for ${age}; before, one came every ${formatAge(new Date(usual), new Date(0))}. Is the log newer than that? Then look at the schedule and at the errors of scheduled.`,
  ];
}

function warnOfToken({ token }: Facts): readonly string[] {
  if (!token || token.state === 'well' || token.state === 'not known') return [];
  const until = token.expiresAt ? formatTime(token.expiresAt) : '';
  const advice = 'look at the last lines of rotate-token, repair what they name, and invoke it';
  if (token.state === 'expired') return [`The token expired at ${until}: ${advice}.`];
  if (token.state === 'expires soon') return [`The token expires at ${until}: ${advice}.`];
  return [`The last token rotation failed, and the old token is still in place: ${advice}.`];
}
