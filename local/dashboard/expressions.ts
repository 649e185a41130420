import type { Series } from './metric-store.ts';

type Named = Readonly<Record<string, Series>>;

/** The expressions of infra/, each worked out by hand: CloudWatch does it where they are used. */
export const evaluate = (expression: string, named: Named): Series => {
  const { [expression]: work } = expressions;
  if (!work) throw new TypeError(`no way to work out "${expression}"`);
  return work(named);
};

const combine =
  (first: string, second: string, work: (a: number, b: number) => number) =>
  (named: Named): Series => {
    const other = named[second] ?? new Map<number, number>();
    const values = [...(named[first] ?? [])].flatMap(([at, value]) => {
      const result = work(value, other.get(at) ?? 0);
      return Number.isFinite(result) ? [[at, result] as const] : [];
    });
    return new Map(values);
  };

const minuteMs = 60_000;

const minutesSinceClean = ({ clean = new Map(), failed = new Map() }: Named): Series => {
  let last: number | undefined;
  const ages = new Map<number, number>();
  for (const [at, value] of clean) {
    if (value > 0 && failed.get(at) === 0) last = at;
    if (last !== undefined) ages.set(at, (at - last) / minuteMs);
  }
  return ages;
};

const expressions: Readonly<Record<string, (named: Named) => Series>> = {
  'runs - errors': combine('runs', 'errors', (runs, errors) => runs - errors),
  // There are no failed jobs in this day: nothing is followed.
  '100 * (failed + FILL(jobs, 0)) / (accepted + failed)': combine(
    'failed',
    'accepted',
    (failed, accepted) => (100 * failed) / (accepted + failed),
  ),
  '100 * throttled / calls': combine(
    'throttled',
    'calls',
    (throttled, calls) => (100 * throttled) / calls,
  ),
  '1000 * calls / duration': combine(
    'calls',
    'duration',
    (calls, durationMs) => (1_000 * calls) / durationMs,
  ),
  'IF(failed == 0, clean, 0)': combine('clean', 'failed', (clean, failed) =>
    failed === 0 ? clean : 0,
  ),
  '(EPOCH(FILL(clean, 0)) - FILL(IF(clean > 0 AND failed == 0, EPOCH(clean)), REPEAT)) / 60':
    minutesSinceClean,
};
