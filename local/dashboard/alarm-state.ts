import type { Alarm } from './dashboard.ts';
import { evaluate } from './expressions.ts';
import { keyOf, type MetricStore, type Series } from './metric-store.ts';

/** Whether an alarm is on, as far as the points tell. */
export const isOn = (alarm: Alarm, store: MetricStore): boolean => {
  const { ComparisonOperator, EvaluationPeriods, Threshold } = alarm;
  const last = [...seriesOf(alarm, store).values()].slice(-EvaluationPeriods);
  const breaching = last.filter((value) =>
    ComparisonOperator === 'LessThanThreshold' ? value < Threshold : value > Threshold,
  );
  return breaching.length >= (alarm.DatapointsToAlarm ?? EvaluationPeriods);
};

const seriesOf = (alarm: Alarm, store: MetricStore): Series => {
  const {
    Dimensions,
    MetricName,
    Metrics = [],
    Namespace,
    Period = 300,
    Statistic = 'Sum',
  } = alarm;
  if (MetricName && Namespace && Dimensions) {
    return store.series(keyOf(Namespace, MetricName, Dimensions.map(nameOf)), Statistic, Period);
  }
  const named = Metrics.flatMap(({ Id, MetricStat: stat }) => {
    if (!stat) return [];
    const { Metric } = stat;
    const key = keyOf(Metric.Namespace, Metric.MetricName, Metric.Dimensions.map(nameOf));
    return [[Id, store.series(key, stat.Stat, stat.Period)] as const];
  });
  return evaluate(Metrics[0]?.Expression ?? '', Object.fromEntries(named));
};

/** A queue's name is an attribute of its resource; in a widget it is written so. */
const nameOf = ({ Value }: { readonly Value: unknown }): string => {
  if (typeof Value !== 'object' || Value === null || !('Fn::GetAtt' in Value)) return String(Value);
  const path = Value['Fn::GetAtt'];
  return Array.isArray(path) ? `\${${path.join('.')}}` : '';
};
