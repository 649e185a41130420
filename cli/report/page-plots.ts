import { formatCount, formatDuration, formatRate, formatTime, plural } from '../format.ts';
import { type Column, drawTable, html, type Markup } from './html.ts';
import { type Bar, drawPlot, drawSwatch, maxSeries, type Plot } from './plot.ts';
import type { Run } from './runs.ts';
import type { Summary } from './summary.ts';

const hourMs = 3_600_000;
const maxPlottedRuns = 96;
const otherCodes = 'other codes';

export function drawPlots({ failuresOverTime, runs, token }: Summary): readonly Markup[] {
  return [
    ...drawFailures(failuresOverTime),
    ...drawRuns(runs),
    ...drawTokenHours(token?.history ?? []),
  ];
}

interface Figure<Row> extends Plot {
  readonly caption?: string;
  readonly notes: readonly Markup[];
  /** The numbers of the plot, for a reader who wants them exactly. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

function drawFigure<Row>({ caption, columns, notes, rows, ...plot }: Figure<Row>): Markup {
  const table = drawTable(plot.title, columns, rows);
  return html`<figure><figcaption>${caption ?? plot.title}</figcaption>${drawPlot(plot)}${notes}<details><summary>The numbers</summary>${table}</details></figure>`;
}

type Failures = Summary['failuresOverTime'];

function drawFailures({ bucketHours, buckets, codes }: Failures): readonly Markup[] {
  if (codes.length === 0) return [];
  const named = codes.length > maxSeries ? codes.slice(0, maxSeries - 1) : codes;
  const names = codes.length > maxSeries ? [...named, otherCodes] : named;
  const countOf = (bucket: Failures['buckets'][number], name: string): number =>
    name === otherCodes
      ? bucket.total - named.reduce((sum, errCode) => sum + (bucket.codes[errCode] ?? 0), 0)
      : (bucket.codes[name] ?? 0);
  const span = bucketHours === 1 ? 'hour' : `${bucketHours} hours`;
  const totals = buckets.map(({ total }) => total);
  const highest = Math.max(...totals);
  const worst = buckets.find(({ total }) => total === highest)?.at;
  return [
    drawFigure({
      id: 'failures',
      title: `Instances that failed, per ${span} and code`,
      description: `Highest: ${formatCount(highest)} instances from ${worst ? formatTime(worst) : ''}. Last: ${formatCount(totals.at(-1) ?? 0)}. Codes: ${names.join(', ')}.`,
      unit: 'instances',
      isCount: true,
      bars: buckets.map((bucket) => ({
        from: bucket.at.getTime(),
        to: bucket.at.getTime() + bucketHours * hourMs,
        parts: names.map((name, series) => ({ value: countOf(bucket, name), series })),
      })),
      notes: [
        html`<ul class="legend">${names.map((name, series) => html`<li>${drawSwatch(series)} ${name}</li>`)}</ul>`,
        html`<p class="note">An instance counts once in each ${span}, under its last code.</p>`,
      ],
      columns: [
        { title: 'From', cell: ({ at }) => formatTime(at) },
        ...names.map((name) => ({
          title: name,
          isNumber: true,
          cell: (bucket: Failures['buckets'][number]) => formatCount(countOf(bucket, name)),
        })),
      ],
      rows: buckets,
    }),
  ];
}

interface Measure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly of: (run: Run) => number;
  readonly format: (value: number) => string;
}

const measures: readonly Measure[] = [
  {
    id: 'durations',
    title: 'Duration of each run',
    unit: 'seconds',
    of: ({ durationMs }) => durationMs / 1_000,
    format: (seconds) => formatDuration(seconds * 1_000),
  },
  {
    id: 'rates',
    title: 'Effective rate of each run',
    unit: 'calls per second',
    of: ({ callsPerSecond = 0 }) => callsPerSecond,
    format: (rate) => `${formatRate(rate)} per second`,
  },
];

function drawRuns(runs: readonly Run[]): readonly Markup[] {
  const called = runs.filter(({ attempts }) => attempts > 0).slice(-maxPlottedRuns);
  if (called.length < 2) return [];
  const count = plural(called.length, 'run');
  const widthMs = barWidthMs(called.map(({ at }) => at.getTime()));
  return measures.map(({ format, id, of, title, unit }) => {
    const values = called.map(of);
    return drawFigure({
      id,
      title,
      caption: `${title} (${called.length < runs.length ? 'the last ' : ''}${count})`,
      description: `${count}. Highest: ${format(Math.max(...values))}. Lowest: ${format(Math.min(...values))}. Last: ${format(values.at(-1) ?? 0)}.`,
      unit,
      isCount: false,
      bars: called.map((run) => {
        const middle = run.at.getTime();
        return { from: middle - widthMs / 2, to: middle + widthMs / 2, parts: onePart(of(run)) };
      }),
      notes: [],
      columns: [
        { title: 'Finished', cell: ({ at }) => formatTime(at) },
        { title, isNumber: true, cell: (run) => format(of(run)) },
      ],
      rows: called,
    });
  });
}

/** A little less than the usual distance between two runs, so that the bars do not overlap. */
function barWidthMs(times: readonly number[]): number {
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const usual = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? hourMs;
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return Math.max(usual, span / maxPlottedRuns, 1_000) * 0.8;
}

function onePart(value: number): Bar['parts'] {
  return [{ value, series: 0 }];
}

type TokenHours = NonNullable<Summary['token']>['history'];

function drawTokenHours(history: TokenHours): readonly Markup[] {
  if (history.length < 2) return [];
  const hours = history.map(({ hoursLeft }) => hoursLeft);
  return [
    drawFigure({
      id: 'token',
      title: 'Hours that the token had left',
      description: `Lowest: ${formatRate(Math.min(...hours))} hours. Last: ${formatRate(hours.at(-1) ?? 0)} hours.`,
      unit: 'hours',
      isCount: false,
      bars: history.map(({ at, hoursLeft }) => {
        const from = at.getTime() - (at.getTime() % hourMs);
        return { from, to: from + hourMs, parts: onePart(Math.max(0, hoursLeft)) };
      }),
      notes: [html`<p class="note">As the last line of each hour said.</p>`],
      columns: [
        { title: 'At', cell: ({ at }) => formatTime(at) },
        { title: 'Hours left', isNumber: true, cell: ({ hoursLeft }) => hoursLeft.toFixed(1) },
      ],
      rows: history,
    }),
  ];
}
