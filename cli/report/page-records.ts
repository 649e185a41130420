import { formatAge, formatCount, formatDuration, formatRate, formatTime } from './format.ts';
import { html, type Markup } from './markup.ts';
import { type Column, drawTable } from './page-table.ts';
import type { RunRow } from './run-row.ts';
import type { Problem, Summary } from './summary.ts';

const maxRuns = 20;

export function drawRunTable({ runs }: Summary): Markup {
  if (runs.length === 0) return html``;
  const columns: readonly Column<RunRow>[] = [
    { title: 'Finished', cell: ({ at }) => formatTime(at) },
    {
      title: 'Trigger',
      cell: ({ isDryRun, trigger }) => `${trigger}${isDryRun ? ' (dry run)' : ''}`,
    },
    numberColumn('Total', ({ total }) => formatCount(total)),
    numberColumn('Accepted', ({ accepted }) => formatCount(accepted)),
    numberColumn('Failed', ({ failed }) => formatCount(failed)),
    numberColumn('Queued', ({ queued }) => formatCount(queued)),
    numberColumn('Took', ({ durationMs }) => formatDuration(durationMs)),
    numberColumn('Calls per second', ({ callsPerSecond }) =>
      callsPerSecond === undefined ? '–' : formatRate(callsPerSecond),
    ),
    ...(runs.some(({ workers }) => workers) ? [workerColumn] : []),
  ];
  const shown = runs.slice(-maxRuns).toReversed();
  return html`<section><h2>Last runs</h2>
<p class="note">The newest ${formatCount(shown.length)} of ${formatCount(runs.length)} in the log.</p>
${drawTable('The last runs, the newest first', columns, shown)}</section>`;
}

function numberColumn(title: string, cell: (run: RunRow) => string): Column<RunRow> {
  return {
    title,
    isNumber: true,
    cell,
  };
}

const workerColumn: Column<RunRow> = {
  title: 'Then by workers',
  cell: ({ workers }) =>
    workers
      ? `${formatCount(workers.accepted)} accepted, ${formatCount(workers.failed)} failed`
      : '–',
};

export function drawToken({ at, token }: Summary): Markup {
  if (!token) return html``;
  const { expiresAt, failure, hoursLeft = 0, madeAt, state } = token;
  return html`<section><h2>Token: ${state}</h2>
${expiresAt ? html`<p>Valid until ${formatTime(expiresAt)}, ${hoursLeft.toFixed(1)} hours from the time of this report.</p>` : ''}
${madeAt ? html`<p>Made at ${formatTime(madeAt)}, ${formatAge(at, madeAt)} before this report.</p>` : ''}
${failure ? html`<p class="late">The rotation at ${formatTime(failure.at)} failed: ${failure.reason}</p>` : ''}
</section>`;
}

export function drawProblems({ problems }: Summary): Markup {
  if (problems.length === 0) return html``;
  const columns: readonly Column<Problem>[] = [
    {
      title: 'Message',
      cell: ({ message, reason }) =>
        html`${message}${reason === undefined ? '' : html` <small>${reason}</small>`}`,
    },
    { title: 'Level', cell: ({ level }) => level },
    { title: 'Times', isNumber: true, cell: ({ count }) => formatCount(count) },
    { title: 'Last', cell: ({ lastAt }) => formatTime(lastAt) },
  ];
  return html`<section><h2>Other warnings and errors</h2>
${drawTable('Other warnings and errors, the newest first', columns, problems)}</section>`;
}
