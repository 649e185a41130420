import type { Outcome, Report } from '../../lib/sync/outcomes.ts';

/** A log line of the handler, as far as a person is shown it. */
export type LogLine = Partial<Outcome> &
  Partial<Report> & { readonly message: string; readonly level: string };

/** A line that the handler wrote, or undefined when it is no JSON of the logger. */
export function parseLogLine(line: string): LogLine | undefined {
  try {
    const parsed = JSON.parse(line);
    return typeof parsed?.message === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const barWidth = 30;

/** `[#####.....]  50/100  3 failed` */
export function drawProgress(done: number, total: number, failed: number): string {
  const filled = total === 0 ? barWidth : Math.round((Math.min(done, total) / total) * barWidth);
  const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`;
  return `[${bar}] ${done}/${total}${failed > 0 ? `  ${failed} failed` : ''}`;
}

/** What of a failure is shown beside its instance. */
export type Cause = Pick<Outcome, 'errCode' | 'httpStatus' | 'externalMessage' | 'advice'>;

/** Instances that failed with the same code and status. */
export interface FailureGroup extends Cause {
  readonly errCode: string;
  readonly instanceIds: readonly string[];
}

/** The failures by code and status, most frequent first. */
export function groupFailures(
  outcomes: readonly (Cause & Pick<Partial<Outcome>, 'instanceId'>)[],
): readonly FailureGroup[] {
  const groups = new Map<string, FailureGroup & { readonly instanceIds: string[] }>();
  for (const { errCode = '?', instanceId = '?', ...rest } of outcomes) {
    const { advice, externalMessage, httpStatus } = rest;
    const key = `${errCode} ${httpStatus ?? ''}`;
    const group = groups.get(key) ?? {
      errCode,
      ...(httpStatus !== undefined && { httpStatus }),
      ...(externalMessage !== undefined && { externalMessage }),
      ...(advice !== undefined && { advice }),
      instanceIds: [],
    };
    group.instanceIds.push(instanceId);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.instanceIds.length - a.instanceIds.length);
}

const maxExamples = 3;

/** The failures by code and status, each with what to do about it. */
export function describeFailures(...outcomes: Parameters<typeof groupFailures>): string {
  return groupFailures(...outcomes)
    .map(describeGroup)
    .join('\n');
}

function describeGroup({
  advice,
  errCode,
  externalMessage,
  httpStatus,
  instanceIds,
}: FailureGroup): string {
  const more = instanceIds.length - maxExamples;
  const examples = instanceIds.slice(0, maxExamples).join(', ');
  return [
    `  ${String(instanceIds.length).padStart(5)}  ${errCode}${httpStatus ? ` (HTTP ${httpStatus})` : ''}${externalMessage ? `  "${externalMessage}"` : ''}`,
    ...(advice ? [`         What to do: ${advice}`] : []),
    `         ${examples}${more > 0 ? ` and ${more} more` : ''}`,
  ].join('\n');
}

/** The run in one paragraph. */
export function describeReport(report: Partial<Report>): string {
  const {
    accepted = 0,
    attempts = 0,
    durationMs = 0,
    failed = 0,
    queued = 0,
    skipped = 0,
  } = report;
  const seconds = durationMs / 1_000;
  const perSecond = seconds > 0 ? (attempts / seconds).toFixed(0) : '-';
  return [
    `  instances  ${report.total ?? 0}`,
    `  accepted   ${accepted}`,
    `  failed     ${failed}`,
    ...(queued > 0 ? [`  queued     ${queued}`] : []),
    ...(skipped > 0 ? [`  skipped    ${skipped}`] : []),
    `  calls      ${attempts}`,
    `  duration   ${seconds.toFixed(2)} s (${perSecond} calls per second)`,
  ].join('\n');
}

export const nextSteps = `This was the embedded cloud. To run against a real project:
  export DDM_ENDPOINT=https://ddm.<region>.myhuaweicloud.com   # or .eu, or otc.t-systems.com
  export DDM_PROJECT_ID=<project id>  PARAMETER_PREFIX=/ddm-sync/prod
  export AWS_REGION=...  AWS_ACCESS_KEY_ID=...  AWS_SECRET_ACCESS_KEY=...
  npm start -- --dry-run     # reads and checks everything, calls nothing
`;
