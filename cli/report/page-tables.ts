import type { FailureGroup } from '../failures.ts';
import { formatCount, plural } from '../format.ts';
import { failingColumns, problemColumns, runColumns, waitingColumns } from './columns.ts';
import { type Column, drawTable, html, type Markup } from './html.ts';
import type { Summary } from './summary.ts';

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
  const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
  return html`<div class="group">
<h3><code>${errCode}</code>${status}: ${plural(instanceIds.length, 'instance')}</h3>
${externalMessage === undefined ? '' : html`<p>“${externalMessage}”</p>`}
${advice === undefined ? '' : html`<p class="todo"><strong>What to do:</strong> ${advice}</p>`}
${drawInstances(`Instances with ${errCode}, the longest first`, failingColumns(at), members)}
</div>`;
}

export function drawWaiting({ waiting }: Summary): Markup {
  if (waiting.length === 0) return html``;
  return html`<section><h2>Waiting in the queue</h2><div class="group">
<p>These are in the queue, and a worker calls them. More than an hour is too long: see queue-age in docs/runbook.md.</p>
${drawInstances('Instances in the queue, the longest first', waitingColumns, waiting)}
</div></section>`;
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
  const shown = runs.slice(-maxRuns).toReversed();
  return html`<section><h2>Last runs</h2>
<p class="note">The newest ${formatCount(shown.length)} of ${formatCount(runs.length)} in the log.</p>
${drawTable('The last runs, the newest first', runColumns(runs), shown)}</section>`;
}

export function drawProblems({ problems }: Summary): Markup {
  if (problems.length === 0) return html``;
  return html`<section><h2>Other warnings and errors</h2>
${drawTable('Other warnings and errors, the newest first', problemColumns, problems)}</section>`;
}
