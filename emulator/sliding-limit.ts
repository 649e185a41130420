/** Lets at most `perSecond` calls through in any second, as the gateway's throttling does. */
export function createSlidingLimit(perSecond: number): { take(): boolean } {
  let times: number[] = [];
  let first = 0;

  return {
    take: () => {
      if (perSecond === Number.POSITIVE_INFINITY) return true;
      const now = performance.now();
      while (first < times.length && (times[first] ?? 0) <= now - 1_000) first += 1;
      if (times.length - first >= perSecond) return false;
      if (first > 4_096) {
        times = times.slice(first);
        first = 0;
      }
      times.push(now);
      return true;
    },
  };
}
