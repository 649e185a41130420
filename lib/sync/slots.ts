/** How many calls a second the service takes from this environment. All times are monotonic ms. */
export interface Slots {
  readonly count: number;
  /** When the next call may start; Infinity if a call must end first. */
  nextAt(): number;
  start(now: number): void;
  /** The service took the call, whatever it answered. */
  taken(startedAt: number, now: number): void;
  /** The service refused the call because there are too many. */
  throttled(startedAt: number, now: number): void;
  /** Forgets what was learned: every slot is free. */
  reset(): void;
}

const windowMs = 1_000; // "limit:50,time:1 second": the gateway counts per second
const gapMs = 15; // a call that arrives a little too early would be refused
const firstProbeCalls = 8;
const minProbeCalls = 2;
const maxProbeCalls = 128;
const firstProbeMs = 2_000;
const maxProbeMs = 60_000;

/**
 * Keeps one slot for each call that the service takes within a second. The call that uses a slot is followed by the
 * next one a second later: it takes the place of the first in the gateway's count, so environments that share a limit
 * divide it without refusing each other's calls. A slot whose call is refused is lost, with those that are not in use.
 * While there are fewer than `max`, a call outside all slots now and then tries to win one: sooner after a success, and
 * for more than one, later after a refusal.
 */
export function createSlots(max: number, random: () => number): Slots {
  let starts: number[] = []; // when each slot was last used, in order
  let probe = Number.NaN; // start of the call that tries to win a slot
  let probeAt = 0;
  let probeCalls = firstProbeCalls;
  let probeMs = firstProbeMs;
  let takenSinceProbe = 0;
  let extra = 0; // slots that the next success adds: they double while no call is refused

  const reset = (): void => {
    starts = unused(max);
    extra = 0;
    probe = Number.NaN;
    probeCalls = firstProbeCalls;
    probeMs = firstProbeMs;
  };
  reset();

  const slotAt = (): number => {
    const [first = Number.POSITIVE_INFINITY] = starts;
    return first + windowMs + (starts.length < max ? gapMs : 0);
  };

  /** The next probe comes after so many calls, or after a while if there are few. */
  const planProbe = (now: number): void => {
    probe = Number.NaN;
    takenSinceProbe = 0;
    probeAt = now + probeMs * (0.5 + random() / 2);
  };

  return {
    get count() {
      return starts.length;
    },
    nextAt: () => {
      const mayProbe = starts.length < max && Number.isNaN(probe);
      return mayProbe ? Math.min(slotAt(), probeAt) : slotAt();
    },
    start: (now) => {
      if (slotAt() <= now) starts.shift();
      else probe = now;
      starts.push(now);
    },
    taken: (startedAt, now) => {
      if (startedAt === probe) {
        probeCalls = Math.max(minProbeCalls, probeCalls / 2);
        probeMs = Math.max(firstProbeMs, probeMs / 2);
        planProbe(now);
        starts.unshift(...unused(Math.min(extra, max - starts.length)));
        extra = Math.max(1, extra * 2);
      }
      takenSinceProbe += 1;
      // At any moment of the next second: the place of a call in the gateway's count matters.
      if (takenSinceProbe === probeCalls) probeAt = Math.min(probeAt, now + windowMs * random());
    },
    throttled: (startedAt, now) => {
      const isInUse = (at: number): boolean => at !== startedAt && now - at < windowMs;
      extra = 0;
      if (startedAt === probe) {
        starts = starts.filter((at) => at !== startedAt);
        probeCalls = Math.min(maxProbeCalls, probeCalls * 2);
        probeMs = Math.min(maxProbeMs, probeMs * 2);
        planProbe(now);
      } else {
        starts = starts.filter(isInUse);
        if (Number.isNaN(probe)) planProbe(now);
      }
    },
    reset,
  };
}

function unused(count: number): number[] {
  return Array.from({ length: count }, () => Number.NEGATIVE_INFINITY);
}
