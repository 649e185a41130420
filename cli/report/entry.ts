import type { Report, Status } from '../../lib/log.ts';
import type { Cause } from '../failures.ts';
import {
  type Fields,
  isObject,
  parseObject,
  readCount,
  readNumber,
  readText,
  readTime,
} from './fields.ts';
import type { Line } from './read-lines.ts';

/** How a line says an instance's sync went. The last two come from following its job. */
export type SyncStatus = Status | 'completed' | 'unknown';

export interface OutcomeEntry extends Cause {
  readonly kind: 'outcome';
  /** Epoch ms. */
  readonly at: number;
  readonly instanceId: string;
  readonly name: string | undefined;
  readonly status: SyncStatus;
  readonly runId: string;
  readonly jobId: string | undefined;
}

type Counts = Omit<Report, 'runId' | 'trigger' | 'errCodes' | 'caller'>;

export interface ReportEntry extends Counts {
  readonly kind: 'run' | 'batch';
  readonly at: number;
  readonly runId: string;
  readonly trigger: string;
  /** Lambda's id of the invocation. */
  readonly requestId: string;
  readonly place: Place;
}

/** Which deployment wrote a line, as far as the line says. */
export interface Place {
  readonly stage: string | undefined;
  readonly awsRegion: string | undefined;
  readonly ddmEndpoint: string | undefined;
  readonly projectId: string | undefined;
}

export interface TokenEntry {
  readonly kind: 'token';
  readonly at: number;
  readonly expiresAt: number;
  readonly isNew: boolean;
}

export interface ProblemEntry {
  readonly kind: 'problem';
  readonly at: number;
  readonly level: 'WARN' | 'ERROR';
  readonly message: string;
  /** What the line gives as the reason. */
  readonly reason: string | undefined;
}

/** What a line says. `unreadable` comes from neither the logger nor Lambda. */
export type Entry =
  | OutcomeEntry
  | ReportEntry
  | TokenEntry
  | ProblemEntry
  | { readonly kind: 'nothing' | 'unreadable' };

const nothing: Entry = { kind: 'nothing' };
const unreadable: Entry = { kind: 'unreadable' };

/** Reads the logger's JSON, alone or behind what an export puts before it, or a line of Lambda's own. */
export function parseLine(line: Line): Entry {
  if (line === undefined) return unreadable;
  const start = line.indexOf('{');
  const fields = start === -1 ? undefined : parseObject(line.slice(start));
  if (fields === undefined) return readPlatformText(line);
  if ('_aws' in fields) return readMetric(fields);
  if (typeof fields.type === 'string' && 'record' in fields) return readPlatform(fields);
  if (fields.errorType !== undefined) return readError(fields, timeOf(line));
  if (isObject(fields.message)) return readError(fields.message, readTime(fields.timestamp));
  return readLogger(fields);
}

const statuses: ReadonlyMap<unknown, SyncStatus> = new Map(
  (['accepted', 'failed', 'queued', 'skipped', 'completed', 'unknown'] as const).map((status) => [
    `instance sync ${status}`,
    status,
  ]),
);

function readLogger(fields: Fields): Entry {
  const at = readTime(fields.timestamp);
  const { level, message } = fields;
  if (at === undefined || typeof message !== 'string') return unreadable;
  const status = statuses.get(message);
  if (status !== undefined) return readOutcome(fields, at, status);
  if (message === 'sync run finished') return readReport(fields, at, 'run');
  if (message === 'sync batch finished') return readReport(fields, at, 'batch');
  if (message === 'instance sync retried') return nothing;
  if (message.startsWith('token ') && 'expiresAt' in fields) {
    const expiresAt = readTime(fields.expiresAt);
    if (expiresAt === undefined) return unreadable;
    return { kind: 'token', at, expiresAt, isNew: message === 'token rotated' };
  }
  if (level !== 'WARN' && level !== 'ERROR') return nothing;
  const reason = readText(fields.reason) ?? readText(fields.error);
  return { kind: 'problem', at, level, message: readText(message) ?? '', reason };
}

const maxIdCharacters = 128; // a malformed entry of the instance list may be anything

