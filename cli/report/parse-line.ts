import { type Entry, type Fields, readEntry } from './entry.ts';
import { readNumber, readText, readTime } from './read-field.ts';
import type { Line } from './read-lines.ts';

const nothing: Entry = { kind: 'nothing' };
const unreadable: Entry = { kind: 'unreadable' };

// docs.aws.amazon.com/lambda: the text lines of the platform
const platformText =
  /\b(?:START|END|REPORT) RequestId: |\b(?:INIT|RESTORE)_(?:START|REPORT) |^(?:EXTENSION|TELEMETRY|LOGS|XRAY)\b/;
const invocationEnd = /(Task timed out after [\d.]+ seconds)|(Runtime exited[^{]{0,100})/;
const leadingTime = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/;

/** What a line says: the logger's JSON, alone or behind what an export puts before it, or Lambda's own. */
export function parseLine(line: Line): Entry {
  if (line === undefined) return unreadable;
  const start = line.indexOf('{');
  const fields = start === -1 ? undefined : parseObject(start === 0 ? line : line.slice(start));
  if (fields === undefined) return readPlatformText(line);
  if ('_aws' in fields) return readMetric(fields);
  if (typeof fields.type === 'string' && 'record' in fields) return readPlatform(fields);
  if (fields.errorType !== undefined) return readError(fields, timeOf(line));
  if (isObject(fields.message)) return readError(fields.message, readTime(fields.timestamp));
  return readEntry(fields);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(text: string): Fields | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(line: string): number | undefined {
  return readTime(leadingTime.exec(line)?.[0]);
}

function readPlatformText(line: string): Entry {
  const [, timedOut, exited] = invocationEnd.exec(line) ?? [];
  const message = readText(timedOut ?? exited);
  const at = timeOf(line);
  if (message !== undefined && at !== undefined) return problem(at, message);
  const isExpected = message !== undefined || line.trim() === '' || platformText.test(line);
  return isExpected ? nothing : unreadable;
}

const hourMs = 3_600_000;

/** The metric TokenHoursLeft is the only line that tells of the token while it is well. */
function readMetric({ _aws, TokenHoursLeft }: Fields): Entry {
  const at = isObject(_aws) ? readNumber(_aws.Timestamp) : undefined;
  const hours = readNumber(TokenHoursLeft);
  if (at === undefined || hours === undefined) return nothing;
  return { kind: 'token', at, expiresAt: at + hours * hourMs, isNew: false };
}

/** Lambda's JSON lines: only the end of an invocation that went wrong says something. */
function readPlatform({ record, time, type }: Fields): Entry {
  const at = readTime(time);
  const status = isObject(record) ? record.status : undefined;
  if (type !== 'platform.report' || at === undefined || status === 'success') return nothing;
  const error = isObject(record) ? readText(record.errorType) : undefined;
  return problem(at, `invocation ended with ${readText(status) ?? '?'}`, error);
}

function readError({ errorMessage, errorType }: Fields, at: number | undefined): Entry {
  if (at === undefined || errorType === undefined) return nothing;
  return problem(at, `invocation failed: ${readText(errorType) ?? '?'}`, readText(errorMessage));
}

function problem(at: number, message: string, reason?: string): Entry {
  return {
    kind: 'problem',
    at,
    level: 'ERROR',
    message,
    reason,
  };
}
