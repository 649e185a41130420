import type { FailureGroup } from '../failures.ts';
import {
  formatAge,
  formatCount,
  formatDuration,
  formatLength,
  formatRate,
  formatTime,
  plural,
} from './format.ts';
import { type Column, drawTable, html, type Markup } from './html.ts';
import type { Run } from './runs.ts';
import type { Problem, Summary } from './summary.ts';
import type { Trouble, Waiting } from './trouble.ts';

const maxInstances = 200; // a page that you can still scroll on a phone; --json has all
const maxRuns = 20;

/** What is not in sync, by code: why, what to do, and since when. */
export function drawFailing(summary: Summary): Markup {
  const { failing, failures } = summary;
  if (failing.length === 0) return html``;
  return html`<section><h2>Not in sync now</h2>${failures.map((group) => drawGroup(summary, group))}</section>`;
}

function drawGroup({ at, failing }: Summary, group: FailureGroup): Markup {
  const { advice, errCode, externalMessage, httpStatus, instanceIds } = group;
  const members = failing.filter(
    (trouble) => trouble.errCode === errCode && trouble.httpStatus === httpStatus,
  );
  const columns: readonly Column<Trouble>[] = [
    instanceColumn,
    {
      title: 'Since',
      cell: ({ isSinceEarlier, since }) =>
        `${formatTime(since)}${isSinceEarlier ? ' or earlier' : ''}`,
    },
    { title: 'For', cell: ({ since }) => formatAge(at, since) },
    numberColumn('Failures', ({ failures }) => formatCount(failures)),
    { title: 'Last tried', cell: ({ lastAt }) => formatTime(lastAt) },
  ];
  const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
  return html`<div class="group">
<h3><code>${errCode}</code>${status}: ${plural(instanceIds.length, 'instance')}</h3>
${externalMessage === undefined ? '' : html`<p>“${externalMessage}”</p>`}
${advice === undefined ? '' : html`<p class="todo"><strong>What to do:</strong> ${advice}</p>`}
${drawInstances(`Instances with ${errCode}, the longest first`, columns, members)}
</div>`;
}

export function drawWaiting({ waiting }: Summary): Markup {
  if (waiting.length === 0) return html``;
  const columns: readonly Column<Waiting>[] = [
    instanceColumn,
    { title: 'Since', cell: ({ since }) => formatTime(since) },
    {
      title: 'For',
      cell: ({ isLong, waitedMs }) =>
        isLong
          ? html`<span class="late">${formatLength(waitedMs)}, too long</span>`
          : formatLength(waitedMs),
    },
    numberColumn('Failures', ({ failures }) => formatCount(failures)),
    { title: 'Last code', cell: ({ errCode = 'none' }) => errCode },
  ];
  return html`<section><h2>Waiting in the queue</h2><div class="group">
<p>A run put these into the queue, and a worker takes them next. More than an hour is too long: the queue has given up by then.</p>
${drawInstances('Instances in the queue, the longest first', columns, waiting)}
</div></section>`;
}

const instanceColumn: Column<{ readonly instanceId: string }> = {
  title: 'Instance',
  cell: ({ instanceId }) => html`<code>${instanceId}</code>`,
};

function numberColumn<Row>(title: string, cell: (row: Row) => string): Column<Row> {
  return { title, isNumber: true, cell };
}

function drawInstances<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Markup {
  const more = rows.length - maxInstances;
  return html`${drawTable(caption, columns, rows.slice(0, maxInstances))}
${more > 0 ? html`<p class="note">and ${formatCount(more)} more: npm run report -- --json lists all</p>` : ''}`;
}

export function drawRuns({ runs }: Summary): Markup {
  if (runs.length === 0) return html``;
  const columns: readonly Column<Run>[] = [
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

const workerColumn: Column<Run> = {
  title: 'Then by workers',
  cell: ({ workers }) =>
    workers
      ? `${formatCount(workers.accepted)} accepted, ${formatCount(workers.failed)} failed`
      : '–',
};

export function drawProblems({ problems }: Summary): Markup {
  if (problems.length === 0) return html``;
  const columns: readonly Column<Problem>[] = [
    {
      title: 'Message',
      cell: ({ message, reason }) =>
        html`${message}${reason === undefined ? '' : html` <small>${reason}</small>`}`,
    },
    { title: 'Level', cell: ({ level }) => level },
    numberColumn('Times', ({ count }) => formatCount(count)),
    { title: 'Last', cell: ({ lastAt }) => formatTime(lastAt) },
  ];
  return html`<section><h2>Other warnings and errors</h2>
${drawTable('Other warnings and errors, the newest first', columns, problems)}</section>`;
}
