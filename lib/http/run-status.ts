import type { App } from '../app.ts';
import type { LogRow } from '../aws/log-query.ts';
import type { Deadline } from '../deadline.ts';
import { RequestError } from '../errors.ts';

export interface RunQuery {
  readonly runId: string;
  /** How far back to look. */
  readonly hours: number;
}

/** What the log says of an instance of a run. */
interface RunInstance {
  readonly instanceId: string;
  readonly instanceName?: string;
  readonly status: RunStatus;
  readonly at: string;
  readonly errCode?: string;
  readonly externalMessage?: string;
  readonly advice?: string;
}

type RunStatus = 'accepted' | 'completed' | 'failed' | 'unknown' | 'queued' | 'skipped';

export interface RunState {
  readonly runId: string;
  /** Every instance of the run has a result: nothing is in the queue. An accepted job may still fail. */
  readonly isDone: boolean;
  /** As the run reported; absent if its report is not in the log. */
  readonly total?: number;
  readonly counts: Readonly<Record<RunStatus, number>>;
  /** The failed ones first, then those in the queue. */
  readonly results: readonly RunInstance[];
  readonly resultsOmitted?: number;
}

const order = ['failed', 'queued', 'unknown', 'skipped', 'accepted', 'completed'] as const;
const maxRows = 10_000; // of Logs Insights
const maxResults = 1_000;
const hourMs = 3_600_000;
const functions = ['scheduled', 'http', 'worker', 'follow'];

/**
 * What the log says of a run, as of now: lines take up to a minute to be found.
 * @throws {RequestError} 404 if it says nothing, 503 if it cannot be asked
 */
export async function describeRun(
  app: Pick<App, 'clock' | 'config'>,
  { hours, runId }: RunQuery,
  deadline: Deadline,
): Promise<RunState> {
  const rows = await readRows(app, { hours, runId }, deadline);
  if (rows.length === 0) {
    throw new RequestError(
      404,
      'NOT_FOUND',
      `The log has no line of this run in the last ${hours} hours. Its lines can take a minute to appear`,
    );
  }
  if (rows.length >= maxRows) {
    throw new RequestError(
      503,
      'TOO_LARGE',
      'The run has more instances than one query returns: use npm run report, or the saved query "one run"',
    );
  }
  return summarise(runId, rows);
}

async function readRows(
  { clock, config: { logGroupPrefix } }: Pick<App, 'clock' | 'config'>,
  { hours, runId }: RunQuery,
  deadline: Deadline,
): Promise<readonly LogRow[]> {
  if (logGroupPrefix === undefined) {
    throw unavailable('LOG_GROUP_PREFIX is not set: there is no log to ask');
  }
  const now = clock.now();
  const query = {
    logGroupNames: functions.map((name) => `${logGroupPrefix}-${name}`),
    queryString: queryOf(runId),
    fromMs: now - hours * hourMs,
    toMs: now,
    limit: maxRows,
  };
  try {
    // Not in App, and loaded late: only this request needs the client.
    const { queryLogs } = await import('../aws/log-query.ts');
    return await queryLogs({ clock }, query, deadline.signal('answers'));
  } catch (error) {
    const { message, name } = error instanceof Error ? error : new TypeError(String(error));
    throw unavailable(`${name}: ${message}`);
  }
}

function unavailable(reason: string): RequestError {
  const message = 'The log could not be asked in time: try again, with a smaller hours=';
  return new RequestError(503, 'UNAVAILABLE', message, reason);
}

/** One row for each instance and message, so that a run of thousands fits. @param runId without quotes */
function queryOf(runId: string): string {
  const messages = ['sync run finished', ...order.map((status) => `instance sync ${status}`)];
  return [
    `filter runId = "${runId}" and message in ${JSON.stringify(messages)}`,
    'stats max(@timestamp) as at, max(total) as runTotal, sortsLast(instanceName) as name, latest(errCode) as code, latest(externalMessage) as says, latest(advice) as whatToDo by instanceId, message',
  ].join('\n| ');
}

function summarise(runId: string, rows: readonly LogRow[]): RunState {
  const total = Math.max(
    ...rows.filter(({ instanceId }) => !instanceId).map(({ runTotal }) => Number(runTotal)),
  );
  const lines = rows.flatMap(toInstance);
  const results = [...Map.groupBy(lines, ({ instanceId }) => instanceId).values()]
    .flatMap((ofInstance) => ofInstance.sort(byTime).slice(-1))
    .sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const counted = order.map((status) => [
    status,
    results.filter((result) => result.status === status).length,
  ]);
  const counts = Object.fromEntries(counted) as Record<RunStatus, number>;
  const isReported = Number.isFinite(total);
  return {
    runId,
    isDone: isReported && results.length >= total && counts.queued === 0,
    ...(isReported && { total }),
    counts,
    results: results.slice(0, maxResults),
    ...(results.length > maxResults && { resultsOmitted: results.length - maxResults }),
  };
}

function toInstance({ at = '', code, instanceId, message, name, says, whatToDo }: LogRow) {
  const status = order.find((candidate) => message === `instance sync ${candidate}`);
  if (instanceId === undefined || status === undefined) return [];
  return [
    {
      ...{ instanceId, status, at: `${at.replace(' ', 'T')}Z` }, // Logs Insights writes UTC
      ...(name && { instanceName: name }),
      ...(code && { errCode: code }),
      ...(says && { externalMessage: says }),
      ...(whatToDo && { advice: whatToDo }),
    },
  ];
}

/** Within a run, "queued" never follows a result: the run may write it after a worker has written the result. */
function byTime(a: RunInstance, b: RunInstance): number {
  if ((a.status === 'queued') !== (b.status === 'queued')) return a.status === 'queued' ? -1 : 1;
  return a.at < b.at ? -1 : 1;
}
