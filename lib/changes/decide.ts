import { hash } from 'node:crypto';
import type { Trace } from '../huawei/traces.ts';
import type { Change } from './change.ts';
import { judgeTrace } from './trace.ts';
import { traceNames } from './trace-names.ts';

/**
 * An asynchronous operation is recorded twice, as requested and as ended (CTS FAQ). The request is held
 * back this long for its end, and then counts without it: some operations have no second record.
 */
const holdMs = 10 * 60_000;

export interface Decision {
  readonly changes: readonly Change[];
  /** Marks of the traces that have counted, newest first. */
  readonly done: readonly string[];
  /** Traces that would count, and name no data node. */
  readonly unreadable: number;
}

/**
 * Which of the traces up to `now` count as changes. Each successful end counts by itself: another operation
 * of that name may overlap it, and a trace may be recorded late. Of the requests, those without an end count.
 * @param serviceTypes the CTS service types that were asked for
 * @param done marks of those that have counted before
 */
export function decide(
  traces: readonly Trace[],
  serviceTypes: readonly string[],
  done: ReadonlySet<string>,
  now: number,
): Decision {
  const relevant = traces
    .filter(({ traceName }) => Object.hasOwn(traceNames, traceName))
    .toSorted((a, b) => b.time - a.time);
  const operations = Map.groupBy(relevant, (trace) => `${trace.traceName} ${trace.resourceId}`);
  const answered = new Set([...operations.values()].flatMap(requestsWithEnd));
  const counts = (trace: Trace): boolean =>
    trace.succeeded && (isEnd(trace) || (!answered.has(trace) && now - trace.time >= holdMs));
  const counted = relevant.filter((trace) => counts(trace) || done.has(markOf(trace)));
  const readings = counted
    .filter((trace) => !done.has(markOf(trace)))
    .map(({ raw }) => judgeTrace(raw, serviceTypes));
  return {
    changes: readings.filter((reading) => typeof reading === 'object'),
    done: counted.map(markOf),
    unreadable: readings.filter((reading) => reading === 'unclear').length,
  };
}

/**
 * The requests of one operation on one resource that an end stands for: each end for the oldest one before it, and
 * two of the same time for one, because an end may be recorded twice.
 * No record says which end belongs to which request. A wrong guess loses nothing: as many requests are left,
 * and they count later.
 */
function requestsWithEnd(newestFirst: readonly Trace[]): readonly Trace[] {
  const requests: Trace[] = [];
  const answered: Trace[] = [];
  let endedAt = Number.NEGATIVE_INFINITY;
  // Of records of the same time, the request comes first.
  const inOrder = newestFirst.toSorted(
    (a, b) => a.time - b.time || Number(isEnd(a)) - Number(isEnd(b)),
  );
  for (const trace of inOrder) {
    if (!isEnd(trace) && trace.succeeded)
      requests.push(trace); // a refused request has no end
    else if (isEnd(trace) && trace.time !== endedAt) {
      answered.push(...requests.splice(0, 1));
      endedAt = trace.time;
    }
  }
  return answered;
}

function isEnd({ traceType }: Trace): boolean {
  return traceType === 'SystemAction';
}

/** Short: the cursor holds some 4,400 of them, and traces beyond that may be synced twice. */
function markOf({ traceId }: Trace): string {
  return hash('sha256', traceId, 'base64url').slice(0, 8);
}
