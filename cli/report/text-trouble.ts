import { describeFailures } from '../start/present.ts';
import { formatCount, formatLength, formatTime, plural } from './format.ts';
import type { Summary } from './summary.ts';
import { layOutTable } from './text-table.ts';
import type { Trouble, Waiting } from './trouble.ts';

const maxInstances = 20;

/** By code with what to do, then one by one. */
export function describeFailing({ failing }: Summary): readonly string[] {
  if (failing.length === 0) return [];
  const rows = failing.slice(0, maxInstances).map(describeTrouble);
  return [
    'Not in sync',
    describeFailures(failing),
    '',
    'Longest first',
    ...layOutTable(['not in sync since', 'failures', 'code', 'instance'], rows),
    ...describeMore(failing.length - rows.length),
  ];
}

function describeTrouble(trouble: Trouble): readonly string[] {
  return [
    `${formatTime(trouble.since)}${trouble.isSinceEarlier ? ' or earlier' : ''}`,
    formatCount(trouble.failures),
    trouble.errCode,
    trouble.instanceId,
  ];
}

export function describeWaiting(waiting: readonly Waiting[]): readonly string[] {
  if (waiting.length === 0) return [];
  const rows = waiting
    .slice(0, maxInstances)
    .map(({ errCode = '-', failures, instanceId, isLong, since, waitedMs }) => [
      formatTime(since),
      `${formatLength(waitedMs)}${isLong ? ', too long' : ''}`,
      formatCount(failures),
      errCode,
      instanceId,
    ]);
  return [
    'Waiting in the queue, longest first',
    ...layOutTable(['since', 'for', 'failures', 'last code', 'instance'], rows),
    ...describeMore(waiting.length - rows.length),
  ];
}

export function describeMore(count: number): readonly string[] {
  return count > 0 ? [`  and ${formatCount(count)} more (--json lists them)`] : [];
}

const maxExamples = 3;

export function describeAbsent(absent: readonly string[]): readonly string[] {
  if (absent.length === 0) return [];
  const examples = absent.slice(0, maxExamples).join(', ');
  return [
    `Left out: ${plural(absent.length, 'instance')} that the last scheduled run no longer had in its list`,
    `  ${examples}${absent.length > maxExamples ? ', ...' : ''}`,
  ];
}
