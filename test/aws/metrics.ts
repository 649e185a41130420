import type { Properties } from '../support/template.ts';
import type { Line } from './functions.ts';
import type { Stack } from './stack.ts';

interface Embedded {
  readonly CloudWatchMetrics: readonly {
    readonly Namespace: string;
    readonly Dimensions: readonly (readonly string[])[];
    readonly Metrics: readonly { readonly Name: string }[];
  }[];
}

/** The metrics of a line in CloudWatch's embedded metric format: `<namespace> <name> <dimension>=<value>`. */
export function publishedMetrics(line: Line): readonly string[] {
  const { CloudWatchMetrics = [] } = (line._aws ?? {}) as Partial<Embedded>;
  return CloudWatchMetrics.flatMap(({ Dimensions, Metrics, Namespace }) =>
    Metrics.flatMap(({ Name }) =>
      Dimensions.map((names) =>
        [Namespace, Name, ...names.map((name) => `${name}=${line[name]}`)].join(' '),
      ),
    ),
  );
}

/** The metrics that the alarms of a stack watch, in the same form. */
export function alarmMetrics({ alarms }: Stack): readonly string[] {
  return alarms
    .flatMap((alarm) => [
      alarm,
      ...(alarm.Metrics ?? []).flatMap(({ MetricStat }: Properties) => MetricStat?.Metric ?? []),
    ])
    .filter(({ MetricName }) => MetricName)
    .map(({ Dimensions, MetricName, Namespace }) =>
      [
        Namespace,
        MetricName,
        ...Dimensions.map(({ Name, Value }: Properties) => `${Name}=${Value}`),
      ].join(' '),
    );
}
