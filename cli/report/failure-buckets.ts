import type { FleetState } from './fleet-state.ts';

/** How many instances failed in each span of time, each counted once, under its last code in it. */
export interface FailureBuckets {
  readonly bucketHours: number;
  /** The codes of all buckets, most frequent first. */
  readonly codes: readonly string[];
  readonly buckets: readonly Bucket[];
}

interface Bucket {
  readonly at: Date;
  readonly total: number;
  readonly codes: Readonly<Record<string, number>>;
}

const hourMs = 3_600_000;
const maxBuckets = 48;
const bucketHours = [1, 3, 6, 12, 24, 48, 168];

export function bucketFailures({ instances, span }: FleetState): FailureBuckets {
  const known = span();
  if (!known) return { bucketHours: 1, codes: [], buckets: [] };
  const hours = (known.lastAt - known.firstAt) / hourMs;
  const width = bucketHours.find((candidate) => hours / candidate <= maxBuckets - 1) ?? 720;
  const widthMs = width * hourMs;
  const startOf = (at: number): number => at - (at % widthMs);

  const counts = new Map<number, Map<string, number>>();
  for (let at = startOf(known.firstAt); at <= known.lastAt; at += widthMs) {
    counts.set(at, new Map());
  }
  for (const { failedHours } of instances.values()) {
    const lastCodes = new Map<number, string>();
    const inOrder = [...failedHours].sort(([a], [b]) => a - b);
    for (const [hour, { errCode }] of inOrder) lastCodes.set(startOf(hour), errCode);
    for (const [at, errCode] of lastCodes) increase(counts.get(at), errCode);
  }
  const totals = new Map<string, number>();
  for (const bucket of counts.values()) {
    for (const [errCode, count] of bucket) increase(totals, errCode, count);
  }
  return {
    bucketHours: width,
    codes: [...totals].sort(([, a], [, b]) => b - a).map(([errCode]) => errCode),
    buckets: [...counts].map(([at, codes]) => ({
      at: new Date(at),
      total: [...codes.values()].reduce((sum, count) => sum + count, 0),
      codes: Object.fromEntries(codes),
    })),
  };
}

function increase(counts: Map<string, number> | undefined, key: string, by = 1): void {
  counts?.set(key, (counts.get(key) ?? 0) + by);
}
