import { createHash } from 'node:crypto';
import { adviceFor, classify } from '../../lib/huawei/error-codes.ts';
import { createLog, type Log } from '../../lib/log.ts';
import { createRecorder } from '../../lib/sync/outcomes.ts';
import { createTask } from '../../lib/sync/tasks.ts';
import type { Line } from './read-lines.ts';

/** Minutes before now at which it begins, and at which it ends where it did. */
interface Fault {
  readonly from: number;
  readonly to?: number;
  readonly httpStatus: number;
  readonly errCode: string;
  readonly externalMessage: string;
  /** It goes to the queue, where a worker tries it again until it gives up. */
  readonly isRetried?: boolean;
  /** Positions in the fleet. */
  readonly hits: (index: number) => boolean;
}

const fleetSize = 200;
const instanceIds = Array.from(
  { length: fleetSize },
  (_, index) => `${createHash('sha256').update(`sample ${index}`).digest('hex').slice(0, 32)}in09`,
);
const teams = ['orders', 'billing', 'stock', 'search', 'users'];
const names = new Map(
  instanceIds.map((instanceId, index) => [
    instanceId,
    `${teams[index % teams.length]}-${String(Math.floor(index / teams.length) + 1).padStart(2, '0')}`,
  ]),
);
const place = {
  function_name: 'ddm-sync-prod-scheduled',
  function_arn: 'arn:aws:lambda:eu-central-1:123456789012:function:ddm-sync-prod-scheduled:live',
  ddmEndpoint: 'https://ddm.eu-de.otc.t-systems.com',
  projectId: '619d3e78f61b4be68bc5aa0b59edcf7b',
};

const faults: readonly Fault[] = [
  {
    from: 2_000,
    httpStatus: 400,
    errCode: 'DBS.280001',
    externalMessage: 'Parameter error.',
    hits: (index) => index === 11,
  },
  {
    from: 505,
    httpStatus: 500,
    errCode: 'DBS.300356',
    externalMessage: 'Failed to connect to the data node.',
    isRetried: true,
    hits: (index) => index === 42 || index === 43,
  },
  {
    from: 80,
    httpStatus: 409,
    errCode: 'DBS.200019',
    externalMessage: 'Another operation is in progress on the instance.',
    isRetried: true,
    hits: (index) => index === 97,
  },
  {
    from: 905,
    to: 700,
    httpStatus: 500,
    errCode: 'DBS.200412',
    externalMessage: 'Server failure.',
    hits: (index) => index % 6 === 1,
  },
  {
    from: 400,
    to: 345,
    httpStatus: 429,
    errCode: 'APIGW.0308',
    externalMessage: 'The throttling threshold has been reached.',
    hits: (index) => index % 4 === 2,
  },
];

const runEveryMinutes = 15;
const lastRunMinutes = 4;
const checkedSoFar = 90; // of the last run: follow has not looked at the others yet
const minuteMs = 60_000;
const tokenHours = 24;
const rotateEveryMinutes = 360;

/** A made-up day, written with the log and the recorder that the functions use. */
export async function* sampleLines(now: Date): AsyncGenerator<Line> {
  const lines: string[] = [];
  let at = 0;
  let rotatedAt = now.getTime() - 1_500 * minuteMs;
  const write =
    (level: string) =>
    (message: unknown, ...fields: readonly unknown[]) => {
      const timestamp = new Date(at).toISOString();
      lines.push(JSON.stringify(Object.assign({ level, message, timestamp }, ...fields)));
    };
  const log: Log = {
    ...createLog({ info: write('INFO'), warn: write('WARN'), error: write('ERROR') }),
    report: (report) => write('INFO')('sync run finished', report, place), // and no metrics
  };
  const clock = { monotonic: () => at };

  for (let minutes = 24 * 60 - 11; minutes >= lastRunMinutes; minutes -= runEveryMinutes) {
    at = now.getTime() - minutes * minuteMs;
    if (at - rotatedAt >= rotateEveryMinutes * minuteMs) {
      rotatedAt = at;
      const expiresAt = new Date(at + tokenHours * 60 * minuteMs).toISOString();
      log.notice('token rotated', {
        rotated: true,
        expiresAt,
        hoursLeft: tokenHours,
        parameters: 2,
      });
    }
    const hoursLeft = tokenHours - (at - rotatedAt) / 3_600_000;
    lines.push(JSON.stringify({ _aws: { Timestamp: at }, TokenHoursLeft: hoursLeft }));
    const current = faults.filter(({ from, to = 0 }) => minutes <= from && minutes > to);
    const isSlow = current.some(({ httpStatus }) => httpStatus === 429);
    const recorder = createRecorder(
      { clock, log },
      { runId: runIdOf(minutes), trigger: 'schedule', total: fleetSize, names },
    );
    for (const [index, instanceId] of instanceIds.entries()) {
      const task = { ...createTask(instanceId), attempts: 1, startedAt: at };
      at += (isSlow ? 290 : 50) + ((index * 7 + minutes) % 9);
      const fault = current.find(({ hits }) => hits(index));
      if (minutes === lastRunMinutes && index >= 198) recorder.queued(createTask(instanceId));
      else if (!fault) recorder.accepted(task, `job-${minutes}-${index}`);
      else {
        const failure = { ...fault, retryClass: classify(fault.httpStatus, fault.errCode) };
        if (fault.isRetried) recorder.queued({ ...task, failure });
        else recorder.failed(task, failure);
      }
    }
    log.report(recorder.report());
    at += minuteMs;
    endJobs(log, minutes, current);
    yield* lines.splice(0);
  }
}

function runIdOf(minutes: number): string {
  const hex = createHash('sha256').update(`run ${minutes}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** A minute later: follow has found how the jobs ended, and the worker has given up what it could not sync. */
function endJobs(log: Log, minutes: number, faults: readonly Fault[]): void {
  const checked = minutes === lastRunMinutes ? checkedSoFar : fleetSize;
  for (const [index, instanceId] of instanceIds.slice(0, checked).entries()) {
    const origin = { instanceId, runId: runIdOf(minutes), trigger: 'schedule' } as const;
    const fault = faults.find(({ hits }) => hits(index));
    if (!fault) log.jobResult({ ...origin, end: 'completed', secondsSinceAccepted: 60 });
    else if (fault.isRetried) {
      const { errCode, externalMessage, httpStatus } = fault;
      const advice = adviceFor(httpStatus, errCode);
      const failure = { errCode, externalMessage, httpStatus, ...(advice && { advice }) };
      log.outcome({ ...origin, status: 'failed', ...failure });
    }
  }
}
