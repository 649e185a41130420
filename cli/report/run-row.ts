import type { ReportEntry } from './entry.ts';
import type { RunState } from './run-state.ts';

/** A run as it is shown: its own figures, and what the workers did for it afterwards. */
export interface RunRow {
  readonly runId: string;
  /** When it finished. */
  readonly at: Date;
  readonly trigger: string;
  readonly isDryRun: boolean;
  readonly total: number;
  readonly accepted: number;
  readonly failed: number;
  readonly queued: number;
  readonly attempts: number;
  readonly durationMs: number;
  /** Absent where nothing was called. */
  readonly callsPerSecond?: number;
  readonly workers?: WorkerShare;
}

interface WorkerShare {
  readonly batches: number;
  readonly accepted: number;
  readonly failed: number;
  readonly attempts: number;
}

/** The newest last; what has only batches so far is no row: its run is older than the log. */
export function describeRuns(runs: readonly RunState[]): readonly RunRow[] {
  return runs
    .flatMap(({ batches, report }) => (report ? [describeRun(report, [...batches.values()])] : []))
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

function describeRun(report: ReportEntry, batches: readonly ReportEntry[]): RunRow {
  const { accepted, at, attempts, durationMs, failed, queued, runId, skipped, total, trigger } =
    report;
  return {
    runId,
    at: new Date(at),
    trigger,
    isDryRun: total > 0 && skipped === total,
    total,
    accepted,
    failed,
    queued,
    attempts,
    durationMs,
    ...(attempts > 0 && durationMs > 0 && { callsPerSecond: attempts / (durationMs / 1_000) }),
    ...(batches.length > 0 && { workers: sumBatches(batches) }),
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
