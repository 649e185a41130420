import { randomUUID } from 'node:crypto';
import type { NewTrace } from './cts.ts';
import { ddmError, isHit } from './ddm-faults.ts';
import type { Answer } from './gateway.ts';

export interface TaskOptions {
  /** Time that the job of an accepted sync takes. @default 300 */
  readonly jobMs?: number;
  /** Share (0 to 1) of the jobs that fail. @default 0 */
  readonly jobFailShare?: number;
  /** The job list does not know the jobs of syncs. @default false */
  readonly jobsHidden?: boolean;
  /** The audit service does not record syncs. @default false */
  readonly tracesHidden?: boolean;
}

/**
 * The statuses of the API reference. Huawei Cloud documents the first three; on Open Telekom Cloud, the job of a shard
 * configuration has the others, too.
 */
export const jobStatuses = [
  'Running',
  'Completed',
  'Failed',
  'Expanding',
  'Canceling',
  'CancelSuccess',
  'Rollbacking',
  'RollbackSuccess',
  'ToBeSwitched',
  'Switching',
] as const;

type JobStatus = (typeof jobStatuses)[number];

interface Task {
  readonly id: string;
  readonly instanceId: string;
  readonly createdAt: number;
  readonly endsAt: number;
  readonly isFailing: boolean;
}

export interface Tasks {
  /** Starts the job of an accepted sync; with v3 neither the answer nor the list has its id. */
  start(instanceId: string, version: 'v1' | 'v3'): string;
  /** `GET /v3/{project_id}/jobs` */
  list(query: URLSearchParams): Answer;
  /** The status of an instance's jobs, instead of their own. */
  readonly statuses: Map<string, JobStatus>;
  /** Lists answered so far. */
  lists: number;
  /** As in the options; a test may change them while the cloud runs. */
  readonly settings: { -readonly [Name in keyof TaskOptions]-?: NonNullable<TaskOptions[Name]> };
}

/** The jobs of accepted syncs, and what the audit service records of them. */
export function createTasks(options: TaskOptions, addTrace: (trace: NewTrace) => void): Tasks {
  const { jobFailShare = 0, jobMs = 300, jobsHidden = false, tracesHidden = false } = options;
  const listed: Task[] = [];
  let started = 0;

  const record = ({ createdAt, endsAt, instanceId, isFailing }: Task): void => {
    const about = {
      service_type: 'DDM',
      resource_type: 'instance',
      resource_id: instanceId,
      trace_name: 'synRdsinfo',
    };
    addTrace({ ...about, trace_type: 'ApiCall', time: createdAt });
    const trace_rating = isFailing ? 'warning' : 'normal';
    addTrace({ ...about, trace_type: 'SystemAction', trace_rating, time: endsAt });
  };

  const tasks: Tasks = {
    statuses: new Map(),
    lists: 0,
    settings: { jobFailShare, jobMs, jobsHidden, tracesHidden },
    start: (instanceId, version) => {
      const { settings } = tasks;
      const createdAt = Date.now();
      const endsAt = createdAt + settings.jobMs;
      const isFailing = isHit(settings.jobFailShare, started);
      const task = { id: randomUUID(), instanceId, createdAt, endsAt, isFailing };
      started += 1;
      if (version === 'v1' && !settings.jobsHidden) listed.push(task);
      if (!settings.tracesHidden) record(task);
      return task.id;
    },
    list: (query) => {
      tasks.lists += 1;
      return listTasks(listed, query, tasks.statuses);
    },
  };
  return tasks;
}

const maxAgeMs = 30 * 24 * 3_600_000;

function listTasks(
  tasks: readonly Task[],
  query: URLSearchParams,
  statuses: ReadonlyMap<string, JobStatus>,
): Answer {
  const [from, to] = [readTime(query.get('start_time')), readTime(query.get('end_time'))];
  const offset = Number(query.get('offset') ?? 0);
  const limit = Number(query.get('limit') ?? 10);
  const isWrong = !(from >= Date.now() - maxAgeMs && to >= from && offset >= 0);
  if (isWrong || !(limit >= 1 && limit <= 128)) {
    return ddmError(400, 'DBS.280001', 'Parameter error.');
  }
  const found = tasks.filter(({ createdAt }) => createdAt >= from && createdAt <= to).reverse();
  const jobs = found
    .slice(offset, offset + limit)
    .map((task) => toJob(task, statuses.get(task.instanceId) ?? ownStatus(task)));
  return { status: 200, body: { jobs, offset, limit, total: found.length } };
}

function readTime(text: string | null): number {
  return /^\d{13}$/.test(text ?? '') ? Number(text) : Number.NaN;
}

function ownStatus({ endsAt, isFailing }: Task): JobStatus {
  if (endsAt > Date.now()) return 'Running';
  return isFailing ? 'Failed' : 'Completed';
}

function toJob({ createdAt, endsAt, id, instanceId }: Task, status: JobStatus) {
  const hasEnded = /(Completed|Failed|Success)$/.test(status);
  return {
    id,
    name: 'synchronizeDataNodes', // not documented
    status,
    created_time: formatTime(createdAt),
    end_time: hasEnded ? formatTime(endsAt) : '',
    process: hasEnded ? '' : '50%',
    instance_name: `ddm-${instanceId.slice(0, 8)}`,
    instance_id: instanceId,
    operations: null, // `jobs` in Huawei's SDK
    database_name: null,
    fail_reason: status === 'Failed' ? 'Failed to connect to data node rds-1.' : null,
  };
}

function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+0000`;
}
