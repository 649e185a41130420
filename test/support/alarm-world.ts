import { keyOf, type Sample } from './alarm-model.ts';

/** What goes wrong, and when. Times are seconds since the deployment. */
export interface Faults {
  /** What a scheduled run is like that starts at this time; undefined: it does not run. */
  readonly run?: (start: number) => Partial<Run> | undefined;
  /** Whether a rotation at this time fails. */
  readonly rotationFails?: (start: number) => boolean;
  readonly rotationSeconds?: (start: number) => number;
  readonly watch?: (start: number) => { readonly failed?: boolean; readonly seconds?: number };
  /** Whether `http` and `smn` answer 503 at this time. */
  readonly answers503?: (at: number) => boolean;
}

interface Run {
  readonly seconds: number;
  /** It throws, and reports nothing. */
  readonly throws: boolean;
  /** Of its 100 instances. */
  readonly failed: number;
  /** Of its 100 calls. */
  readonly throttled: number;
}

export interface Schedule {
  readonly periodSeconds: number;
  readonly firstRunAt: number;
  readonly maxAgeSeconds: number;
}

const service = 'ddm-sync-dev';
const hour = 3_600;

/** What a stage publishes from its deployment on, by metric and in the order of time. */
export function publish(
  schedule: Schedule,
  faults: Faults,
  until: number,
): ReadonlyMap<string, readonly Sample[]> {
  const samples: Sample[] = [];
  const ours = (name: string, at: number, value: number, ...dimensions: string[]) => {
    samples.push({
      metric: keyOf('ddm-sync', name, service, ...dimensions),
      at,
      value,
      seenAt: at + 60 + (at % 31),
    });
  };
  const invocation = (name: string, start: number, seconds: number, failed: boolean) => {
    const values = { Invocations: 1, Errors: failed ? 1 : 0, Duration: seconds * 1_000 };
    for (const [metric, value] of Object.entries(values)) {
      samples.push({
        metric: keyOf('AWS/Lambda', metric, `${service}-${name}`),
        at: start,
        value,
        seenAt: start + seconds + 60 + (start % 89),
      });
    }
  };
  const tokens = rotate(faults, until, ours, invocation);
  run(schedule, faults, until, (start, { failed, seconds, throttled, throws }) => {
    invocation('scheduled', start, seconds, throws);
    if (throws) return;
    const end = start + seconds;
    const results = { Accepted: 100 - failed, Failed: failed, CleanRuns: failed === 0 ? 1 : 0 };
    const calls = { Calls: 100, ThrottledCalls: throttled };
    for (const [name, value] of Object.entries({ ...results, ...calls })) ours(name, end, value);
    ours('TokenHoursLeft', start, tokens(start));
  });
  let watchIsBusyUntil = 0;
  for (let start = 70; start < until; start += 120) {
    if (start < watchIsBusyUntil) continue;
    const { failed = false, seconds = 2 } = faults.watch?.(start) ?? {};
    watchIsBusyUntil = start + seconds;
    invocation('watch', start, seconds, failed);
  }
  for (let at = 30; at < until; at += 120) {
    for (const name of ['http', 'smn']) {
      invocation(name, at, 1, false);
      if (faults.answers503?.(at)) ours('FailedRequests', at, 1, name);
    }
  }
  return Map.groupBy(
    samples.toSorted((a, b) => a.at - b.at),
    ({ metric }) => metric,
  );
}

/** The runs of the schedule, one at a time; EventBridge Scheduler is up to a minute late. */
function run(
  { firstRunAt, maxAgeSeconds, periodSeconds }: Schedule,
  { run: fault }: Faults,
  until: number,
  publishRun: (start: number, run: Run) => void,
): void {
  let busyUntil = 0;
  for (let index = 0; firstRunAt + index * periodSeconds < until; index += 1) {
    const due = firstRunAt + index * periodSeconds + ((index * 37) % 60);
    const start = Math.max(due, busyUntil);
    const outcome = fault === undefined ? {} : fault(start);
    if (outcome === undefined || start - due > maxAgeSeconds) continue;
    const seconds = 20 + ((index * 53) % 40);
    const run = { seconds, throws: false, failed: 0, throttled: 0, ...outcome };
    busyUntil = start + run.seconds;
    publishRun(start, run);
  }
}

/** The rotations, and from them how many hours the token is valid at a time. */
function rotate(
  { rotationFails, rotationSeconds }: Faults,
  until: number,
  ours: (name: string, at: number, value: number) => void,
  invocation: (name: string, start: number, seconds: number, failed: boolean) => void,
): (at: number) => number {
  const issued: number[] = [];
  const hoursLeft = (at: number): number => {
    const last = issued.findLast((time) => time <= at) ?? 0; // setup issued the first one
    return (last + 24 * hour - at) / hour;
  };
  for (let start = 60; start < until; start += 6 * hour) {
    const seconds = rotationSeconds?.(start) ?? 3;
    const failed = rotationFails?.(start) === true;
    invocation('rotate-token', start, seconds, failed);
    if (!failed) issued.push(start + seconds);
    ours('TokenHoursLeft', start + seconds, hoursLeft(start + seconds));
  }
  return hoursLeft;
}
