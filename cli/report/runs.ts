import type { ReportEntry } from './entry.ts';

/** A run as it is shown: its own figures, and what the workers did for it afterwards. */
export interface Run {
  readonly runId: string;
  /** When it finished. */
  readonly at: Date;
  readonly trigger: string;
  readonly isDryRun: boolean;
  readonly total: number;
  readonly accepted: number;
  readonly failed: number;
  readonly queued: number;
  readonly skipped: number;
  readonly attempts: number;
  readonly durationMs: number;
  /** Absent where nothing was called. */
  readonly callsPerSecond: number | undefined;
  readonly workers: WorkerShare | undefined;
}

interface WorkerShare {
  readonly batches: number;
  readonly accepted: number;
  readonly failed: number;
  readonly attempts: number;
}

export interface Runs {
  add(entry: ReportEntry): void;
  /** The run skipped an instance for a reason: it is no dry run. */
  addReal(runId: string): void;
  /** The newest last. A run of which the log holds only batches is left out: it is older than the log. */
  list(): readonly Run[];
}

interface RunLines {
  /** The last `sync run finished` line: where a worker dispatched the fleet there are two. */
  report?: ReportEntry;
  /** By invocation and time, so that a line that comes twice counts once. */
  readonly batches: Map<string, ReportEntry>;
  lastAt: number;
  isReal?: boolean;
}

const maxRuns = 3_000; // a month of runs every 15 minutes

/** Keeps the newest runs. */
export function createRuns(): Runs {
  const runs = new Map<string, RunLines>();

  const dropOldest = (): void => {
    const oldest = [...runs].sort(([, a], [, b]) => a.lastAt - b.lastAt).slice(0, -maxRuns);
    for (const [runId] of oldest) runs.delete(runId);
  };

  const find = (runId: string): RunLines => {
    const run: RunLines = runs.get(runId) ?? { batches: new Map(), lastAt: 0 };
    runs.set(runId, run);
    return run;
  };

  return {
    addReal: (runId) => {
      find(runId).isReal = true;
    },
    add: (entry) => {
      const { at, kind, requestId, runId } = entry;
      const run = find(runId);
      run.lastAt = Math.max(run.lastAt, at);
      if (kind === 'batch') run.batches.set(`${at} ${requestId}`, entry);
      else if (!run.report || at >= run.report.at) run.report = entry;
      if (runs.size > 2 * maxRuns) dropOldest();
    },
    list: () =>
      [...runs.values()]
        .sort((a, b) => a.lastAt - b.lastAt)
        .flatMap(({ batches, isReal, report }) =>
          report ? [describeRun(report, batches, isReal)] : [],
        )
        .sort((a, b) => a.at.getTime() - b.at.getTime()),
  };
}

function describeRun(
  report: ReportEntry,
  batches: ReadonlyMap<string, ReportEntry>,
  isReal = false,
): Run {
  const { accepted, at, attempts, durationMs, failed, queued, runId, skipped, total, trigger } =
    report;
  const isCalled = attempts > 0 && durationMs > 0;
  return {
    runId,
    at: new Date(at),
    trigger,
    isDryRun: total > 0 && skipped === total && !isReal,
    total,
    accepted,
    failed,
    queued,
    skipped,
    attempts,
    durationMs,
    callsPerSecond: isCalled ? attempts / (durationMs / 1_000) : undefined,
    workers: batches.size > 0 ? sumBatches([...batches.values()]) : undefined,
  };
}

function sumBatches(batches: readonly ReportEntry[]): WorkerShare {
  const sum = (count: (batch: ReportEntry) => number): number =>
    batches.reduce((total, batch) => total + count(batch), 0);
  return {
    batches: batches.length,
    accepted: sum(({ accepted }) => accepted),
    failed: sum(({ failed }) => failed),
    attempts: sum(({ attempts }) => attempts),
  };
}

/** Whether the schedule made this run, and called DDM. */
export function isScheduled({ isDryRun, trigger }: Run): boolean {
  return trigger === 'schedule' && !isDryRun;
}
