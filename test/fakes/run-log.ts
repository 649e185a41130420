import type {
  EndCounts,
  JobResult,
  Log,
  LogFields,
  Outcome,
  Report,
  Retry,
} from '../../lib/log.ts';

export interface FakeRunLog extends Log {
  readonly outcomes: readonly Outcome[];
  readonly retries: readonly Retry[];
  readonly reports: readonly Report[];
  /** What batches contributed to runs. */
  readonly batches: readonly Report[];
  readonly notices: readonly (LogFields & { readonly message: string })[];
  /** Messages alone; `warned` has the fields as well. */
  readonly warnings: readonly string[];
  readonly warned: readonly (LogFields & { readonly message: string })[];
  readonly problems: readonly (LogFields & { readonly message: string })[];
  /** Of instances that were sent anew, in seconds. */
  readonly waits: readonly number[];
  readonly hoursLeft: readonly number[];
  readonly jobEnds: readonly JobResult[];
  /** What batches counted. */
  readonly endCounts: readonly EndCounts[];
  readonly notificationsRefused: readonly true[];
  readonly ignoredChanges: readonly (LogFields & { readonly message: string })[];
}

/** Keeps what a run reports. */
export function createFakeRunLog(): FakeRunLog {
  const outcomes: Outcome[] = [];
  const retries: Retry[] = [];
  const reports: Report[] = [];
  const batches: Report[] = [];
  const notices: (LogFields & { readonly message: string })[] = [];
  const warned: (LogFields & { readonly message: string })[] = [];
  const problems: (LogFields & { readonly message: string })[] = [];
  const waits: number[] = [];
  const hoursLeft: number[] = [];
  const jobEnds: JobResult[] = [];
  const endCounts: EndCounts[] = [];
  const refused: true[] = [];
  const ignored: (LogFields & { readonly message: string })[] = [];
  return {
    outcomes,
    retries,
    reports,
    batches,
    notices,
    get warnings() {
      return warned.map(({ message }) => message);
    },
    warned,
    problems,
    waits,
    hoursLeft,
    jobEnds,
    endCounts,
    notificationsRefused: refused,
    ignoredChanges: ignored,
    outcome: (outcome) => void outcomes.push(outcome),
    retry: (retry) => void retries.push(retry),
    report: (report) => void reports.push(report),
    batch: (report) => void batches.push(report),
    problem: (message, fields) => void problems.push({ ...fields, message }),
    notice: (message, fields) => void notices.push({ ...fields, message }),
    warning: (message, fields) => void warned.push({ ...fields, message }),
    ignored: (message, fields) => void ignored.push({ ...fields, message }),
    notificationRefused: () => void refused.push(true),
    longestWait: (seconds) => void waits.push(seconds),
    tokenHoursLeft: (hours) => void hoursLeft.push(hours),
    jobResult: (end) => void jobEnds.push(end),
    jobResults: (counts) => void endCounts.push(counts),
  };
}
