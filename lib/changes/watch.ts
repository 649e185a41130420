import { hash } from 'node:crypto';
import type { App } from '../app.ts';
import type { Cursor } from '../aws/cursor.ts';
import { ConfigError, QueueError } from '../errors.ts';
import { withConnection } from '../huawei/connection.ts';
import { listTraces, type Trace } from '../huawei/traces.ts';
import { type Change, type Changed, idOf, readTrace, traceNames } from './change.ts';
import { TopologyError } from './data-node-owners.ts';
import { enqueueChanges } from './enqueue.ts';
import { type Affected, ignoreChange, withAffected } from './resolve.ts';

/** What one look at the audit traces came to. */
export interface Watched {
  readonly traces: number;
  /** Traces that changed what DDM knows. */
  readonly changes: number;
  /** Instances whose sync was asked for. */
  readonly enqueued: number;
  /** The traces were not kept for long enough: a full sync was asked for. */
  readonly fullSync: boolean;
  /** ISO 8601: the next look begins here, less the overlap. */
  readonly until: string;
}

const overlapMs = 15 * 60_000; // traces are recorded late, and operations twice: see holdMs
const keptMs = 7 * 24 * 3_600_000 - 3_600_000; // CTS keeps 7 days
const sliceMs = 6 * 3_600_000; // after each the cursor moves, so that a long outage is caught up with in steps
/**
 * An asynchronous operation is recorded twice, asked for and ended (CTS FAQ). What was asked for is held
 * back so long for its end, and counts by itself after that: some operations have no second record.
 */
const holdMs = 10 * 60_000;

/**
 * Asks the audit service what changed since the last time, and asks for the syncs that it makes necessary.
 * The cursor moves when their messages are in the queue.
 * @throws {QueueError | ReadError | TopologyError | ParameterError | ConfigError} the next run begins where
 * this one did
 */
export async function watch(app: App, runId: string, remainingMs: number): Promise<Watched> {
  const { clock, log, parameters } = app;
  const deadlineAt = clock.monotonic() + remainingMs - app.config.deadlineReserveMs;
  const now = clock.now();
  let cursor = (await parameters.cursor()) ?? { until: now - overlapMs, done: [] };
  const sum = { traces: 0, changes: 0, enqueued: 0, fullSync: false };
  if (now - cursor.until > keptMs) {
    await askForFullSync(app, runId, deadlineAt);
    sum.fullSync = true;
    cursor = { until: now - overlapMs, done: [] };
    await parameters.moveCursor(cursor);
  }
  while (cursor.until < now && clock.monotonic() < deadlineAt) {
    const until = Math.min(now, cursor.until + sliceMs);
    const slice = await look(app, cursor, until, deadlineAt);
    sum.enqueued += await enqueue(app, slice.changes, runId, deadlineAt);
    sum.traces += slice.traces;
    sum.changes += slice.changes.length;
    cursor = { until, done: slice.done };
    await parameters.moveCursor(cursor);
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
async function look(app: App, cursor: Cursor, until: number, deadlineAt: number): Promise<Slice> {
  const { clock, config } = app;
  const { ctsEndpoint } = config;
  if (!ctsEndpoint) throw new ConfigError(['CTS_ENDPOINT is not set: watch needs it']);
  const span = { fromMs: cursor.until - overlapMs, toMs: until };
  return withConnection(app, async (connection) => {
    const deps = { ...connection, clock, random: app.random, config: { ...config, ctsEndpoint } };
    const found: Trace[] = [];
    for (const serviceType of config.watchServiceTypes) {
      found.push(...(await listTraces(deps, { serviceType, ...span }, deadlineAt)));
    }
    return { traces: found.length, ...decide(found, new Set(cursor.done), until) };
  });
}

/** Of what was recorded for one operation on one data node, the last record decides. */
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
    if (isToWait(last, now)) for (const record of records) held.add(record);
    else if (change) changes.push(change);
  }
  const isDone = (trace: Trace): boolean => !held.has(trace) || done.has(markOf(trace));
  return { changes, done: relevant.filter(isDone).map(markOf) };
}

/** Whether a record may be the request of an operation whose end is still to come. */
function isToWait({ succeeded, time, traceType }: Trace, now: number): boolean {
  return traceType !== 'SystemAction' && succeeded && now - time < holdMs;
}

/** Short, because one parameter holds the marks of some 450 relevant traces; beyond them one may be synced twice. */
function markOf({ traceId }: Trace): string {
  return hash('sha256', traceId, 'base64url').slice(0, 8);
}

async function enqueue(
  app: App,
  changes: readonly Change[],
  runId: string,
  deadlineAt: number,
): Promise<number> {
  if (changes.length === 0) return 0;
  const changed = new Map<string, Changed>();
  await withAffected(app, deadlineAt, async (affected) => {
    for (const { name, ...change } of changes) {
      const found = await instancesOf(affected, change);
      if (found.length === 0) ignoreChange(app, change, runId, name);
      for (const one of found) changed.set(idOf(one), one);
    }
  });
  const { enqueued, reason, refused } = await enqueueChanges(
    app,
    [...changed.values()],
    runId,
    deadlineAt,
  );
  if (refused > 0) {
    throw new QueueError(
      `The change queue did not take ${refused} messages: ${reason ?? 'unknown'}`,
    );
  }
  return enqueued;
}

/** Itself where an instance cannot be asked for its data nodes now: the worker tries that again. */
async function instancesOf(affected: Affected, change: Changed): Promise<readonly Changed[]> {
  try {
    return (await affected.instancesOf(change)).map((instanceId) => ({ instanceId }));
  } catch (error) {
    if (error instanceof TopologyError && !error.isLate) return [change];
    throw error;
  }
}

async function askForFullSync(
  { log, queue }: App,
  runId: string,
  deadlineAt: number,
): Promise<void> {
  if (!queue) throw new ConfigError(['SYNC_QUEUE_URL is not set: a full sync is asked for there']);
  const message = { fleet: true, trigger: 'change', runId } as const;
  const { reason, refused } = await queue.send([{ message, delaySeconds: 0 }], deadlineAt);
  if (refused.length > 0) {
    throw new QueueError(`The sync queue did not take the full sync: ${reason ?? 'unknown'}`);
  }
  log.warning('changes of more than 7 days are not known: full sync', { runId });
}
