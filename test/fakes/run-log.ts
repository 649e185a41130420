import type { LogFields, RunLog } from '../../lib/ledger.ts';
import type { Outcome, Report, Retry } from '../../lib/report.ts';

export interface FakeRunLog extends RunLog {
  readonly outcomes: readonly Outcome[];
  readonly retries: readonly Retry[];
  readonly reports: readonly Report[];
  /** What batches contributed to runs. */
  readonly batches: readonly Report[];
  readonly notices: readonly (LogFields & { readonly message: string })[];
  readonly warnings: readonly string[];
  readonly problems: readonly (LogFields & { readonly message: string })[];
  readonly rotations: readonly object[];
  readonly hoursLeft: readonly number[];
}

/** Keeps what a run reports. */
export const createFakeRunLog = (): FakeRunLog => {
  const outcomes: Outcome[] = [];
  const retries: Retry[] = [];
  const reports: Report[] = [];
  const batches: Report[] = [];
  const notices: (LogFields & { readonly message: string })[] = [];
  const warnings: string[] = [];
  const problems: (LogFields & { readonly message: string })[] = [];
  const rotations: object[] = [];
  const hoursLeft: number[] = [];
  return {
    outcomes,
    retries,
    reports,
    batches,
    notices,
    warnings,
    problems,
    rotations,
    hoursLeft,
    outcome: (outcome) => void outcomes.push(outcome),
    retry: (retry) => void retries.push(retry),
    report: (report) => void reports.push(report),
    batch: (report) => void batches.push(report),
    problem: (message, fields) => void problems.push({ ...fields, message }),
    notice: (message, fields) => void notices.push({ ...fields, message }),
    warning: (message) => void warnings.push(message),
    rotated: (rotation) => void rotations.push(rotation),
    tokenHoursLeft: (hours) => void hoursLeft.push(hours),
  };
};
