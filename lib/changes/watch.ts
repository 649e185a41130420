import type { AppWith } from '../app.ts';
import type { Cursor } from '../aws/cursor.ts';
import type { Deadline } from '../deadline.ts';
import { QueueError } from '../errors.ts';
import { openConnection } from '../huawei/connection.ts';
import { listTraces, type Trace } from '../huawei/traces.ts';
import { requestFleetSync } from '../queue/hand-over.ts';
import { type Decision, decide } from './decide.ts';
import { enqueueChanges } from './enqueue.ts';

export type WatchApp = AppWith<'ctsEndpoint' | 'changeQueue' | 'syncQueue'>;

/** The result of one run of watch. */
export interface Watched {
  readonly traces: number;
  /** Traces that changed what DDM knows. */
  readonly changes: number;
  /** Entries of CTS that have no usable id or time, or changed a data node without naming it. */
  readonly unreadable: number;
  /** Data nodes in the change queue; the worker finds out whether they belong to an instance of the fleet. */
  readonly enqueued: number;
  /** CTS no longer has all the traces: a full sync was requested. */
  readonly fullSync: boolean;
  /** ISO 8601: the next run begins here, less the overlap. */
  readonly until: string;
}

const overlapMs = 15 * 60_000; // traces are recorded late, and operations twice: see decide()
const keptMs = 7 * 24 * 3_600_000 - 3_600_000; // CTS keeps 7 days
const sliceMs = 6 * 3_600_000; // the cursor moves after each, so that a long outage is worked off in steps
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
  const sum = { traces: 0, changes: 0, enqueued: 0, unreadable: 0, fullSync: false };
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
    sum.unreadable += slice.unreadable;
    sum.changes += slice.changes.length;
    const heard = hear(app, cursor, slice.heard, until);
    cursor = { until, done: slice.done, heard };
    await moveCursor(cursor);
  }
  const watched = { ...sum, until: new Date(cursor.until).toISOString() };
  const { unreadable } = sum;
  if (unreadable > 0) log.warning('audit traces not readable', { runId, traces: unreadable });
  log.notice('changes watched', { runId, ...watched });
  return watched;
}

const silentMs = 7 * 24 * 3_600_000;

/** When each service type was heard last. Warns of one that has been silent for a week by now, and was not before. */
function hear(
  { config, log }: WatchApp,
  { heard = {}, until: before }: Cursor,
  now: ReadonlySet<string>,
  until: number,
): Readonly<Record<string, number>> {
  const types = config.watchServiceTypes.map((serviceType) => {
    const last = now.has(serviceType) ? until : (heard[serviceType] ?? until);
    if (before - last < silentMs && until - last >= silentMs) {
      log.warning('no audit traces of a service type for a week', { serviceType });
    }
    return [serviceType, last];
  });
  return Object.fromEntries(types);
}

interface Slice extends Decision {
  readonly traces: number;
  /** The service types that had any. */
  readonly heard: ReadonlySet<string>;
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
  const heard = new Set<string>();
  let unreadable = 0;
  for (const serviceType of config.watchServiceTypes) {
    const query = { serviceType, ...span };
    const listed = await listTraces(deps, query, deadline.signal('calls'));
    found.push(...listed.traces);
    unreadable += listed.unreadable;
    if (listed.traces.length + listed.unreadable > 0) heard.add(serviceType);
  }
  const decision = decide(found, config.watchServiceTypes, new Set(cursor.done), until);
  return { ...decision, heard, traces: found.length, unreadable: unreadable + decision.unreadable };
}

async function enqueue(
  app: WatchApp,
  changes: Decision['changes'],
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
