import { isKnownCode } from '../../lib/huawei/error-codes.ts';
import type { FailureGroup } from '../failures.ts';
import { formatCount, plural } from '../format.ts';
import { failingColumns, problemColumns, runColumns, waitingColumns } from './columns.ts';
import { consoleOf } from './facts.ts';
import { type Column, drawTable, html, link, type Markup } from './html.ts';
import type { Summary } from './summary.ts';

const maxInstances = 200; // a page that you can still scroll on a phone; --json has all
const maxOpen = 20; // of failures; beyond that each code is a block to open
const maxRuns = 20;

/** The failures by code: why, what to do, and since when. */
export function drawFailing(summary: Summary, errorCodes: string): Markup {
  const { failing, failures } = summary;
  if (failing.length === 0) return html``;
  return html`<section><h2>Last sync failed</h2>${failures.map((group) => drawGroup(summary, group, errorCodes))}</section>`;
}

function drawGroup(summary: Summary, group: FailureGroup, errorCodes: string): Markup {
  const { at, failing } = summary;
  const { advice, errCode, externalMessage, httpStatus, instanceIds } = group;
  const members = failing.filter(
    (trouble) => trouble.errCode === errCode && trouble.httpStatus === httpStatus,
  );
  const status = httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`;
  const page = isKnownCode(errCode) ? linkTo(errorCodes, errCode) : undefined;
  const instances = drawInstances(
    `Instances with ${errCode}, the longest first`,
    failingColumns(at, consoleOf(summary)),
    members,
  );
  const isGivenUp = members.some(({ state }) => state === 'given up');
  return html`<div class="group">
<h3>${link(page, html`<code>${errCode}</code>`)}${status}: ${plural(instanceIds.length, 'instance')}</h3>
${externalMessage === undefined ? '' : html`<p>“${externalMessage}”</p>`}
${advice === undefined ? '' : html`<p class="todo"><strong>What to do:</strong> ${advice}</p>`}
${isGivenUp ? html`<p class="note">Given up: the queue's tries are used up. The next scheduled run tries again, and so does POST /sync.</p>` : ''}
${failing.length > maxOpen ? html`<details><summary>${plural(members.length, 'instance')}</summary>${instances}</details>` : instances}
</div>`;
}

/** The page at the place where it names the code: docs/error-codes.md has no heading for each. */
function linkTo(errorCodes: string, errCode: string): string {
  return `${errorCodes}#:~:text=${encodeURIComponent(errCode)}`;
}

export function drawWaiting(summary: Summary): Markup {
  const { waiting } = summary;
  if (waiting.length === 0) return html``;
  return html`<section><h2>Waiting in the queue</h2><div class="group">
<p>These are in the queue, and a worker calls them. More than an hour is too long: see queue-age in docs/runbook.md.</p>
${drawInstances('Instances in the queue, the longest first', waitingColumns(consoleOf(summary)), waiting)}
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
