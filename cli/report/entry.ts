import type { Report, Status } from '../../lib/sync/outcomes.ts';
import { readCount, readNumber, readText, readTime } from './read-field.ts';

/** How a line says an instance's sync went; the last two come from following its job. */
export type SyncStatus = Status | 'completed' | 'unknown';

export interface OutcomeEntry {
  readonly kind: 'outcome';
  /** Epoch ms. */
  readonly at: number;
  readonly instanceId: string;
  readonly status: SyncStatus;
  readonly runId: string;
  readonly errCode: string | undefined;
  readonly httpStatus: number | undefined;
  readonly externalMessage: string | undefined;
  readonly advice: string | undefined;
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

/** What a line says; `unreadable` is neither the logger's nor Lambda's. */
export type Entry =
  | OutcomeEntry
  | ReportEntry
  | TokenEntry
  | ProblemEntry
  | { readonly kind: 'nothing' | 'unreadable' };

export type Fields = Readonly<Record<string, unknown>>;

const nothing: Entry = { kind: 'nothing' };
const unreadable: Entry = { kind: 'unreadable' };

const statuses: ReadonlyMap<unknown, SyncStatus> = new Map(
  (['accepted', 'failed', 'queued', 'skipped', 'completed', 'unknown'] as const).map((status) => [
    `instance sync ${status}`,
    status,
  ]),
);

/** What a line of the logger says. */
export function readEntry(fields: Fields): Entry {
  const at = readTime(fields.timestamp);
  const { message } = fields;
  if (at === undefined || typeof message !== 'string') return unreadable;
  const status = statuses.get(message);
  if (status !== undefined) return readOutcome(fields, at, status);
  if (message === 'sync run finished') return readReport(fields, at, 'run');
  if (message === 'sync batch finished') return readReport(fields, at, 'batch');
  if (message === 'instance sync retried') return nothing;
  if (message.startsWith('token ') && 'expiresAt' in fields) {
    return readToken(fields, at, message === 'token rotated');
  }
  const { level } = fields;
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

function readToken(fields: Fields, at: number, isNew: boolean): Entry {
  const expiresAt = readTime(fields.expiresAt);
  return expiresAt === undefined ? unreadable : { kind: 'token', at, expiresAt, isNew };
}
