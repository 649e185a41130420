import { html, type Markup } from './html.ts';

/** A bar from `from` to `to` (epoch ms), made of parts that stand on each other, the first on zero. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly parts: readonly { readonly value: number; readonly series: number }[];
}

export interface Plot {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What the plot shows, in words: the text alternative. */
  readonly description: string;
  readonly unit: string;
  readonly isCount: boolean;
  readonly bars: readonly Bar[];
}

const width = 400;
const height = 216;
const left = 40;
const right = 22;
const top = 24;
const bottom = 40;
const plotWidth = width - left - right;
const plotHeight = height - top - bottom;
const minBarWidth = 1;
const maxBarWidth = 40;
/** How many series have a pattern of their own. */
export const maxSeries = 6;

/** Bars over time: from zero, with units, in UTC. */
export function drawPlot({ bars, description, id, isCount, title, unit }: Plot): Markup {
  const from = Math.min(...bars.map((bar) => bar.from));
  const to = Math.max(...bars.map((bar) => bar.to));
  const ticks = valueTicks(Math.max(...bars.map(heightOf)), isCount);
  const highest = ticks.at(-1)?.value ?? 1;
  const x = (at: number): number => left + ((at - from) / (to - from || 1)) * plotWidth;
  const y = (value: number): number => top + plotHeight * (1 - value / highest);

  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">
<title id="${id}-title">${title}</title>
<desc id="${id}-text">${description}</desc>
<text x="0" y="12">${unit}</text>
${ticks.map(
  ({
    label,
    value,
  }) => html`<line class="grid" x1="${left}" x2="${width - right}" y1="${round(y(value))}" y2="${round(y(value))}"/>
<text x="${left - 6}" y="${round(y(value) + 4)}" text-anchor="end">${label}</text>
`,
)}${bars.map((bar) => drawBar(bar, x, y))}
<line class="axis" x1="${left}" x2="${width - right}" y1="${round(y(0))}" y2="${round(y(0))}"/>
${timeTicks(from, to).map(
  ({
    label,
    value,
  }) => html`<line class="axis" x1="${round(x(value))}" x2="${round(x(value))}" y1="${round(y(0))}" y2="${round(y(0) + 4)}"/>
<text x="${round(x(value))}" y="${round(y(0) + 17)}" text-anchor="middle">${label}</text>
`,
)}<text x="${left + plotWidth / 2}" y="${height - 4}" text-anchor="middle">time (UTC)</text>
</svg>`;
}

type Scale = (value: number) => number;

function drawBar({ from, parts, to }: Bar, x: Scale, y: Scale): readonly Markup[] {
  const full = x(to) - x(from);
  const barWidth = Math.min(maxBarWidth, Math.max(minBarWidth, full > 4 ? full - 1 : full * 0.8));
  const start = x(from) + (full - barWidth) / 2;
  let base = 0;
  return parts
    .filter(({ value }) => value > 0)
    .map(({ series, value }) => {
      const [upper, lower] = [y(base + value), y(base)];
      base += value;
      return html`<rect x="${round(start)}" y="${round(upper)}" width="${round(barWidth)}" height="${round(lower - upper)}" fill="url(#series-${series})"/>
`;
    });
}

function heightOf({ parts }: Bar): number {
  return parts.reduce((sum, { value }) => sum + value, 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const hatches = [
  '',
  'M-1,7 L7,-1 M-1,1 L1,-1 M5,7 L7,5',
  'M0,3 H6',
  'M3,0 V6',
  'M2,3 H4 M3,2 V4',
  'M-1,-1 L7,7 M-1,7 L7,-1',
];

/** The patterns that tell the series apart without colour; once in a page. */
export function drawPatterns(): Markup {
  return html`<svg class="patterns" aria-hidden="true" focusable="false"><defs>${hatches.map(
    (hatch, series) => html`
<pattern id="series-${series}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" class="series-${series}"/><path d="${hatch}" class="hatch"/></pattern>`,
  )}
</defs></svg>`;
}

/** A series in a legend. */
export function drawSwatch(series: number): Markup {
  return html`<svg class="swatch" viewBox="0 0 18 18" aria-hidden="true" focusable="false"><rect width="18" height="18" fill="url(#series-${series})"/></svg>`;
}

interface Tick {
  readonly value: number;
  readonly label: string;
}

const maxValueTicks = 5;

/** Round values from zero to at least the highest. */
export function valueTicks(highest: number, isCount: boolean): readonly Tick[] {
  const rough = Math.max(highest, isCount ? 1 : 0.1) / (maxValueTicks - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const exact = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const step = isCount ? Math.max(1, exact) : exact;
  const count = Math.max(1, Math.ceil(highest / step - 1e-9));
  const digits = step < 1 ? Math.ceil(-Math.log10(step)) : 0;
  return Array.from({ length: count + 1 }, (_, index) => ({
    value: index * step,
    label: (index * step).toLocaleString('en-US', { maximumFractionDigits: digits }),
  }));
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const maxTimeTicks = 6;
const stepsMs = [
  ...[1 / 60, 1 / 12, 1 / 4, 1 / 2, 1, 2, 3, 6, 12].map((hours) => hours * hourMs),
  ...[1, 2, 7, 14, 28, 91, 365].map((days) => days * dayMs),
];

/** Round UTC times between two; midnight is its date. */
export function timeTicks(from: number, to: number): readonly Tick[] {
  const step =
    stepsMs.find((candidate) => (to - from) / candidate <= maxTimeTicks) ?? 3_650 * dayMs;
  const ticks: Tick[] = [];
  for (let value = Math.ceil(from / step) * step; value <= to; value += step) {
    ticks.push({ value, label: labelOf(value) });
  }
  return ticks;
}

function labelOf(value: number): string {
  const text = new Date(value).toISOString();
  return value % dayMs === 0 ? text.slice(5, 10) : text.slice(11, 16);
}
