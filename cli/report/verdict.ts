import { formatAge, formatCount, formatTime, plural } from '../format.ts';
import { isScheduled, type Run } from './runs.ts';
import type { TokenState } from './token-state.ts';
import type { Waiting } from './trouble.ts';

export interface Counts {
  readonly total: number;
  /** DDM accepted the last sync; how its job ended is not known yet, or not followed. */
  readonly accepted: number;
  /** Accepted, and the job was seen to complete. */
  readonly confirmed: number;
  readonly failed: number;
  /** Accepted, but the job was not seen to end. */
  readonly unknown: number;
  /** In the queue, after a failure. */
  readonly retrying: number;
  /** In the queue, and not known to have failed. */
  readonly waiting: number;
}

export interface Verdict {
  /** It says what is known of the last sync of each instance, and not what state its data nodes are in. */
  readonly state: 'accepted' | 'failed' | 'nothing known';
  /** One sentence. */
  readonly text: string;
  /** What a person should know beside it. */
  readonly warnings: readonly string[];
}

export const exitCodes = { accepted: 0, failed: 1, 'nothing known': 2 } as const;

interface Facts {
  readonly at: Date;
  readonly counts: Counts;
  readonly runs: readonly Run[];
  readonly token: TokenState | undefined;
  readonly waiting: readonly Waiting[];
  /** Of the deployment, or `<stage>`. */
  readonly stage: string;
}

/** The first thing a person on call is told. */
export function decide(facts: Facts): Verdict {
  const { counts, waiting } = facts;
  const hasStuck = waiting.some(({ isLong, runsFailed }) => isLong || runsFailed > 0);
  const isAccepted = counts.failed === 0 && counts.unknown === 0 && !hasStuck;
  return {
    state: counts.total === 0 ? 'nothing known' : isAccepted ? 'accepted' : 'failed',
    text: `${describeCounts(counts)}${describeLastRun(facts)}`,
    warnings: [...warnOfWaiting(facts), ...warnOfLateRun(facts), ...warnOfToken(facts)],
  };
}

/** It claims no more than is known: an accepted sync may still fail. */
function describeCounts({
  accepted,
  confirmed,
  failed,
  retrying,
  total,
  unknown,
  waiting,
}: Counts): string {
  if (total === 0) return 'Nothing is known: no result of any instance in these lines';
  const rest = [
    ...(unknown > 0 ? [`${formatCount(unknown)} of unknown end`] : []),
    ...(retrying > 0 ? [`${formatCount(retrying)} retrying`] : []),
    ...(waiting > 0 ? [`${formatCount(waiting)} waiting in the queue`] : []),
  ];
  const good = [
    ...(confirmed > 0 ? [`${formatCount(confirmed)} confirmed`] : []),
    ...(accepted > 0 ? [`${formatCount(accepted)} accepted`] : []),
  ];
  if (failed > 0) {
    const of = total === 1 ? 'the one instance' : `${formatCount(failed)} of ${count(total)}`;
    return [`The last sync of ${of} failed`, ...good, ...rest].join(', ');
  }
  if (rest.length > 0) return `The last sync of ${count(total)}: ${[...good, ...rest].join(', ')}`;
  const of = total === 1 ? 'the one instance' : `all ${count(total)}`;
  if (accepted === 0) return `The last sync of ${of} was confirmed`;
  const confirmedOf = confirmed > 0 ? `, and ${formatCount(confirmed)} confirmed` : '';
  return `The last sync of ${of} was accepted${confirmedOf}`;
}

function count(instances: number): string {
  return plural(instances, 'instance');
}

function describeLastRun({ at, runs }: Facts): string {
  const last = runs.findLast(({ isDryRun }) => !isDryRun);
  return last ? ` (last run ${formatAge(at, last.at)} ago)` : '';
}

function warnOfWaiting({ stage, waiting }: Facts): readonly string[] {
  const long = waiting.filter(({ isLong, isSilent }) => isLong && !isSilent).length;
  const silent = waiting.filter(({ isSilent }) => isSilent).length;
  const command = `npm run redrive -- show --stage ${stage}`;
  return [
    ...(long > 0
      ? [
          `${count(long)} waiting for more than an hour: is DDM down, does it throttle or refuse the token, does the worker fail? See queue-age in docs/runbook.md.`,
        ]
      : []),
    ...(silent > 0
      ? [
          `${count(silent)} not touched by a worker for more than an hour: the message may be in the dead-letter queue. ${command}.`,
        ]
      : []),
  ];
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
