import { formatCount, formatRate } from '../report/format.ts';
import { html, type Markup } from '../report/markup.ts';
import { style } from '../report/page-style.ts';
import { type Bar, drawPatterns, drawPlot, drawSwatch, maxSeries } from '../report/plot.ts';
import { isOn } from './alarm-state.ts';
import type { Dashboard, MetricRow, Widget } from './dashboard.ts';
import { evaluate } from './expressions.ts';
import { keyOf, type MetricStore, type Series } from './metric-store.ts';
import type { Day } from './record-day.ts';
import { tables } from './tables.ts';

/** The dashboard as CloudWatch would lay it out, with the points and lines of a day. */
export const drawDashboard = (dashboard: Dashboard, day: Day): string =>
  html`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>ddm-sync dashboard</title><style>${{ markup: style + layout }}</style></head>
<body>${drawPatterns()}<main class="board">${dashboard.widgets.map((widget, index) => drawWidget(dashboard, day, widget, `w${index}`))}</main></body>
</html>
`.markup;

const rowPixels = 44;
const layout = `
body { max-width: 1560px; font-size: 14px; }
.board { display: grid; grid-template-columns: repeat(24, 1fr); grid-auto-rows: ${rowPixels}px; gap: 8px; }
.board section { border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; overflow: hidden; min-width: 0; }
.board h2 { font-size: 0.95rem; margin: 0 0 6px; }
.board .text { border: 0; padding: 8px 0; font-size: 1rem; }
.numbers { display: flex; justify-content: space-around; text-align: center; }
.numbers b { display: block; font-size: 2.6rem; line-height: 1.25; }
.states { display: flex; flex-wrap: wrap; gap: 5px 6px; font-size: 0.8rem; }
.states span { padding: 1px 8px; border-radius: 4px; border: 1px solid var(--line); color: var(--soft); }
.states .on { background: var(--bad); border-color: var(--bad); color: var(--page); font-weight: 700; }
.plot { display: flex; gap: 18px; height: calc(100% - 26px); align-items: start; }
.plot.narrow { flex-direction: column; gap: 4px; align-items: stretch; }
.plot svg[role] { height: 100%; max-width: 100%; flex: 0 1 auto; min-height: 0; }
.plot .legend { flex-direction: column; margin: 8px 0; font-size: 0.85rem; }
.plot.narrow .legend { flex-direction: row; margin: 0; }
.board table { font-size: 0.8rem; } .board td, .board th { padding: 3px 12px 3px 0; overflow-wrap: normal; }
.board th, .board td:not(:last-child) { white-space: nowrap; }`;

const drawWidget = (
  dashboard: Dashboard,
  { lines, store }: Day,
  widget: Widget,
  id: string,
): Markup => {
  const { height, properties, type, width, x, y } = widget;
  const { title = '', markdown = '' } = properties;
  const place = `grid-column:${x + 1}/span ${width};grid-row:${y + 1}/span ${height}`;
  const draw = {
    text: () => html`${markdown.replaceAll('**', '')}`,
    alarm: () => drawStates(dashboard, properties.alarms ?? [], store),
    log: () => tables[title]?.(title, lines) ?? html``,
    metric: () => drawMetrics(widget, store, id),
  }[type];
  return html`<section class="${type}" style="${place}">${title && html`<h2>${title}</h2>`}${draw()}</section>`;
};

const drawStates = ({ alarms }: Dashboard, arns: readonly string[], store: MetricStore): Markup => {
  const states = arns.flatMap((arn) => {
    const alarm = alarms.get(arn.slice(2, -'.Arn}'.length));
    return alarm
      ? [{ name: alarm.AlarmName.replace(/^ddm-sync-\w+?-/, ''), on: isOn(alarm, store) }]
      : [];
  });
  const sorted = states.sort((a, b) => Number(b.on) - Number(a.on));
  return html`<div class="states">${sorted.map(({ name, on }) => html`<span class="${on ? 'on' : 'off'}">${on ? `IN ALARM ${name}` : name}</span>`)}</div>`;
};

