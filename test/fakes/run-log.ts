import type { RunLog } from '../../lib/ledger.ts';
import type { Outcome, Report, Retry } from '../../lib/report.ts';

export interface FakeRunLog extends RunLog {
  readonly outcomes: readonly Outcome[];
  readonly retries: readonly Retry[];
  readonly reports: readonly Report[];
  readonly warnings: readonly string[];
}

/** Keeps what a run reports. */
export const createFakeRunLog = (): FakeRunLog => {
  const outcomes: Outcome[] = [];
  const retries: Retry[] = [];
  const reports: Report[] = [];
  const warnings: string[] = [];
  return {
    outcomes,
    retries,
    reports,
    warnings,
    outcome: (outcome) => void outcomes.push(outcome),
    retry: (retry) => void retries.push(retry),
    report: (report) => void reports.push(report),
    warning: (message) => void warnings.push(message),
  };
};
