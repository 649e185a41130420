import { formatAge, formatCount, formatTime } from '../format.ts';
import { inputFacts, tokenFacts } from './facts.ts';
import { html, type Markup } from './html.ts';
import { drawPlots } from './page-plots.ts';
import { style } from './page-style.ts';
import { drawFailing, drawProblems, drawRuns, drawWaiting } from './page-tables.ts';
import { drawPatterns } from './plot.ts';
import type { Summary } from './summary.ts';

// The page loads nothing and runs nothing. What the log says is text, whatever it looks like.
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The report as one file for a browser. */
export function drawPage(summary: Summary): string {
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
${drawFailing(summary)}
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
  'in sync': { className: 'good', symbol: '✓' },
  'not in sync': { className: 'bad', symbol: '✕' },
  'nothing known': { className: 'unsure', symbol: '?' },
} as const;

function drawVerdict({ at, counts, isSample, verdict }: Summary): Markup {
  const { className, symbol } = looks[verdict.state];
  const number = counts[bigCount(counts)];
  return html`${isSample ? html`<p class="sample">Sample data: a made-up day of a made-up fleet</p>` : ''}
<header class="verdict ${className}">
<p class="big"><span aria-hidden="true">${symbol}</span> ${counts.total === 0 ? '' : formatCount(number)}</p>
<div><h1>${verdict.text}</h1><p>As of <time datetime="${at.toISOString()}">${formatTime(at)}</time></p></div>
</header>
${verdict.warnings.length > 0 ? html`<ul class="warnings">${verdict.warnings.map((warning) => html`<li>${warning}</li>`)}</ul>` : ''}`;
}

/** The count that the verdict begins with. */
function bigCount({ failed, unknown, waiting }: Summary['counts']): keyof Summary['counts'] {
  if (failed > 0) return 'failed';
  if (unknown > 0) return 'unknown';
  return waiting > 0 ? 'waiting' : 'inSync';
}

function drawTiles({ at, counts, runs, token }: Summary): Markup {
  const last = runs.findLast(({ isDryRun }) => !isDryRun);
  const tiles: readonly (readonly [string, string, string?])[] = [
    ['In sync', formatCount(counts.inSync), `of ${formatCount(counts.total)}`],
    ['Not in sync', formatCount(counts.failed)],
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

const maxAbsent = 20;

function drawFooter(summary: Summary): Markup {
  const facts = inputFacts(summary, maxAbsent);
  return html`<footer><h2>What was read</h2><ul>${facts.map((fact) => html`<li>${fact}</li>`)}</ul>
<p>All times are UTC. Written by ddm-sync, npm run report.</p></footer>`;
}
