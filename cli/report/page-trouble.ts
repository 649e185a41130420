import type { FailureGroup } from '../start/present.ts';
import { formatAge, formatCount, formatLength, formatTime, plural } from './format.ts';
import { html, type Markup } from './markup.ts';
import { type Column, drawTable } from './page-table.ts';
import type { Summary } from './summary.ts';
import type { Trouble, Waiting } from './trouble.ts';

const maxRows = 200; // a page that a phone still scrolls; --json has all

/** Who is not in sync, by code: what it is, what to do, and since when. */
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
    { title: 'Instance', cell: ({ instanceId }) => html`<code>${instanceId}</code>` },
    {
      title: 'Since',
      cell: ({ isSinceEarlier, since }) =>
        `${formatTime(since)}${isSinceEarlier ? ' or earlier' : ''}`,
    },
    { title: 'For', cell: ({ since }) => formatAge(at, since) },
    { title: 'Failures', isNumber: true, cell: ({ failures }) => formatCount(failures) },
    { title: 'Last tried', cell: ({ lastAt }) => formatTime(lastAt) },
  ];
  const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
  return html`<div class="group">
<h3><code>${errCode}</code>${status}: ${plural(instanceIds.length, 'instance')}</h3>
${externalMessage === undefined ? '' : html`<p>“${externalMessage}”</p>`}
${advice === undefined ? '' : html`<p class="todo"><strong>What to do:</strong> ${advice}</p>`}
${drawTable(`Instances with ${errCode}, the longest first`, columns, members.slice(0, maxRows))}
${more(members.length)}
</div>`;
}

export function drawWaiting({ waiting }: Summary): Markup {
  if (waiting.length === 0) return html``;
  const columns: readonly Column<Waiting>[] = [
    { title: 'Instance', cell: ({ instanceId }) => html`<code>${instanceId}</code>` },
    { title: 'Since', cell: ({ since }) => formatTime(since) },
    {
      title: 'For',
      cell: ({ isLong, waitedMs }) =>
        isLong
          ? html`<span class="late">${formatLength(waitedMs)}, too long</span>`
          : formatLength(waitedMs),
    },
    { title: 'Failures', isNumber: true, cell: ({ failures }) => formatCount(failures) },
    { title: 'Last code', cell: ({ errCode = 'none' }) => errCode },
  ];
  return html`<section><h2>Waiting in the queue</h2><div class="group">
<p>Handed over by a run; a worker has them next. Longer than an hour is too long: the queue has given up by then.</p>
${drawTable('Instances in the queue, the longest first', columns, waiting.slice(0, maxRows))}
${more(waiting.length)}
</div></section>`;
}

function more(count: number): Markup {
  return count > maxRows
    ? html`<p class="note">and ${formatCount(count - maxRows)} more: npm run report -- --json lists all</p>`
    : html``;
}
