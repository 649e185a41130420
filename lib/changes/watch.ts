import { hash } from 'node:crypto';
import type { AppWith } from '../app.ts';
import type { Cursor } from '../aws/cursor.ts';
import type { Deadline } from '../deadline.ts';
import { QueueError } from '../errors.ts';
import { openConnection } from '../huawei/connection.ts';
import { listTraces, type Trace } from '../huawei/traces.ts';
import { requestFleetSync } from '../queue/hand-over.ts';
import type { Change } from './change.ts';
import { enqueueChanges } from './enqueue.ts';
import { readTrace } from './trace.ts';
import { traceNames } from './trace-names.ts';

export type WatchApp = AppWith<'ctsEndpoint' | 'changeQueue' | 'syncQueue'>;

/** The result of one run of watch. */
export interface Watched {
  readonly traces: number;
  /** Traces that changed what DDM knows. */
  readonly changes: number;
  /** Data nodes in the change queue; the worker finds out whether they belong to an instance of the fleet. */
  readonly enqueued: number;
  /** CTS no longer has all the traces: a full sync was requested. */
  readonly fullSync: boolean;
  /** ISO 8601: the next run begins here, less the overlap. */
  readonly until: string;
}

const overlapMs = 15 * 60_000; // traces are recorded late, and operations twice: see holdMs
const keptMs = 7 * 24 * 3_600_000 - 3_600_000; // CTS keeps 7 days
const sliceMs = 6 * 3_600_000; // the cursor moves after each, so that a long outage is worked off in steps
/**
 * An asynchronous operation is recorded twice, as requested and as ended (CTS FAQ). The request is held
 * back this long for its end, and then counts without it: some operations have no second record.
 */
const holdMs = 10 * 60_000;

/**
 * Reads the audit traces since the last run, and puts the data nodes that changed into the change queue.
 * The cursor moves once the queue has their messages.
 * @throws {QueueError | ReadError | ParameterError} the next run begins where this one did
 */
export async function watch(app: WatchApp, runId: string, deadline: Deadline): Promise<Watched> {
  const { clock, log, parameters } = app;
  const now = clock.now();
  const moveCursor = (to: Cursor) => parameters.moveCursor(to, deadline.signal('report'));
  let cursor = (await parameters.cursor(deadline.signal('setUp'))) ?? {
    until: now - overlapMs,
    done: [],
  };
  const sum = { traces: 0, changes: 0, enqueued: 0, fullSync: false };
  if (now - cursor.until > keptMs) {
    await requestFullSync(app, runId, deadline);
    sum.fullSync = true;
    cursor = { until: now - overlapMs, done: [] };
    await moveCursor(cursor);
  }
  while (cursor.until < now && !deadline.isOver('calls')) {
    const until = Math.min(now, cursor.until + sliceMs);
    const slice = await readSlice(app, cursor, until, deadline);
    sum.enqueued += await enqueue(app, slice.changes, runId, deadline);
    sum.traces += slice.traces;
    sum.changes += slice.changes.length;
    cursor = { until, done: slice.done };
    await moveCursor(cursor);
  }
  const watched = { ...sum, until: new Date(cursor.until).toISOString() };
  log.notice('changes watched', { runId, ...watched });
  return watched;
}

interface Slice {
  readonly traces: number;
  readonly changes: readonly Change[];
  readonly done: readonly string[];
}

/** Reads the traces up to `until` and decides which of them count now. */
async function readSlice(
  app: WatchApp,
  cursor: Cursor,
  until: number,
  deadline: Deadline,
): Promise<Slice> {
  const { clock, config, ctsEndpoint, random } = app;
  const span = { fromMs: cursor.until - overlapMs, toMs: until };
  using connection = await openConnection(app, deadline, 'calls');
  const deps = { ...connection, clock, config, ctsEndpoint, random };
  const found: Trace[] = [];
  for (const serviceType of config.watchServiceTypes) {
    const query = { serviceType, ...span };
    found.push(...(await listTraces(deps, query, deadline.signal('calls'))));
  }
  return { traces: found.length, ...decide(found, new Set(cursor.done), until) };
}

/** Of the records of one operation on one data node, the last one decides. */
function decide(
  traces: readonly Trace[],
  done: ReadonlySet<string>,
  now: number,
): Pick<Slice, 'changes' | 'done'> {
  const relevant = traces
    .filter(({ traceName }) => Object.hasOwn(traceNames, traceName))
    .toSorted((a, b) => b.time - a.time);
  const operations = Map.groupBy(relevant, (trace) => `${trace.traceName} ${trace.resourceId}`);
  const held = new Set<Trace>();
  const changes: Change[] = [];
  for (const records of operations.values()) {
    const [last] = records;
    if (last === undefined || done.has(markOf(last))) continue;
    const change = readTrace(last.raw);
    if (isHeld(last, now)) for (const record of records) held.add(record);
    else if (change) changes.push(change);
  }
  const isDone = (trace: Trace): boolean => !held.has(trace) || done.has(markOf(trace));
  return { changes, done: relevant.filter(isDone).map(markOf) };
}

/** Whether a record may be the request of an operation that has not ended yet. */
function isHeld({ succeeded, time, traceType }: Trace, now: number): boolean {
  return traceType !== 'SystemAction' && succeeded && now - time < holdMs;
}

/** Short: one parameter holds the marks of some 450 relevant traces, and traces beyond them may be synced twice. */
function markOf({ traceId }: Trace): string {
  return hash('sha256', traceId, 'base64url').slice(0, 8);
}

async function enqueue(
  app: WatchApp,
  changes: readonly Change[],
  runId: string,
  deadline: Deadline,
): Promise<number> {
  if (changes.length === 0) return 0;
  const { enqueued, reason, refused } = await enqueueChanges(app, changes, runId, deadline);
  if (refused.length === 0) return enqueued;
  throw new QueueError(`The change queue did not take ${refused.length} messages: ${reason}`);
}

async function requestFullSync(app: WatchApp, runId: string, deadline: Deadline): Promise<void> {
  const origin = { runId, trigger: 'change' } as const;
  const reason = await requestFleetSync(app, app.syncQueue, origin, deadline);
  if (reason !== undefined) {
    throw new QueueError(`The sync queue did not take the full sync: ${reason}`);
  }
  app.log.warning('CTS no longer has all changes since the last run: full sync requested', {
    runId,
  });
}
