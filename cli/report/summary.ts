import { type FailureGroup, groupFailures } from '../failures.ts';
import { bucketFailures, type FailureBuckets } from './failure-buckets.ts';
import type { FleetState } from './fleet-state.ts';
import type { Run } from './runs.ts';
import { readTokenState, type TokenState } from './token-state.ts';
import { findAbsent, listFailing, listWaiting, type Trouble, type Waiting } from './trouble.ts';
import { type Counts, decide, type Verdict } from './verdict.ts';

export interface Problem {
  readonly level: 'WARN' | 'ERROR';
  readonly message: string;
  readonly reason: string | undefined;
  readonly count: number;
  readonly lastAt: Date;
}

/** Where the lines came from. */
interface InputSummary {
  readonly sources: readonly string[];
  readonly lines: number;
  readonly unreadableLines: number;
  /** What went wrong while reading: a missing log group, a file that ends in the middle. */
  readonly notes: readonly string[];
  readonly firstAt: Date | undefined;
  readonly lastAt: Date | undefined;
}

/** The report: what `--json` prints, and what text and page are made from. */
export interface Summary {
  readonly at: Date;
  /** Made-up lines. */
  readonly isSample: boolean;
  readonly verdict: Verdict;
  readonly counts: Counts;
  readonly failures: readonly FailureGroup[];
  /** Not in sync, the longest first. */
  readonly failing: readonly Trouble[];
  readonly waiting: readonly Waiting[];
  /** No longer in the last scheduled run, and so not counted. */
  readonly absent: readonly string[];
  /** Only seen in dry runs. */
  readonly skippedOnly: number;
  readonly token: TokenState | undefined;
  /** The newest last. */
  readonly runs: readonly Run[];
  readonly failuresOverTime: FailureBuckets;
  readonly problems: readonly Problem[];
  readonly input: InputSummary;
}

export interface SummaryOptions {
  readonly at: Date;
  readonly sources: readonly string[];
  readonly notes: readonly string[];
  readonly isSample: boolean;
}

/** Draws the conclusions from what was read. */
export function summarise(state: FleetState, options: SummaryOptions): Summary {
  const { at, isSample } = options;
  const runs = state.runs();
  const absent = findAbsent(state, runs);
  const present = [...state.instances.values()].filter(({ instanceId }) => !absent.has(instanceId));
  const failing = listFailing(present);
  const waiting = listWaiting(present, at);
  const unknown = failing.filter(({ status }) => status === 'unknown').length;
  const counts = {
    total: present.length,
    inSync: present.length - failing.length - waiting.length,
    failed: failing.length - unknown,
    unknown,
    waiting: waiting.length,
  };
  const token = readTokenState(state, at);
  return {
    at,
    isSample,
    verdict: decide({ at, counts, runs, token, waiting }),
    counts,
    failures: groupFailures(failing),
    failing,
    waiting,
    absent: [...absent],
    skippedOnly: [...state.skipped].filter((id) => !state.instances.has(id)).length,
    token,
    runs,
    failuresOverTime: bucketFailures(state),
    problems: listProblems(state),
    input: summariseInput(state, options),
  };
}

function listProblems({ problems }: FleetState): readonly Problem[] {
  return [...problems.values()]
    .map(({ last: { at, level, message, reason }, times }) => ({
      level,
      message,
      reason,
      count: times.size,
      lastAt: new Date(at),
    }))
    .sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime());
}

function summariseInput(
  { lines, span }: FleetState,
  { notes, sources }: SummaryOptions,
): InputSummary {
  const known = span();
  return {
    sources,
    lines: lines.total,
    unreadableLines: lines.unreadable,
    notes,
    firstAt: known && new Date(known.firstAt),
    lastAt: known && new Date(known.lastAt),
  };
}
