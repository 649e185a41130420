export interface Tick {
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
