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
  /** An error type to answer with. */
  fault: string | undefined;
}

interface FilterInput {
  readonly logGroupName?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly nextToken?: string;
}

const pageSize = 100;

/** CloudWatch Logs' JSON protocol as far as FilterLogEvents goes.. */
export async function startCloudwatchLogs(): Promise<CloudwatchLogs> {
  const groups = new Map<string, readonly LogEvent[]>();
  const requests: FilterInput[] = [];
  const regions: string[] = [];

  const server = await startCloudServer(async (request, response) => {
    const input: FilterInput = JSON.parse(await readBody(request));
    const refuse = (type: string): void =>
      sendJson(response, 400, { __type: type, message: `${type} of the test\nsecond line` });
    if (request.headers['x-amz-target'] !== 'Logs_20140328.FilterLogEvents') {
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
  const logs: CloudwatchLogs = { ...server, groups, requests, regions, fault: undefined };
  return logs;
}
