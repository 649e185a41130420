import type { JobResult, Outcome, Report, Status } from '../../lib/log.ts';
import type { Ended } from './cloud/lambda.ts';
import type { Process } from './cloud/process.ts';
import type { StoredMessage } from './cloud/sqs.ts';
import { indexOf } from './huawei/ids.ts';
import type { World } from './world.ts';

/** What the log said of one instance last. */
interface Told {
  status?: Status;
  at: number;
  errCode?: string | undefined;
  /** Since then it should be in a queue. */
  queuedAt?: number | undefined;
}

/** What happened in a world, as its parts tell it; judges what can be judged at once. */
export interface History {
  readonly told: readonly Told[];
  readonly counts: Record<Status | 'reports' | 'warnings' | 'problems' | 'retries', number>;
  /** By error code. */
  readonly failures: ReadonlyMap<string, number>;
  /** Keys of accepted syncs whose end line is missing. */
  readonly unended: ReadonlySet<string>;
  started(runId: string): void;
  ended(process: Process, runId: string, ended: Ended): void;
  timedOut(runId: string): void;
  sent(queue: string, body: string): void;
  stored(name: string, value: string, type: string): void;
  delivered(queue: string, messages: readonly StoredMessage[]): void;
  dead(queue: string, message: StoredMessage): void;
  /** A call to DDM leaves a process that made these. */
  countRate(recent: number[]): void;
  line(level: 'info' | 'warn' | 'error', message: string, fields: object): void;
  outcome(process: Process, outcome: Outcome): void;
  report(process: Process, report: Report): void;
  batch(report: Report): void;
  jobResult(result: JobResult): void;
}

const knownErrors = new Set([
  ...['ParameterError', 'ReadError', 'QueueError', 'UnauthorizedError'],
  ...['RotationError', 'NotAllowedError'],
]);

export function createHistory(world: World): History {
  const { config, journal, plan, scheduler } = world;
  const { event, guard, violate } = journal;
  const told: Told[] = Array.from({ length: plan.fleet }, () => ({ at: -1 }));
  const counts: History['counts'] = {
    ...{ accepted: 0, failed: 0, queued: 0, skipped: 0 },
    ...{ reports: 0, warnings: 0, problems: 0, retries: 0 },
  };
  const failures = new Map<string, number>();
  const seen = new Map<Process, Map<string, Set<string>>>();
  const accepted = new Map<Process, string[]>();
  const unended = new Set<string>();
  const ends = new Set<string>();
  const limit = Math.max(1, Math.ceil(config.syncRatePerSecond));

  const line: History['line'] = (level, message, fields) => {
    const text = `${level} ${message} ${JSON.stringify(fields)}`;
    guard('a log line', text);
    event(text);
    if (level === 'warn') counts.warnings += 1;
    if (level === 'error') counts.problems += 1;
  };

  const checkSum = (report: Report): void => {
    const sum = report.accepted + report.failed + report.queued + report.skipped;
    if (sum !== report.total) violate('adds-up', `the counts of ${report.runId} add up to ${sum}`);
  };

  /** The instances that a process told an outcome of, for a run. */
  const idsOf = (process: Process, runId: string): Set<string> => {
    const runs = seen.get(process) ?? new Map<string, Set<string>>();
    const ids = runs.get(runId) ?? new Set();
    seen.set(process, runs);
    runs.set(runId, ids);
    return ids;
  };

  const noteFollowed = (process: Process, outcome: Outcome): void => {
    const keys = accepted.get(process) ?? [];
    accepted.set(process, keys);
    keys.push(keyOf(outcome));
  };

  return {
    told,
    counts,
    failures,
    unended,
    started: (runId) => event(`> ${runId}`),
    ended: (process, runId, ended) => {
      event(`< ${runId} ${describe(ended)}`);
      seen.delete(process);
      if (ended.kind !== 'crash') {
        for (const key of accepted.get(process) ?? []) if (!ends.has(key)) unended.add(key);
      }
      accepted.delete(process);
      if (ended.kind !== 'error') return;
      const { message, name } = toError(ended.error);
      guard(`the error of ${runId}`, message);
      if (!knownErrors.has(name)) violate('errors', `${runId} failed with ${name}: ${message}`);
    },
    timedOut: (runId) => violate('deadline', `Lambda cut off ${runId}`),
    sent: (queue, body) => {
      guard(`a message of ${queue}`, body);
      event(`${queue} << ${body}`);
    },
    stored: (name, value, type) => {
      const isToken = /\/token(\/\d+)?$/.test(name) && type === 'SecureString';
      if (!isToken) guard(`parameter ${name}`, value);
      event(`parameter ${name} written`);
    },
    delivered: (queue, messages) => {
      const ids = messages.map(({ id, receiveCount }) => `${id}#${receiveCount}`);
      event(`${queue} >> ${ids.join(' ')}`);
    },
    dead: (queue, message) => {
      event(`${queue}: dead: ${message.id} ${message.body}`);
      judgeDead(world, queue, message);
    },
    countRate: (recent) => {
      const now = scheduler.now();
      while ((recent[0] ?? now) <= now - 1_000) recent.shift();
      recent.push(now);
      if (recent.length > limit) violate('rate', `${recent.length} calls within a second`);
    },
    line,
    outcome: (process, outcome) => {
      line('info', 'outcome', outcome);
      const { errCode = '', instanceId, jobId, runId, status } = outcome;
      counts[status] += 1;
      if (status === 'failed') failures.set(errCode, (failures.get(errCode) ?? 0) + 1);
      const index = indexOf(instanceId);
      const at = scheduler.now();
      const of = told[index];
      const queuedAt = status === 'queued' ? at : undefined;
      if (of) Object.assign(of, { status, at, errCode, queuedAt });
      const ids = idsOf(process, runId);
      if (ids.has(instanceId) && runId.startsWith('scheduled')) {
        violate('adds-up', `${runId} has two outcomes for instance ${index}`, index);
      }
      ids.add(instanceId);
      if (status !== 'accepted') return;
      if (jobId !== undefined && !isJobOf(world, jobId, index)) {
        violate('claimed', `${runId} logged ${jobId} as accepted for instance ${index}`, index);
      }
      if (config.syncFollow) noteFollowed(process, outcome);
    },
    report: (process, report) => {
      line('info', 'report', report);
      counts.reports += 1;
      checkSum(report);
      const { size } = idsOf(process, report.runId);
      if (report.runId.startsWith('scheduled') && size !== report.total) {
        violate('adds-up', `${report.runId} has ${size} outcomes for ${report.total} instances`);
      }
      // Left to a worker by one message.
      if (size === 0 && report.queued > 0) for (const of of told) of.queuedAt ??= scheduler.now();
    },
    batch: (report) => {
      line('info', 'batch', report);
      checkSum(report);
    },
    jobResult: (result) => {
      line('info', 'end', result);
      const key = keyOf(result);
      ends.add(key);
      unended.delete(key);
    },
  };
}

