import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { parseConfig } from '../../../lib/config.ts';
import { createDeadline } from '../../../lib/deadline.ts';
import { describeRun } from '../../../lib/http/run-status.ts';
import { startCloudwatchLogs } from '../../fakes/cloudwatch-logs.ts';

const logs = await startCloudwatchLogs();
afterAll(() => logs.close());
const prefix = '/aws/lambda/ddm-sync-prod';
const config = parseConfig({
  DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
  DDM_PROJECT_ID: 'project',
  PARAMETER_PREFIX: '/ddm-sync/test',
  LOG_GROUP_PREFIX: prefix,
});
const clock = { ...systemClock, sleep: async () => {} };

beforeEach(() => {
  logs.groups.clear();
  logs.fault = undefined;
  const aws = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  const env = { ...aws, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});

async function describe(runId: string, hours = 24) {
  using deadline = createDeadline({ clock: systemClock, totalMs: 25_000, reserveMs: 5_000 });
  return await describeRun({ clock, config }, { runId, hours }, deadline);
}

/** Lines of a function, some seconds ago. */
function put(name: string, secondsAgo: number, lines: readonly object[]): void {
  const group = `${prefix}-${name}`;
  const timestamp = Date.now() - secondsAgo * 1_000;
  const events = lines.map((line) => ({ timestamp, message: JSON.stringify(line) }));
  logs.groups.set(group, [...(logs.groups.get(group) ?? []), ...events]);
}

function outcome(status: string, instanceId: string, rest: object = {}): object {
  return { message: `instance sync ${status}`, instanceId, runId: 'run-1', ...rest };
}

const finished = (total: number) => ({ message: 'sync run finished', runId: 'run-1', total });

test('is not done while instances are in the queue, and believes a worker that was faster', async () => {
  put('worker', 60, [outcome('accepted', 'i-1')]);
  put('http', 50, [outcome('queued', 'i-1'), outcome('queued', 'i-2')]);
  put('http', 49, [finished(2)]);

  const waiting = await describe('run-1');
  put('worker', 9, [outcome('failed', 'i-2', { errCode: 'DBS.200019', instanceName: 'shop' })]);
  put('follow', 5, [outcome('completed', 'i-1')]);
  const done = await describe('run-1', 1);

  expect(waiting).toMatchObject({ isDone: false, total: 2, counts: { accepted: 1, queued: 1 } });
  expect(done).toMatchObject({ isDone: true, counts: { completed: 1, failed: 1, queued: 0 } });
  const found = done.results.map(({ at: _, ...rest }) => rest);
  expect(found).toEqual([
    { instanceId: 'i-2', status: 'failed', errCode: 'DBS.200019', instanceName: 'shop' },
    { instanceId: 'i-1', status: 'completed' },
  ]);
});

test.each([
  ['its report is not in the log', [outcome('accepted', 'i-1')]],
  ['the log does not have all of its instances', [outcome('accepted', 'i-1'), finished(2)]],
])('is not done as long as %s', async (_, lines) => {
  put('scheduled', 60, lines);

  expect(await describe('run-1')).toMatchObject({ isDone: false, counts: { accepted: 1 } });
});

test('names 1,000 instances, those that failed first, and says how many it left out', async () => {
  const accepted = Array.from({ length: 1_200 }, (_, n) => outcome('accepted', `i-${n}`));
  put('scheduled', 60, [...accepted, outcome('failed', 'i-1200'), finished(1_201)]);

  const { counts, results, resultsOmitted } = await describe('run-1');

  expect(results[0]).toMatchObject({ instanceId: 'i-1200', status: 'failed' });
  expect([results.length, resultsOmitted]).toEqual([1_000, 201]);
  expect(counts).toMatchObject({ accepted: 1_200, failed: 1 });
});

test.each([
  ['404 for a run that the log does not have', 404, 'NOT_FOUND', () => {}],
  [
    '404 for one whose lines are older than the hours that are asked for',
    ...[404, 'NOT_FOUND', () => put('http', 3_700, [outcome('accepted', 'i-1')])],
  ],
  [
    '503 for one with more rows than a query returns',
    503,
    'TOO_LARGE',
    () => {
      const lines = Array.from({ length: 10_000 }, (_, n) => outcome('accepted', `i-${n}`));
      put('http', 60, lines);
    },
  ],
  [
    '503 when the log refuses',
    503,
    'UNAVAILABLE',
    () => {
      logs.fault = 'LimitExceededException';
    },
  ],
] as [string, number, string, () => void][])('answers %s', async (_, statusCode, code, prepare) => {
  prepare();

  await expect(describe('run-1', 1)).rejects.toMatchObject({ statusCode, code });
});
