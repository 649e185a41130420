import type { Entry, OutcomeEntry, Place, ProblemEntry, ReportEntry, TokenEntry } from './entry.ts';
import { addOutcome, createInstance, type InstanceState } from './instance.ts';
import { createRuns, type Run } from './runs.ts';

interface ProblemState {
  last: ProblemEntry;
  /** Times of its lines (epoch ms). */
  readonly times: Set<number>;
}

/** What the lines so far say, in memory that grows with the fleet and not with the log. */
export interface FleetState {
  readonly instances: ReadonlyMap<string, InstanceState>;
  /** The last line of each instance that was not called: in a dry run, or for a reason. */
  readonly skipped: ReadonlyMap<string, OutcomeEntry>;
  /** The deployments that wrote the lines of runs. */
  readonly places: ReadonlyMap<string, Place>;
  /** By message. */
  readonly problems: ReadonlyMap<string, ProblemState>;
  readonly lines: { total: number; unreadable: number };
  runs(): readonly Run[];
  tokenMadeAt(): number | undefined;
  /** The last line on the token in each hour, in order. */
  tokenHours(): readonly TokenEntry[];
  span(): { readonly firstAt: number; readonly lastAt: number } | undefined;
  add(entry: Entry): void;
}

const hourMs = 3_600_000;
const maxProblems = 50; // different messages; the field `message` of the logger is constant

/** @param sinceMs epoch ms before which lines are left out */
export function createFleetState(sinceMs = 0): FleetState {
  const instances = new Map<string, InstanceState>();
  const skipped = new Map<string, OutcomeEntry>();
  const places = new Map<string, Place>();
  const problems = new Map<string, ProblemState>();
  const runs = createRuns();
  const tokenHours = new Map<number, TokenEntry>();
  const lines = { total: 0, unreadable: 0 };
  let tokenMadeAt: number | undefined;
  let firstAt = Number.POSITIVE_INFINITY;
  let lastAt = 0;

  const addInstance = (outcome: OutcomeEntry): void => {
    const { instanceId, status } = outcome;
    if (status === 'skipped') {
      addSkipped(outcome);
      return;
    }
    const instance = instances.get(instanceId) ?? createInstance(instanceId);
    instances.set(instanceId, instance);
    addOutcome(instance, outcome);
  };

  const addSkipped = (outcome: OutcomeEntry): void => {
    const { at, externalMessage, instanceId, runId } = outcome;
    if (at >= (skipped.get(instanceId)?.at ?? 0)) skipped.set(instanceId, outcome);
    if (externalMessage !== undefined) runs.addReal(runId);
  };

  const addRun = (entry: ReportEntry): void => {
    const { place } = entry;
    const key = JSON.stringify(place);
    if (entry.kind === 'run' && !places.has(key)) places.set(key, place);
    runs.add(entry);
  };

  const addToken = (token: TokenEntry): void => {
    const hour = Math.floor(token.at / hourMs);
    const known = tokenHours.get(hour);
    const isNewer =
      !known || token.at > known.at || (token.at === known.at && token.expiresAt > known.expiresAt);
    if (isNewer) tokenHours.set(hour, token);
    if (token.isNew) tokenMadeAt = Math.max(tokenMadeAt ?? 0, token.at);
  };

  const addProblem = (problem: ProblemEntry): void => {
    const state = problems.get(problem.message);
    if (!state && problems.size >= maxProblems) return;
    const known = state ?? { last: problem, times: new Set() };
    problems.set(problem.message, known);
    known.times.add(problem.at);
    if (problem.at >= known.last.at) known.last = problem;
  };

  return {
    instances,
    skipped,
    places,
    problems,
    lines,
    runs: runs.list,
    tokenMadeAt: () => tokenMadeAt,
    tokenHours: () => [...tokenHours.values()].sort((a, b) => a.at - b.at),
    span: () => (lastAt === 0 ? undefined : { firstAt, lastAt }),
    add: (entry) => {
      lines.total += 1;
      if (entry.kind === 'unreadable') lines.unreadable += 1;
      if (!('at' in entry) || entry.at < sinceMs) return;
      firstAt = Math.min(firstAt, entry.at);
      lastAt = Math.max(lastAt, entry.at);
      if (entry.kind === 'outcome') addInstance(entry);
      else if (entry.kind === 'token') addToken(entry);
      else if (entry.kind === 'problem') addProblem(entry);
      else addRun(entry);
    },
  };
}