function keyOf({
  instanceId,
  jobId,
  runId,
  trigger,
}: Pick<Outcome, 'instanceId' | 'runId' | 'trigger' | 'jobId'>): string {
  return `${trigger} ${runId} ${instanceId} ${jobId}`;
}

function isJobOf({ ddm }: World, jobId: string, index: number): boolean {
  return ddm.jobs[Number(jobId.slice('job-'.length))]?.index === index;
}

function judgeDead(world: World, queue: string, message: StoredMessage): void {
  const { body, calls, crashes, isDone } = message;
  const { config, faults, journal } = world;
  // A batch that fails as a whole is delivered again twice, for the alarm, before its messages are sent anew.
  if (isDone || crashes >= config.syncMaxReceives - 2) return;
  const isBroken = instancesIn(world, body).some((index) => faults.isBroken(index));
  const index = instanceIn(body);
  const hadItsTurns = index === undefined || calls + crashes >= config.syncMaxReceives;
  if (isBroken && hadItsTurns) return;
  const of = isBroken ? 'a broken instance' : 'healthy instances';
  const turns =
    index === undefined ? '' : `, called in ${calls} of ${config.syncMaxReceives} receives`;
  journal.violate(
    'dead',
    `${queue}: a message about ${of} died${turns}, ${crashes} crashes`,
    index,
  );
}

/** The instances that a message is about; those with the data node, where it is about one. */
export function instancesIn({ nodes }: World, body: string): readonly number[] {
  const index = instanceIn(body);
  if (index !== undefined) return [index];
  const node = /"dataNodeId":"(\w{36})"/.exec(body)?.[1];
  return node === undefined ? [] : nodes.ownersOf(indexOf(node));
}

/** The instance that a message is about. */
export function instanceIn(body: string): number | undefined {
  const id = /"instanceId":"(\w{36})"/.exec(body)?.[1];
  return id === undefined ? undefined : indexOf(id);
}

function describe(ended: Ended): string {
  if (ended.kind === 'crash') return 'CRASHED';
  if (ended.kind === 'answer') return `${JSON.stringify(ended.value)?.slice(0, 200)}`;
  const { message, name } = toError(ended.error);
  return `FAILED ${name}: ${message}`;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
