import type { ReportEntry } from './entry.ts';

/** A run, and what workers did for it. */
export interface RunState {
  readonly runId: string;
  /** The last `sync run finished` line: where a worker dispatched the fleet there are two. */
  report: ReportEntry | undefined;
  /** By invocation and time, so that a line that comes twice counts once. */
  readonly batches: Map<string, ReportEntry>;
  lastAt: number;
}

export interface Runs {
  add(entry: ReportEntry): void;
  /** In the order of their last lines. */
  list(): readonly RunState[];
}

const maxRuns = 3_000; // a month of runs every 15 minutes

/** Keeps the newest runs. */
export function createRuns(): Runs {
  const runs = new Map<string, RunState>();
  const list = () => [...runs.values()].sort((a, b) => a.lastAt - b.lastAt);

  return {
    list,
    add: (entry) => {
      const { at, kind, requestId, runId } = entry;
      const run = runs.get(runId) ?? createRun(runId);
      runs.set(runId, run);
      run.lastAt = Math.max(run.lastAt, at);
      if (kind === 'batch') run.batches.set(`${at} ${requestId}`, entry);
      else if (!run.report || at >= run.report.at) run.report = entry;
      if (runs.size > 2 * maxRuns) {
        for (const old of list().slice(0, -maxRuns)) runs.delete(old.runId);
      }
    },
  };
}

function createRun(runId: string): RunState {
  return {
    runId,
    report: undefined,
    batches: new Map(),
    lastAt: 0,
  };
}
