import type { ServerResponse } from 'node:http';
import { type CloudServer, readBody, sendJson, startCloudServer } from '../../emulator/server.ts';

interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

export interface CloudwatchLogs extends CloudServer {
  readonly groups: Map<string, readonly LogEvent[]>;
  /** What was asked for, in order. */
  readonly requests: FilterInput[];
  /** The regions that the requests were signed for, in order. */
  readonly regions: string[];
  /** The queries of Logs Insights, in order. */
  readonly queries: QueryInput[];
  /** An error type to answer with. */
  fault: string | undefined;
}

interface FilterInput {
  readonly logGroupName?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly nextToken?: string;
}

interface QueryInput {
  readonly queryString: string;
  readonly logGroupNames: readonly string[];
  readonly startTime: number;
  readonly endTime: number;
}

const pageSize = 100;

/** CloudWatch Logs' JSON protocol as far as FilterLogEvents goes, and the query of GET /runs. */
export async function startCloudwatchLogs(): Promise<CloudwatchLogs> {
  const groups = new Map<string, readonly LogEvent[]>();
  const requests: FilterInput[] = [];
  const regions: string[] = [];
  const queries: QueryInput[] = [];

  const server = await startCloudServer(async (request, response) => {
    const input: FilterInput = JSON.parse(await readBody(request));
    const refuse = (type: string): void =>
      sendJson(response, 400, { __type: type, message: `${type} of the test\nsecond line` });
    const target = String(request.headers['x-amz-target']);
    if (target.endsWith('Query') || target.endsWith('QueryResults')) {
      if (logs.fault) return refuse(logs.fault);
      return answerQuery(target, input, response);
    }
    if (target !== 'Logs_20140328.FilterLogEvents') {
      return refuse('UnknownOperationException');
    }
    requests.push(input);
    regions.push(request.headers.authorization?.split('/')[2] ?? '');
    if (logs.fault) return refuse(logs.fault);
    const { endTime = Number.POSITIVE_INFINITY, logGroupName = '', startTime = 0 } = input;
    const group = groups.get(logGroupName);
    if (!group) return refuse('ResourceNotFoundException');
    const [page = 0, isEmpty = 0] = (input.nextToken ?? '0.0').split('.').map(Number);
    const events = group.filter(({ timestamp }) => timestamp >= startTime && timestamp < endTime);
    const next = isEmpty ? `${page}.0` : `${page + 1}.1`; // the service sends empty pages as well
    const isLast = !isEmpty && (page + 1) * pageSize >= events.length;
    const answer = {
      events: isEmpty ? [] : events.slice(page * pageSize, (page + 1) * pageSize),
      ...(!isLast && { nextToken: next }),
    };
    sendJson(response, 200, answer, { 'Content-Type': 'application/x-amz-json-1.1' });
  });
  const polled = new Set<QueryInput>();
  const answerQuery = (target: string, input: object, response: ServerResponse): void => {
    const json = { 'Content-Type': 'application/x-amz-json-1.1' };
    if (target.endsWith('StartQuery')) {
      queries.push(input as QueryInput);
      sendJson(response, 200, { queryId: String(queries.length) }, json);
      return;
    }
    const query = queries[Number((input as { queryId: string }).queryId) - 1];
    if (query === undefined) throw new TypeError('unknown query');
    const isRunning = !polled.has(query);
    polled.add(query);
    const results = isRunning ? [] : runQuery(query, groups);
    sendJson(response, 200, { status: isRunning ? 'Running' : 'Complete', results }, json);
  };
  const logs: CloudwatchLogs = { ...server, groups, requests, regions, queries, fault: undefined };
  return logs;
}

/** What the service makes of the query of GET /runs: a row for each instance and message. */
function runQuery(
  { endTime, logGroupNames, queryString, startTime }: QueryInput,
  groups: ReadonlyMap<string, readonly LogEvent[]>,
): readonly (readonly { readonly field: string; readonly value: string }[])[] {
  const [, runId, list = ''] =
    /^filter runId = "([^"]+)" and message in (\[.+\])\n/.exec(queryString) ?? [];
  const messages: readonly string[] = JSON.parse(list);
  const found = logGroupNames
    .flatMap((name) => groups.get(name) ?? [])
    .filter(({ timestamp }) => timestamp >= startTime * 1_000 && timestamp <= endTime * 1_000)
    .map(({ message, timestamp }) => ({ ...JSON.parse(message), timestamp }))
    .filter((line) => line.runId === runId && messages.includes(line.message))
    .sort((a, b) => a.timestamp - b.timestamp);
  const rows = Map.groupBy(found, ({ instanceId, message }) => `${instanceId} ${message}`);
  return [...rows.values()].map((ofRow) => {
    const last = ofRow.at(-1);
    const at = new Date(last.timestamp).toISOString().replace('T', ' ').replace('Z', '');
    const fields = {
      ...{ instanceId: last.instanceId, message: last.message, at, runTotal: last.total },
      ...{ name: last.instanceName, code: last.errCode, says: last.externalMessage },
      whatToDo: last.advice,
    };
    return Object.entries(fields).flatMap(([field, value]) =>
      value === undefined ? [] : [{ field, value: String(value) }],
    );
  });
}
