import {
  formatAge,
  formatCount,
  formatDuration,
  formatLength,
  formatRate,
  formatTime,
} from '../format.ts';
import { type Column, html, link } from './html.ts';
import type { Run } from './runs.ts';
import type { Problem } from './summary.ts';
import type { Trouble, Waiting } from './trouble.ts';

// The terminal and the page show the same tables.

function count<Row>(title: string, of: (row: Row) => number): Column<Row> {
  return { title, isNumber: true, cell: (row) => formatCount(of(row)) };
}

interface Named {
  readonly instanceId: string;
  readonly name: string | undefined;
}

const since: Column<Pick<Trouble, 'since' | 'isSinceEarlier'>> = {
  title: 'Failing since',
  cell: describeSince,
};
const runsFailed = count<{ readonly runsFailed: number }>(
  'Runs failed',
  ({ runsFailed }) => runsFailed,
);
const state: Column<{ readonly state: string }> = { title: 'State', cell: ({ state }) => state };
const run: Column<{ readonly runId: string }> = {
  title: 'Run',
  cell: ({ runId }) => runId || '–',
  mark: (text) => html`<code>${text}</code>`,
};

function instance(console: string | undefined): Column<Named> {
  return {
    title: 'Instance',
    cell: ({ instanceId }) => instanceId,
    mark: (text, { name }) =>
      html`${name === undefined ? '' : html`${name}<br>`}${link(console, html`<code>${text}</code>`)}`,
  };
}

export function describeSince({
  isSinceEarlier,
  since,
}: Pick<Trouble, 'since' | 'isSinceEarlier'>): string {
  return `${formatTime(since)}${isSinceEarlier ? ' or earlier' : ''}`;
}

/** Of instances with the same code. */
export function failingColumns(at: Date, console: string | undefined): readonly Column<Trouble>[] {
  return [
    instance(console),
    state,
    since,
    { title: 'For', cell: ({ since }) => formatAge(at, since) },
    runsFailed,
    { title: 'Last tried', cell: ({ lastAt }) => formatTime(lastAt) },
    run,
  ];
}

export function waitingColumns(console: string | undefined): readonly Column<Waiting>[] {
  return [
    instance(console),
    state,
    { title: 'Asked for at', cell: ({ since }) => formatTime(since) },
    {
      title: 'For',
      cell: ({ isLong, waitedMs }) => `${formatLength(waitedMs)}${isLong ? ', too long' : ''}`,
      mark: (text, { isLong }) =>
        isLong ? html`<span class="late">${text}</span>` : html`${text}`,
    },
    {
      title: 'Failing since',
      cell: ({ failingSince }) => (failingSince ? formatTime(failingSince) : '–'),
    },
    runsFailed,
    { title: 'Last code', cell: ({ errCode = 'none' }) => errCode },
    run,
  ];
}

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
    ...(runs.some(({ skipped }) => skipped > 0) ? [count('Skipped', skippedOf)] : []),
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

function skippedOf({ skipped }: Run): number {
  return skipped;
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
