/** Values by the start of their period, epoch ms. */
export type Series = ReadonlyMap<number, number>;

export interface MetricStore {
  add(key: string, at: number, value: number): void;
  /** The name of a metric with its dimensions' values, as `add` takes it. */
  keys(): readonly string[];
  series(key: string, stat: string, periodSeconds: number): Series;
}

/** Keeps the points of metrics, as CloudWatch does. */
export const createMetricStore = (): MetricStore => {
  const points = new Map<string, { readonly at: number; readonly value: number }[]>();
  return {
    add: (key, at, value) => {
      const known = points.get(key) ?? [];
      points.set(key, known);
      known.push({ at, value });
    },
    keys: () => [...points.keys()],
    series: (key, stat, periodSeconds) => {
      const periodMs = periodSeconds * 1_000;
      const periods = Map.groupBy(points.get(key) ?? [], ({ at }) => at - (at % periodMs));
      const values = [...periods].map(([start, found]) => {
        const { [stat]: combine = sum } = stats;
        return [start, combine(found.map(({ value }) => value))] as const;
      });
      return new Map(values.sort(([a], [b]) => a - b));
    },
  };
};

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

const stats: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: sum,
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
};

export const keyOf = (namespace: string, name: string, dimensions: readonly unknown[]): string =>
  [namespace, name, ...dimensions.map(String)].join(' ');