interface Drawn {
  readonly label: string;
  readonly series: Series;
}

const drawMetrics = ({ properties, width }: Widget, store: MetricStore, id: string): Markup => {
  const { metrics = [], period = 900, view, stacked = false } = properties;
  const drawn = resolve(metrics, store, period).filter(({ series }) => series.size > 0);
  if (view === 'singleValue') return drawNumbers(drawn);
  const shown = drawn.filter(({ series }) => [...series.values()].some((value) => value > 0));
  if (shown.length === 0) return html`<p class="note">0 all day</p>`;
  const listed = shown.slice(0, maxSeries);
  const plot = drawPlot({
    id,
    title: properties.title ?? '',
    description: listed.map(({ label }) => label).join(', '),
    unit: properties.yAxis?.left.label ?? '',
    isCount: true,
    bars: toBars(listed, timesOf(store, period), stacked),
  });
  const legend = html`<ul class="legend">${listed.map(({ label }, index) => html`<li>${drawSwatch(index)} ${label}</li>`)}</ul>`;
  return html`<div class="plot ${width < 12 ? 'narrow' : 'wide'}">${width < 12 ? legend : ''}${plot}${width < 12 ? '' : legend}</div>`;
};

const drawNumbers = (drawn: readonly Drawn[]): Markup =>
  html`<div class="numbers">${drawn.map(({ label, series }) => {
    const value = [...series.values()].at(-1) ?? 0;
    return html`<div><b>${Number.isInteger(value) ? formatCount(value) : formatRate(value)}</b>${label}</div>`;
  })}</div>`;

/** The periods of the day: all plots have the same. */
const timesOf = (store: MetricStore, period: number) => ({
  starts: [...store.series('AWS/Lambda Invocations ddm-sync-dev-scheduled', 'Sum', period).keys()],
  periodMs: period * 1_000,
});

/** Where several series are not stacked they stand beside each other. */
const toBars = (
  drawn: readonly Drawn[],
  { periodMs, starts }: ReturnType<typeof timesOf>,
  stacked: boolean,
): readonly Bar[] =>
  starts.flatMap((start) => {
    const parts = drawn.map(({ series }, index) => ({
      value: series.get(start) ?? 0,
      series: index,
    }));
    if (stacked) return [{ from: start, to: start + periodMs, parts }];
    const widthMs = periodMs / parts.length;
    return parts.map((part, index) => {
      const from = start + index * widthMs;
      return { from, to: from + widthMs, parts: [part] };
    });
  });

interface Options {
  readonly id?: string;
  readonly label?: string;
  readonly stat?: string;
  readonly visible?: boolean;
  readonly expression?: string;
}

const resolve = (
  rows: readonly MetricRow[],
  store: MetricStore,
  period: number,
): readonly Drawn[] => {
  const named: Record<string, Series> = {};
  return rows.flatMap((row): readonly Drawn[] => {
    const options = row.at(-1) as Options;
    const { expression, id, label = '', stat = 'Sum', visible = true } = options;
    if (expression?.startsWith('SEARCH')) return search(store, period);
    const series = expression
      ? evaluate(expression, named)
      : store.series(keyOf(String(row[0]), String(row[1]), [row[3]]), stat, period);
    if (id) named[id] = series;
    return visible ? [{ label, series }] : [];
  });
};

/** Failures by code, the most frequent first. */
const search = (store: MetricStore, period: number): readonly Drawn[] =>
  store
    .keys()
    .filter((key) => key.startsWith('ddm-sync Failures '))
    .map((key) => ({
      label: key.split(' ').at(-1) ?? '',
      series: store.series(key, 'Sum', period),
    }))
    .sort((a, b) => total(b.series) - total(a.series));

const total = (series: Series): number =>
  [...series.values()].reduce((sum, value) => sum + value, 0);
