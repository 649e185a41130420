import type { Outcome } from '../lib/log.ts';

/** What of a failure is shown beside its instance. */
export type Cause = {
  readonly [Name in 'errCode' | 'httpStatus' | 'externalMessage' | 'advice']?:
    | Outcome[Name]
    | undefined;
};

/** Instances that failed with the same code and status. */
export interface FailureGroup extends Cause {
  readonly errCode: string;
  readonly instanceIds: readonly string[];
}

/** The failures by code and status, most frequent first. */
export function groupFailures(
  failures: readonly (Cause & { readonly instanceId?: string })[],
): readonly FailureGroup[] {
  const groups = Map.groupBy(
    failures,
    ({ errCode = '?', httpStatus = '' }) => `${errCode} ${httpStatus}`,
  );
  return [...groups.values()]
    .map((group) => ({
      ...causeOf(group[0] ?? {}),
      errCode: group[0]?.errCode ?? '?',
      instanceIds: group.map(({ instanceId = '?' }) => instanceId),
    }))
    .sort((a, b) => b.instanceIds.length - a.instanceIds.length);
}

export function causeOf({ advice, errCode, externalMessage, httpStatus }: Cause): Cause {
  return { errCode, httpStatus, externalMessage, advice };
}

const maxExamples = 3;

/** The failures by code and status, each with what to do about it. */
export function describeFailures(...failures: Parameters<typeof groupFailures>): string {
  return groupFailures(...failures)
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
