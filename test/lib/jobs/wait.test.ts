import { expect, test } from 'vitest';
import { type OnDemandRequest, syncOnDemand } from '../../../lib/http/on-demand.ts';
import { respond } from '../../../lib/http/response.ts';
import { parseFollowMessage } from '../../../lib/queue/message.ts';
import { answer } from '../../fakes/cts-http.ts';
import { deadlineIn } from '../../support/deadline.ts';
import {
  createFollowWorld,
  type FollowWorld,
  type ProcessOptions,
} from '../../support/follow-world.ts';
import { instanceIds } from '../../support/instances.ts';

const ids = instanceIds(4);
const [a = '', b = '', c = '', d = ''] = ids;

/** `POST /sync?wait=…` for the four instances; a duration for each, and who of them fails. */
async function post(
  world: FollowWorld,
  durations: readonly number[],
  {
    failing = [],
    waitMs = 10_000,
    process = {},
    totalMs = 25_000,
    ...rest
  }: Partial<OnDemandRequest> & {
    readonly failing?: readonly string[];
    readonly process?: ProcessOptions;
    readonly totalMs?: number;
  } = {},
) {
  world.huawei.plan = (instanceId) => ({
    durationMs: durations[ids.indexOf(instanceId)] ?? 0,
    ...(failing.includes(instanceId) && { failReason: 'no' }),
  });
  const { app } = world.start({ ...process, instanceIds: ids });
  const startedAt = world.clock.monotonic();
  const request = { runId: 'run-1', trigger: 'http', dryRun: false } as const;
  const result = await world.clock.run(
    syncOnDemand(app, { ...request, waitMs, ...rest }, deadlineIn(totalMs, app.clock)),
  );
  const { body, statusCode } = respond(result);
  const ends = Object.fromEntries(result.results.map((one) => [one.instanceId, one.end]));
  const ms = world.clock.monotonic() - startedAt;
  return { ...result, ends, counts: result.ends, statusCode, body: JSON.parse(body ?? ''), ms };
}

test('answers as soon as every job has ended', async () => {
  const world = createFollowWorld();

  const { counts, ends, ms, statusCode } = await post(world, [100, 900, 2_500, 2_500]);

  expect(statusCode).toBe(200);
  expect(ends).toEqual({ [a]: 'completed', [b]: 'completed', [c]: 'completed', [d]: 'completed' });
  expect(counts).toEqual({ completed: 4, failed: 0, unknown: 0, running: 0 });
  expect(ms).toBeLessThan(3_500);
  expect(world.log.jobEnds.length).toBe(4);
  expect(world.log.endCounts).toEqual([{ completed: 4, failed: 0, unknown: 0 }]);
  expect(world.messages.size).toBe(0);
});

test.each([
  [[b], 207],
  [ids, 502],
])('a failed job of %j makes the answer %d, and comes first', async (failing, expected) => {
  const world = createFollowWorld();

  const { body, statusCode } = await post(world, [100, 100, 100, 100], { failing });

  expect(statusCode).toBe(expected);
  expect(body.ends).toMatchObject({ failed: failing.length, completed: 4 - failing.length });
  expect(body.results[0]).toMatchObject({ instanceId: failing[0], end: 'failed' });
});

const none = { completed: 0, failed: 0, unknown: 0, running: 0 };

test('what runs longer is running in the answer and goes to the follow queue', async () => {
  const world = createFollowWorld();

  const { counts, ends, ms, statusCode } = await post(world, [100, 30_000, 100, 30_000]);

  expect(statusCode).toBe(200);
  expect(ends).toMatchObject({ [a]: 'completed', [b]: 'running', [d]: 'running' });
  expect(counts).toEqual({ completed: 2, failed: 0, unknown: 0, running: 2 });
  expect(ms).toBeGreaterThan(10_000);
  expect(ms).toBeLessThan(10_600);
  const [message] = [...world.messages.values()].map(({ body }) => parseFollowMessage(body));
  expect(message?.round).toBe(1);
  expect(message?.runs[0]?.jobs.map(([instanceId]) => instanceId)).toEqual([b, d]);
  await world.drain();
  expect(world.log.jobEnds.map(({ instanceId }) => instanceId)).toEqual([a, c, b, d]);
});

test('ends within the 25 seconds of the function, whatever the wait and whatever hangs', async () => {
  const world = createFollowWorld();
  world.huawei.fault = ({ url }) => (url.includes('/jobs?') ? answer(503, {}) : undefined);

  const { counts, ms } = await post(world, [60_000], { waitMs: 20_000, totalMs: 22_000 });

  expect(counts?.running).toBe(4);
  expect(ms).toBeLessThan(22_000 - 1_000);
});

test('is unknown if the follow queue does not take the job', async () => {
  const world = createFollowWorld();
  world.refuse = () => true;

  const { counts, results } = await post(world, [100, 60_000, 60_000, 60_000], { waitMs: 2_000 });

  expect(counts).toEqual({ completed: 1, failed: 0, unknown: 3, running: 0 });
  expect(results[1]).toMatchObject({ end: 'unknown', reason: 'refused by the fake' });
  expect(world.log.jobEnds.filter(({ end }) => end === 'unknown').length).toBe(3);
});

test.each([
  ['SYNC_FOLLOW=off', { SYNC_FOLLOW: 'off' }, true, 'SYNC_FOLLOW is off'],
  ['no follow queue', {}, false, 'FOLLOW_QUEUE_URL is not set'],
] as const)('what runs longer is unknown with %s: no log line will follow', async (...args) => {
  const [, env, hasQueue, reason] = args;
  const world = createFollowWorld();
  const process = { env, hasQueue };

  const answer = await post(world, [100, 60_000, 100, 100], { waitMs: 2_000, process });

  expect(answer.counts).toEqual({ completed: 3, failed: 0, unknown: 1, running: 0 });
  const result = { instanceId: b, end: 'unknown', reason: expect.stringContaining(reason) };
  expect(answer.body.results).toContainEqual(expect.objectContaining(result));
  expect(world.log.jobEnds).toContainEqual(expect.objectContaining(result));
  expect(world.messages.size).toBe(0);
});

test('has nothing to wait for when a worker dispatches the fleet', async () => {
  const world = createFollowWorld();
  const process = { env: { SYNC_INLINE_MAX: '1' } };

  const { counts, ms, report: given, statusCode } = await post(world, [], { process });

  expect([statusCode, given.queued, counts]).toEqual([202, 4, none]);
  expect(ms).toBeLessThan(1_000);
});

test('without wait, hands everything over and returns no ends', async () => {
  const world = createFollowWorld();
  const { app } = world.start({ instanceIds: ids });
  const request = { runId: 'run-1', trigger: 'http', dryRun: false } as const;

  const result = await world.clock.run(syncOnDemand(app, request, deadlineIn(25_000, app.clock)));

  expect(result).not.toHaveProperty('ends');
  expect(result.results.filter((one) => 'end' in one)).toEqual([]);
  expect(world.messages.size).toBe(1);
});
