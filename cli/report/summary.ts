import { type FailureGroup, groupFailures } from '../failures.ts';
import { type Comparison, compare, isComplete } from './compare.ts';
import { readEndpoint } from './console.ts';
import type { Place } from './entry.ts';
import { bucketFailures, type FailureBuckets } from './failure-buckets.ts';
import type { FleetState } from './fleet-state.ts';
import { currentOutcome, type InstanceState } from './instance.ts';
import type { Run } from './runs.ts';
import { readTokenState, type TokenState } from './token-state.ts';
import { findAbsent, listFailing, listWaiting, type Trouble, type Waiting } from './trouble.ts';
import { type Counts, decide, exitCodes, type Verdict } from './verdict.ts';

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
  readonly fleets: readonly Fleet[];
  readonly verdict: Verdict;
  readonly counts: Counts;
  readonly failures: readonly FailureGroup[];
  /** Their last sync failed or has no known end; the longest first. */
  readonly failing: readonly Trouble[];
  readonly waiting: readonly Waiting[];
  /** No longer in the last scheduled run, and so not counted. */
  readonly absent: readonly string[];
  /** Only seen in dry runs. */
  readonly dryRunOnly: number;
  /** What their last run did not call, and why. */
  readonly notCalled: readonly NotCalled[];
  /** With `--compare`. */
  readonly comparison: Comparison | undefined;
  readonly token: TokenState | undefined;
  /** The newest last. */
  readonly runs: readonly Run[];
  readonly failuresOverTime: FailureBuckets;
  readonly problems: readonly Problem[];
  readonly input: InputSummary;
}

/** A stage, and the instances that it is for. */
interface Fleet {
  readonly stage: string | undefined;
  readonly awsRegion: string | undefined;
  /** Of Huawei Cloud. */
  readonly region: string | undefined;
  readonly projectId: string | undefined;
  /** DDM's page in the console. */
  readonly console: string | undefined;
}

interface NotCalled {
  readonly instanceId: string;
  readonly name: string | undefined;
  readonly reason: string;
}

export interface SummaryOptions {
  /** The ids of another list. */
  readonly compareWith?: ReadonlySet<string> | undefined;
  readonly at: Date;
  readonly sources: readonly string[];
  readonly notes: readonly string[];
  readonly isSample: boolean;
}

/** Draws the conclusions from what was read. */
export function summarise(state: FleetState, options: SummaryOptions): Summary {
  const { at, compareWith, isSample } = options;
  const runs = state.runs();
  const absent = findAbsent(state, runs);
  const present = [...state.instances.values()].filter(({ instanceId }) => !absent.has(instanceId));
  const failing = listFailing(present);
  const waiting = listWaiting(present, at);
  const counts = countAll(present, failing, waiting);
  const token = readTokenState(state, at);
  const fleets = [...state.places.values()].map(toFleet);
  const stage = fleets.length === 1 ? (fleets[0]?.stage ?? '<stage>') : '<stage>';
  return {
    at,
    isSample,
    fleets,
    verdict: decide({ at, counts, runs, token, waiting, stage }),
    counts,
    failures: groupFailures(failing),
    failing,
    waiting,
    absent: [...absent],
    ...listSkipped(state),
    comparison: compareWith && compare(compareWith, present),
    token,
    runs,
    failuresOverTime: bucketFailures(state),
    problems: listProblems(state),
    input: summariseInput(state, options),
  };
}

/** 1 too for an id of the other list that was not accepted. */
export function exitCodeOf({ comparison, verdict }: Summary): number {
  const code = exitCodes[verdict.state];
  return code === 0 && comparison && !isComplete(comparison) ? 1 : code;
}

function countAll(
  present: readonly InstanceState[],
  failing: readonly Trouble[],
  waiting: readonly Waiting[],
): Counts {
  const unknown = failing.filter(({ status }) => status === 'unknown').length;
  const retrying = waiting.filter(({ state }) => state === 'retrying').length;
  const confirmed = present.filter((one) => currentOutcome(one)?.status === 'completed').length;
  return {
    total: present.length,
    accepted: present.length - failing.length - waiting.length - confirmed,
    confirmed,
    failed: failing.length - unknown,
    unknown,
    retrying,
    waiting: waiting.length - retrying,
  };
}

function listSkipped({
  instances,
  skipped,
}: FleetState): Pick<Summary, 'dryRunOnly' | 'notCalled'> {
  const last = [...skipped.values()].filter(
    ({ at, instanceId }) => at > (instances.get(instanceId)?.lastAt ?? 0),
  );
  return {
    dryRunOnly: last.filter(
      ({ externalMessage, instanceId }) => !externalMessage && !instances.has(instanceId),
    ).length,
    notCalled: last.flatMap(({ externalMessage: reason, instanceId, name }) =>
      reason === undefined ? [] : [{ instanceId, name, reason }],
    ),
  };
}

function toFleet({ awsRegion, ddmEndpoint = '', projectId, stage }: Place): Fleet {
  return { stage, awsRegion, projectId, ...readEndpoint(ddmEndpoint) };
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