function readOutcome(fields: Fields, at: number, status: SyncStatus): Entry {
  const instanceId = readText(fields.instanceId, maxIdCharacters);
  if (instanceId === undefined) return unreadable;
  return {
    kind: 'outcome',
    at,
    instanceId,
    name: readText(fields.instanceName, 64),
    status,
    runId: readText(fields.runId) ?? '',
    errCode: readText(fields.errCode),
    httpStatus: readNumber(fields.httpStatus),
    externalMessage: readText(fields.externalMessage),
    advice: readText(fields.advice, 512),
    jobId: readText(fields.jobId),
  };
}

function readReport(fields: Fields, at: number, kind: ReportEntry['kind']): Entry {
  const runId = readText(fields.runId);
  if (runId === undefined) return unreadable;
  return {
    kind,
    at,
    runId,
    trigger: readText(fields.trigger) ?? '?',
    requestId: readText(fields.function_request_id) ?? '',
    place: readPlace(fields),
    total: readCount(fields.total),
    accepted: readCount(fields.accepted),
    failed: readCount(fields.failed),
    queued: readCount(fields.queued),
    skipped: readCount(fields.skipped),
    attempts: readCount(fields.attempts),
    throttled: readCount(fields.throttled),
    durationMs: readCount(fields.durationMs),
  };
}

/** What Powertools and the line of a run say of the function and of its settings. */
function readPlace(fields: Fields): Place {
  const [, stage] =
    /^ddm-sync-(.+?)-(?:scheduled|http|worker)$/.exec(text(fields.function_name)) ?? [];
  const [, awsRegion] = /^arn:[\w-]+:lambda:([\w-]+):/.exec(text(fields.function_arn)) ?? [];
  const [ddmEndpoint] = /^https?:\/\/[\w.:-]+$/.exec(text(fields.ddmEndpoint)) ?? [];
  return { stage, awsRegion, ddmEndpoint, projectId: readText(fields.projectId, 64) };
}

function text(value: unknown): string {
  return readText(value) ?? '';
}

const hourMs = 3_600_000;

/** While the token is well, only the metric TokenHoursLeft tells of it. */
function readMetric({ _aws, TokenHoursLeft }: Fields): Entry {
  const at = isObject(_aws) ? readNumber(_aws.Timestamp) : undefined;
  const hours = readNumber(TokenHoursLeft);
  if (at === undefined || hours === undefined) return nothing;
  return { kind: 'token', at, expiresAt: at + hours * hourMs, isNew: false };
}

/** Lambda's JSON lines. Only the end of an invocation that went wrong says something. */
function readPlatform({ record, time, type }: Fields): Entry {
  const at = readTime(time);
  const { errorType, status } = isObject(record) ? record : {};
  if (type !== 'platform.report' || at === undefined || status === 'success') return nothing;
  return error(at, `invocation ended with ${readText(status) ?? '?'}`, readText(errorType));
}

// docs.aws.amazon.com/lambda: the text lines of the platform
const platformText =
  /\b(?:START|END|REPORT) RequestId: |\b(?:INIT|RESTORE)_(?:START|REPORT) |^(?:EXTENSION|TELEMETRY|LOGS|XRAY)\b/;
const invocationEnd = /(Task timed out after [\d.]+ seconds)|(Runtime exited[^{]{0,100})/;

function readPlatformText(line: string): Entry {
  const [, timedOut, exited] = invocationEnd.exec(line) ?? [];
  const message = readText(timedOut ?? exited);
  const at = timeOf(line);
  if (message !== undefined && at !== undefined) return error(at, message);
  const isExpected = message !== undefined || line.trim() === '' || platformText.test(line);
  return isExpected ? nothing : unreadable;
}

function readError({ errorMessage, errorType }: Fields, at: number | undefined): Entry {
  if (at === undefined || errorType === undefined) return nothing;
  return error(at, `invocation failed: ${readText(errorType) ?? '?'}`, readText(errorMessage));
}

function error(at: number, message: string, reason?: string): ProblemEntry {
  return { kind: 'problem', at, level: 'ERROR', message, reason };
}

const leadingTime = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/;

function timeOf(line: string): number | undefined {
  return readTime(leadingTime.exec(line)?.[0]);
}
