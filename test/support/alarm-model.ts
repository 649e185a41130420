import type { Properties } from './template.ts';

/** A value that something published. Times are seconds since the deployment. */
export interface Sample {
  /** As keyOf() names it. */
  readonly metric: string;
  readonly at: number;
  readonly value: number;
  /** When CloudWatch has it: Lambda's metrics carry the start of an invocation, and come after its end. */
  readonly seenAt: number;
}

export interface Transition {
  readonly at: number;
  readonly state: 'OK' | 'ALARM';
}

export function keyOf(namespace: string, name: string, ...dimensions: readonly unknown[]): string {
  return [namespace, name, ...dimensions.map((value) => JSON.stringify(value))].join(' ');
}

const minute = 60;
const hour = 3_600;
const day = 86_400;

/**
 * The states of an alarm from its creation at 0, as CloudWatch's user guide describes its evaluation ("Evaluating an
 * alarm", "Configuring how CloudWatch alarms treat missing data", "Alarm warm-up periods"): a sliding window, every
 * minute; if it is longer than a day, every hour, with what is there up to the full hour.
 * @param extra data points that CloudWatch looks at beyond EvaluationPeriods, if some are missing: at least one, the
 * guide has two in its example
 */
export function evaluate(
  alarm: Properties,
  samples: ReadonlyMap<string, readonly Sample[]>,
  { extra, until }: { readonly extra: number; readonly until: number },
): readonly Transition[] {
  const { EvaluationPeriods: count, WarmUpConfiguration: warmUp } = alarm;
  const { hasSamples, period, pointAt } = createPoints(alarm, samples);
  const step = count * period > day ? hour : minute;
  const warmUpSeconds = (warmUp?.WarmUpPeriodDurationInMinutes ?? 0) * minute;
  const transitions: Transition[] = [];
  let state: Transition['state'] | undefined;
  for (
    let now = Math.ceil(Math.max(step, warmUpSeconds) / step) * step;
    now <= until;
    now += step
  ) {
    const points = Array.from({ length: count + extra }, (_, index) =>
      pointAt(now - index * period, now),
    );
    const next = judge(alarm, points) ?? state;
    if (next !== undefined && next !== state) transitions.push({ at: now, state: next });
    state = next;
    if (!hasSamples) break; // what never changes
  }
  return transitions;
}

/**
 * The state that data points lead to, the newest one first; undefined keeps the state.
 * @param points NaN if missing
 */
export function judge(
  alarm: Properties,
  points: readonly number[],
): Transition['state'] | undefined {
  const { DatapointsToAlarm, EvaluationPeriods: count, TreatMissingData } = alarm;
  const real = points.filter((value) => !Number.isNaN(value)).slice(0, count);
  const breaching = real.filter((value) => breaches(alarm, value)).length;
  const missing = count - real.length;
  if (TreatMissingData === 'ignore' && real.length === 0) return undefined;
  const filled = TreatMissingData === 'breaching' ? missing : 0;
  return breaching + filled >= (DatapointsToAlarm ?? count) ? 'ALARM' : 'OK';
}

function breaches({ ComparisonOperator, Threshold }: Properties, value: number): boolean {
  if (ComparisonOperator === 'GreaterThanThreshold') return value > Threshold;
  if (ComparisonOperator === 'LessThanThreshold') return value < Threshold;
  throw new TypeError(`the model does not know ${ComparisonOperator}`);
}

interface Points {
  readonly period: number;
  readonly hasSamples: boolean;
  /** The data point of the period that ends at `end`, from what CloudWatch has at `now`. */
  readonly pointAt: (end: number, now: number) => number;
}

function createPoints(alarm: Properties, samples: ReadonlyMap<string, readonly Sample[]>): Points {
  const { Metrics, MetricName, Period, Statistic } = alarm;
  const [{ Expression = 'only' } = {}, ...named]: readonly Properties[] = MetricName
    ? [{}, { Id: 'only', MetricStat: { Metric: alarm, Period, Stat: Statistic } }]
    : Metrics;
  const inputs = named.map(({ MetricStat: { Metric, Stat } }) => {
    const values = Metric.Dimensions.map(({ Value }: Properties) => Value);
    const sorted = samples.get(keyOf(Metric.Namespace, Metric.MetricName, ...values)) ?? [];
    return { sorted, statistic: statistics[Stat] ?? missing };
  });
  const period: number = named[0]?.MetricStat.Period;
  const calculate = new Function(
    'FILL',
    'IF',
    ...named.map(({ Id }) => Id),
    `return ${Expression}`,
  );
  return {
    period,
    hasSamples: inputs.some(({ sorted }) => sorted.length > 0),
    pointAt: (end, now) => {
      const numbers = inputs.map(({ sorted, statistic }) => {
        const values = valuesIn(sorted, end - period, end, now);
        return values.length === 0 ? Number.NaN : statistic(values);
      });
      const value: number = calculate(fill, choose, ...numbers);
      return Number.isFinite(value) ? value : Number.NaN;
    },
  };
}

function fill(value: number, substitute: number): number {
  return Number.isNaN(value) ? substitute : value;
}

function choose(condition: boolean, yes: number, no: number): number {
  return condition ? yes : no;
}

const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, one) => sum + one, 0),
  Minimum: (values) => Math.min(...values),
  Maximum: (values) => Math.max(...values),
};

function missing(): number {
  throw new TypeError('the model does not know this statistic');
}

/** @param sorted by time */
function valuesIn(
  sorted: readonly Sample[],
  from: number,
  to: number,
  now: number,
): readonly number[] {
  const values: number[] = [];
  for (let index = firstAt(sorted, from); index < sorted.length; index += 1) {
    const sample = sorted[index];
    if (sample === undefined || sample.at >= to) break;
    if (sample.seenAt <= now) values.push(sample.value);
  }
  return values;
}

/** The index of the first sample that is not before `from`. */
function firstAt(sorted: readonly Sample[], from: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.at ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
