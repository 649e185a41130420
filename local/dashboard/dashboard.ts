import { readFile } from 'node:fs/promises';

/** A row of a widget's metrics: namespace, name, dimensions and options, or options with an expression. */
export type MetricRow = readonly unknown[];

export interface Widget {
  readonly type: 'alarm' | 'log' | 'metric' | 'text';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly view?: string;
    readonly stacked?: boolean;
    readonly period?: number;
    readonly metrics?: readonly MetricRow[];
    readonly yAxis?: { readonly left: { readonly label: string } };
    /** ARNs, as `${Resource.Arn}`. */
    readonly alarms?: readonly string[];
  };
}

interface MetricStat {
  readonly Metric: AlarmMetric;
  readonly Period: number;
  readonly Stat: string;
}

interface AlarmMetric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
}

export interface Alarm extends Partial<AlarmMetric> {
  readonly AlarmName: string;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly Statistic?: string;
  readonly Period?: number;
  readonly Metrics?: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: MetricStat;
  }[];
}

export interface Dashboard {
  readonly widgets: readonly Widget[];
  /** By the name of the resource. */
  readonly alarms: ReadonlyMap<string, Alarm>;
}

/** Reads dashboard and alarms out of a packaged template. */
export const readDashboard = async (path: string): Promise<Dashboard> => {
  const { Resources } = JSON.parse(await readFile(path, 'utf8'));
  const { widgets } = JSON.parse(Resources.Dashboard.Properties.DashboardBody['Fn::Sub']);
  const alarms = Object.keys(Resources)
    .filter((name) => Resources[name].Type === 'AWS::CloudWatch::Alarm')
    .map((name) => [name, Resources[name].Properties] as const);
  return { widgets, alarms: new Map(alarms) };
};
