import { formatAge, formatCount, formatTime } from '../format.ts';
import { comparisonFacts, consoleOf, headingFacts, inputFacts, tokenFacts } from './facts.ts';
import { html, link, type Markup } from './html.ts';
import { drawPlots } from './page-plots.ts';
import { style } from './page-style.ts';
import { drawFailing, drawProblems, drawRuns, drawWaiting } from './page-tables.ts';
import { drawPatterns } from './plot.ts';
import type { Summary } from './summary.ts';

// The page loads nothing and runs nothing. What the log says is text, whatever it looks like.
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The report as one file for a browser. @param errorCodes the address of docs/error-codes.md */
export function drawPage(summary: Summary, errorCodes: string): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>ddm-sync: ${summary.verdict.text}</title>
<style>${{ markup: style }}</style>
</head>
<body>
${drawPatterns()}
<main>
${drawVerdict(summary)}
${drawTiles(summary)}
${drawComparison(summary)}
${drawFailing(summary, errorCodes)}
${drawWaiting(summary)}
${drawTrends(summary)}
${drawRuns(summary)}
${drawToken(summary)}
${drawProblems(summary)}
</main>
${drawFooter(summary)}
</body>
</html>
`.markup;
}

const looks = {
  accepted: { className: 'good', symbol: '✓' },
  failed: { className: 'bad', symbol: '✕' },
  'nothing known': { className: 'unsure', symbol: '?' },
} as const;

function drawVerdict(summary: Summary): Markup {
  const { at, counts, isSample, verdict } = summary;
  const { className, symbol } = looks[verdict.state];
  const number = counts[bigCount(counts)];
  return html`${isSample ? html`<p class="sample">Sample data: a made-up day of a made-up fleet</p>` : ''}
<header class="verdict ${className}">
<p class="big"><span aria-hidden="true">${symbol}</span> ${counts.total === 0 ? '' : formatCount(number)}</p>
<div><h1>${verdict.text}</h1><p>As of <time datetime="${at.toISOString()}">${formatTime(at)}</time></p></div>
</header>
${drawHeading(summary)}
${verdict.warnings.length > 0 ? html`<ul class="warnings">${verdict.warnings.map((warning) => html`<li>${warning}</li>`)}</ul>` : ''}`;
}

function drawHeading(summary: Summary): Markup {
  const facts = headingFacts(summary);
  if (facts.length === 0) return html``;
  const console = consoleOf(summary);
  const place = console && html` · ${link(console, html`DDM in the console`)}`;
  return html`<p class="heading">${facts.join(' · ')}${place}</p>`;
}

function drawComparison(summary: Summary): Markup {
  const facts = comparisonFacts(summary, maxNamed);
  if (facts.length === 0) return html``;
  return html`<section><h2>Compared with the other list</h2>${facts.map((fact) => html`<p>${fact}</p>`)}</section>`;
}

/** The count that matters most. */
function bigCount({ confirmed, failed, retrying, unknown, waiting }: Summary['counts']) {
  if (failed > 0) return 'failed';
  if (unknown > 0) return 'unknown';
  if (retrying > 0) return 'retrying';
  if (waiting > 0) return 'waiting';
  return confirmed > 0 ? 'confirmed' : 'accepted';
}

function drawTiles({ at, counts, runs, token }: Summary): Markup {
  const last = runs.findLast(({ isDryRun }) => !isDryRun);
  const tiles: readonly (readonly [string, string, string?])[] = [
    ['Failed', formatCount(counts.failed), `of ${formatCount(counts.total)}`],
    ['Confirmed', formatCount(counts.confirmed), 'the job completed'],
    ['Accepted', formatCount(counts.accepted), 'its end is not known'],
    ...(counts.retrying > 0 ? [['Retrying', formatCount(counts.retrying)] as const] : []),
    ['Waiting', formatCount(counts.waiting), 'in the queue'],
    ...(counts.unknown > 0 ? [['Unknown end', formatCount(counts.unknown)] as const] : []),
    ...(last ? [['Last run', `${formatAge(at, last.at)} ago`, formatTime(last.at)] as const] : []),
    ...(token?.hoursLeft === undefined
      ? []
      : [['Token', token.state, `${token.hoursLeft.toFixed(1)} hours left`] as const]),
  ];
  return html`<dl class="tiles">${tiles.map(
    ([title, value, note]) =>
      html`<div><dt>${title}</dt><dd>${value}${note === undefined ? '' : html` <small>${note}</small>`}</dd></div>`,
  )}</dl>`;
}

function drawTrends(summary: Summary): Markup {
  const plots = drawPlots(summary);
  if (plots.length === 0) return html``;
  return html`<section><h2>Over time</h2><div class="plots">${plots}</div></section>`;
}

function drawToken(summary: Summary): Markup {
  if (!summary.token) return html``;
  return html`<section><h2>Token: ${summary.token.state}</h2>
${tokenFacts(summary).map((fact) => html`<p>${fact}</p>`)}
</section>`;
}

const maxNamed = 20;

function drawFooter(summary: Summary): Markup {
  const facts = inputFacts(summary, maxNamed);
  return html`<footer><h2>What was read</h2><ul>${facts.map((fact) => html`<li>${fact}</li>`)}</ul>
<p>All times are UTC. Written by ddm-sync, npm run report.</p></footer>`;
}
