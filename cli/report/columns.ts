import {
  formatAge,
  formatCount,
  formatDuration,
  formatLength,
  formatRate,
  formatTime,
} from '../format.ts';
import { type Column, html } from './html.ts';
import type { Run } from './runs.ts';
import type { Problem } from './summary.ts';
import type { Trouble, Waiting } from './trouble.ts';

// The terminal and the page show the same tables.

function count<Row>(title: string, of: (row: Row) => number): Column<Row> {
  return { title, isNumber: true, cell: (row) => formatCount(of(row)) };
}

const instance: Column<{ readonly instanceId: string }> = {
  title: 'Instance',
  cell: ({ instanceId }) => instanceId,
  mark: (text) => html`<code>${text}</code>`,
};
const since: Column<{ readonly since: Date; readonly isSinceEarlier?: boolean }> = {
  title: 'Since',
  cell: ({ isSinceEarlier, since }) => `${formatTime(since)}${isSinceEarlier ? ' or earlier' : ''}`,
};
const failures = count<{ readonly failures: number }>('Failures', ({ failures }) => failures);
const lastCode: Column<{ readonly errCode?: string | undefined }> = {
  title: 'Last code',
  cell: ({ errCode = 'none' }) => errCode,
};

/** Of instances with the same code. */
export function failingColumns(at: Date): readonly Column<Trouble>[] {
  return [
    instance,
    since,
    { title: 'For', cell: ({ since }) => formatAge(at, since) },
    failures,
    { title: 'Last tried', cell: ({ lastAt }) => formatTime(lastAt) },
  ];
}

/** Of all instances that are not in sync, as narrow as a terminal. */
export const narrowFailingColumns: readonly Column<Trouble>[] = [
  instance,
  since,
  failures,
  lastCode,
];

export const waitingColumns: readonly Column<Waiting>[] = [
  instance,
  since,
  {
    title: 'For',
    cell: ({ isLong, waitedMs }) => `${formatLength(waitedMs)}${isLong ? ', too long' : ''}`,
    mark: (text, { isLong }) => (isLong ? html`<span class="late">${text}</span>` : html`${text}`),
  },
  failures,
  lastCode,
];

export function runColumns(runs: readonly Run[]): readonly Column<Run>[] {
  return [
    { title: 'Finished', cell: ({ at }) => formatTime(at) },
    {
      title: 'Trigger',
      cell: ({ isDryRun, trigger }) => `${trigger}${isDryRun ? ' (dry run)' : ''}`,
    },
    count('Total', ({ total }) => total),
    count('Accepted', ({ accepted }) => accepted),
    count('Failed', ({ failed }) => failed),
    count('Queued', ({ queued }) => queued),
    count('Calls', ({ attempts }) => attempts),
    { title: 'Took', isNumber: true, cell: ({ durationMs }) => formatDuration(durationMs) },
    {
      title: 'Calls per second',
      isNumber: true,
      cell: ({ callsPerSecond }) =>
        callsPerSecond === undefined ? '–' : formatRate(callsPerSecond),
    },
    ...(runs.some(({ workers }) => workers) ? [workers] : []),
  ];
}

const workers: Column<Run> = {
  title: 'Then by workers',
  cell: ({ workers }) =>
    workers
      ? `${formatCount(workers.accepted)} accepted, ${formatCount(workers.failed)} failed`
      : '–',
};

export const problemColumns: readonly Column<Problem>[] = [
  {
    title: 'Message',
    cell: ({ message, reason }) => `${message}${reason === undefined ? '' : ` (${reason})`}`,
  },
  count('Times', ({ count }) => count),
  { title: 'Level', cell: ({ level }) => level },
  { title: 'Last', cell: ({ lastAt }) => formatTime(lastAt) },
];
