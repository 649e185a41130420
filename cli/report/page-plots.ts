import { formatCount, formatDuration, formatRate, formatTime, plural } from './format.ts';
import { html, type Markup } from './markup.ts';
import { drawTable } from './page-table.ts';
import { type Bar, drawPlot, drawSwatch, maxSeries } from './plot.ts';
import type { RunRow } from './run-row.ts';
import type { Summary } from './summary.ts';
import type { TokenState } from './token-state.ts';

const hourMs = 3_600_000;
const maxPlottedRuns = 96;
const otherCodes = 'other codes';

export function drawPlots({ failuresOverTime, runs, token }: Summary): readonly Markup[] {
  return [...drawFailures(failuresOverTime), ...drawRuns(runs), ...drawTokenLife(token)];
}

function figure(caption: string, parts: readonly Markup[]): Markup {
  return html`<figure><figcaption>${caption}</figcaption>${parts}</figure>`;
}

function details(table: Markup): Markup {
  return html`<details><summary>The numbers</summary>${table}</details>`;
}

function drawFailures({
  bucketHours,
  buckets,
  codes,
}: Summary['failuresOverTime']): readonly Markup[] {
  if (codes.length === 0) return [];
  const named = codes.length > maxSeries ? codes.slice(0, maxSeries - 1) : codes;
  const names = codes.length > maxSeries ? [...named, otherCodes] : named;
  const countOf = ({ codes: counts, total }: (typeof buckets)[number], name: string): number =>
    name === otherCodes
      ? total - named.reduce((sum, errCode) => sum + (counts[errCode] ?? 0), 0)
      : (counts[name] ?? 0);
  const span = bucketHours === 1 ? 'hour' : `${bucketHours} hours`;
  const title = `Instances that failed, per ${span} and code`;
  const bars = buckets.map(
    (bucket): Bar => ({
      from: bucket.at.getTime(),
      to: bucket.at.getTime() + bucketHours * hourMs,
      parts: names.map((name, series) => ({ value: countOf(bucket, name), series })),
    }),
  );
  const totals = buckets.map(({ total }) => total);
  const highest = Math.max(...totals);
  const worst = buckets.find(({ total }) => total === highest)?.at;
  const description = `Highest: ${formatCount(highest)} instances from ${worst ? formatTime(worst) : ''}. Last: ${formatCount(totals.at(-1) ?? 0)}. Codes: ${names.join(', ')}.`;
  const legend = html`<ul class="legend">${names.map((name, series) => html`<li>${drawSwatch(series)} ${name}</li>`)}</ul>`;
  const table = drawTable(
    title,
    [
      { title: 'From', cell: ({ at }) => formatTime(at) },
      ...names.map((name) => ({
        title: name,
        isNumber: true,
        cell: (bucket: (typeof buckets)[number]) => formatCount(countOf(bucket, name)),
      })),
    ],
    buckets,
  );
  const plot = drawPlot({
    id: 'failures',
    title,
    description,
    unit: 'instances',
    isCount: true,
    bars,
  });
  const note = html`<p class="note">An instance counts once in each ${span}, under the last code it had in it.</p>`;
  return [figure(title, [plot, legend, note, details(table)])];
}

function drawRuns(runs: readonly RunRow[]): readonly Markup[] {
  const called = runs.filter(({ attempts }) => attempts > 0).slice(-maxPlottedRuns);
  if (called.length < 2) return [];
  const widthMs = barWidthMs(called.map(({ at }) => at.getTime()));
  const draw = (
    id: string,
    title: string,
    unit: string,
    measure: (run: RunRow) => number,
    format: (value: number) => string,
  ): Markup => {
    const values = called.map(measure);
    const bars = called.map((run): Bar => {
      const middle = run.at.getTime();
      const parts = [{ value: measure(run), series: 0 }];
      return { from: middle - widthMs / 2, to: middle + widthMs / 2, parts };
    });
    const description = `${plural(called.length, 'run')}. Highest: ${format(Math.max(...values))}. Lowest: ${format(Math.min(...values))}. Last: ${format(values.at(-1) ?? 0)}.`;
    const columns = [
      { title: 'Finished', cell: ({ at }: RunRow) => formatTime(at) },
      { title, isNumber: true, cell: (run: RunRow) => format(measure(run)) },
    ];
    const plot = drawPlot({ id, title, description, unit, isCount: false, bars });
    return figure(
      `${title} (${called.length < runs.length ? 'the last ' : ''}${plural(called.length, 'run')})`,
      [plot, details(drawTable(title, columns, called))],
    );
  };
  return [
    draw(
      'durations',
      'Duration of each run',
      'seconds',
      ({ durationMs }) => durationMs / 1_000,
      (seconds) => formatDuration(seconds * 1_000),
    ),
    draw(
      'rates',
      'Effective rate of each run',
      'calls per second',
      ({ callsPerSecond = 0 }) => callsPerSecond,
      (rate) => `${formatRate(rate)} per second`,
    ),
  ];
}

/** Nearly the usual distance of two runs, so that bars stand beside each other. */
function barWidthMs(times: readonly number[]): number {
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const usual = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? hourMs;
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return Math.max(usual, span / maxPlottedRuns, 1_000) * 0.8;
}

function drawTokenLife(token: TokenState | undefined): readonly Markup[] {
  const history = token?.history ?? [];
  if (history.length < 2) return [];
  const title = 'Hours that the token had left';
  const bars = history.map(({ at, hoursLeft }): Bar => {
    const from = at.getTime() - (at.getTime() % hourMs);
    return { from, to: from + hourMs, parts: [{ value: Math.max(0, hoursLeft), series: 0 }] };
  });
  const hours = history.map(({ hoursLeft }) => hoursLeft);
  const description = `Lowest: ${formatRate(Math.min(...hours))} hours. Last: ${formatRate(hours.at(-1) ?? 0)} hours.`;
  const columns = [
    { title: 'At', cell: ({ at }: (typeof history)[number]) => formatTime(at) },
    {
      title: 'Hours left',
      isNumber: true,
      cell: ({ hoursLeft }: (typeof history)[number]) => hoursLeft.toFixed(1),
    },
  ];
  const plot = drawPlot({ id: 'token', title, description, unit: 'hours', isCount: false, bars });
  const note = html`<p class="note">As the last line of each hour said.</p>`;
  return [figure(title, [plot, note, details(drawTable(title, columns, history))])];
}
