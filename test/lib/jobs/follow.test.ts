import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ParameterError } from '../../../lib/errors.ts';
import { parseFollowMessage } from '../../../lib/queue/message.ts';
import { answer } from '../../fakes/cts-http.ts';
import { createRandom } from '../../support/fleet.ts';
import {
  createFollowWorld,
  type FollowWorld,
  type ProcessOptions,
  runFollowed,
} from '../../support/follow-world.ts';
import { instanceIds } from '../../support/instances.ts';

const runId = 'run-1';

/** A scheduled run over the instances; what it accepted goes to the follow queue. */
async function sync(world: FollowWorld, ids: readonly string[], options: ProcessOptions = {}) {
  const { app, death } = world.start({ ...options, instanceIds: ids });
  const request = { runId, trigger: 'schedule', dryRun: false } as const;
  const config = { ...app.config, syncInlineMax: 100_000 };
  return world.clock.run(Promise.race([runFollowed({ ...app, config }, request, 900_000), death]));
}

function isList(url: string): boolean {
  return url.includes('/jobs?');
}
function isTraces(url: string): boolean {
  return url.includes('/traces?');
}

/** Messages in the queue with the seconds until they are visible. */
function waiting({ clock, messages }: FollowWorld) {
  return [...messages.values()].map(({ body, visibleAt }) => ({
    message: parseFollowMessage(body),
    seconds: (visibleAt - clock.monotonic()) / 1_000,
  }));
}

function endsOf({ log }: FollowWorld) {
  return log.jobEnds.map(({ end, instanceId, source }) => [instanceId, end, source]);
}

const [a = '', b = '', c = ''] = instanceIds(3);

describe('the end of an accepted sync', () => {
  test("is one line: completed, or failed with DDM's reason and advice", async () => {
    const world = createFollowWorld();
    const secretLike = 'k'.repeat(60);
    world.huawei.plan = (instanceId) => ({
      durationMs: 5_000,
      ...(instanceId === b && { failReason: `no route\nto host ${secretLike}` }),
    });
    await sync(world, [a, b]);

    await world.drain();

    expect(world.log.jobEnds).toEqual([
      {
        instanceId: a,
        jobId: world.huawei.jobs[0]?.id,
        runId,
        trigger: 'schedule',
        end: 'completed',
        source: 'job',
        secondsSinceAccepted: expect.any(Number),
      },
      expect.objectContaining({
        instanceId: b,
        end: 'failed',
        source: 'job',
        errCode: 'JOB_FAILED',
        externalMessage: 'no route to host [redacted]',
        advice: expect.stringContaining('DDM console'),
      }),
    ]);
    expect(world.log.jobEnds[0]?.secondsSinceAccepted).toBeGreaterThanOrEqual(10);
    expect(world.log.endCounts).toEqual([{ completed: 1, failed: 1, unknown: 0 }]);
  });

  test('is checked after 10 seconds, and then at growing intervals', async () => {
    const world = createFollowWorld();
    world.huawei.plan = () => ({ durationMs: 600_000 });
    await sync(world, [a]);
    const first = waiting(world);

    await world.drain();

    expect(first).toMatchObject([{ message: { round: 1 }, seconds: expect.closeTo(10, 0) }]);
    // 10 + 20 + 40 + 80 + 160 + 300 s: the sixth look comes after 610 s.
    expect(world.huawei.urls.filter(isList).length).toBe(6);
    expect(world.log.jobEnds).toMatchObject([{ end: 'completed' }]);
    expect(world.log.jobEnds[0]?.secondsSinceAccepted).toBeLessThan(630);
  });

  test('treats an unknown status as running', async () => {
    const world = createFollowWorld();
    let lists = 0;
    world.huawei.fault = ({ url }) => {
      if (!isList(url)) return undefined;
      lists += 1;
      const { id } = world.huawei.jobs[0] ?? {};
      return lists > 3 ? undefined : answer(200, { jobs: [{ id, status: 'Paused' }], total: 1 });
    };
    await sync(world, [a]);

    await world.drain();

    expect(lists).toBe(4);
    expect(endsOf(world)).toEqual([[a, 'completed', 'job']]);
  });

  test('comes from the audit log if the job list does not have the job after two checks', async () => {
    const world = createFollowWorld();
    world.huawei.jobsHidden = true;
    world.huawei.plan = (instanceId) => ({
      durationMs: 5_000,
      ...(instanceId === b && { failReason: 'no' }),
    });
    await sync(world, [a, b, c]);

    await world.drain();

    expect(endsOf(world)).toEqual([
      [a, 'completed', 'trace'],
      [b, 'failed', 'trace'],
      [c, 'completed', 'trace'],
    ]);
    expect(world.huawei.urls.filter(isList).length).toBe(2);
    expect(world.huawei.urls.filter(isTraces).length).toBe(1);
  });

  test('comes from the audit log with v3, which gives no job id; the job list is not read', async () => {
    const world = createFollowWorld();
    const env = { DDM_API_VERSION: 'v3' };
    await sync(world, [a, b], { env });

    await world.drain({ env });

    expect(endsOf(world)).toEqual([
      [a, 'completed', 'trace'],
      [b, 'completed', 'trace'],
    ]);
    expect(world.log.jobEnds[0]).not.toHaveProperty('jobId');
    expect(world.huawei.urls.filter(isList)).toEqual([]);
  });

  test('is never taken from the trace of the request, or of an earlier sync', async () => {
    const world = createFollowWorld();
    world.huawei.jobsHidden = true;
    world.huawei.plan = () => ({ durationMs: 1_000 });
    world.huawei.start(a);
    await world.clock.run(world.clock.sleep(60_000));
    world.huawei.plan = () => ({ durationMs: 3_600_000 });
    await sync(world, [a]);

    await world.drain({ env: { SYNC_FOLLOW_MINUTES: '5' } });

    expect(endsOf(world)).toEqual([[a, 'unknown', undefined]]);
  });

  test('is unknown, without a warning, if neither source reports it in time', async () => {
    const world = createFollowWorld();
    world.huawei.jobsHidden = true;
    world.huawei.tracesHidden = true;
    await sync(world, [a, b]);

    await world.drain({ env: { SYNC_FOLLOW_MINUTES: '12' } });

    expect(world.log.jobEnds).toMatchObject([
      { instanceId: a, end: 'unknown', reason: expect.stringContaining('SYNC_FOLLOW_MINUTES') },
      { instanceId: b, end: 'unknown' },
    ]);
    for (const { secondsSinceAccepted } of world.log.jobEnds) {
      expect(secondsSinceAccepted).toBeGreaterThanOrEqual(720);
      expect(secondsSinceAccepted).toBeLessThan(725);
    }
    expect([...world.log.warnings, ...world.log.problems]).toEqual([]);
  });

  test('is unknown without an audit service', async () => {
    const world = createFollowWorld();
    const env = { DDM_API_VERSION: 'v3', DDM_ENDPOINT: 'http://127.0.0.1:9' };
    await sync(world, [a], { env });

    await world.drain({ env });

    expect(endsOf(world)).toEqual([[a, 'unknown', undefined]]);
    expect(world.huawei.urls.filter(isTraces)).toEqual([]);
  });
});

describe('a check', () => {
  test('of 1,000 jobs costs 8 calls, shared by all messages of the batch', async () => {
    const world = createFollowWorld();
    world.huawei.plan = () => ({ durationMs: 45_000 });
    const ids = instanceIds(1_000);
    await sync(world, ids);
    const sent = world.messages.size;

    const batches = await world.drain();

    expect(sent).toBe(8);
    expect(batches).toBe(3);
    expect(world.huawei.urls.filter(isList).length).toBe(3 * 8);
    expect(world.log.jobEnds.map(({ instanceId }) => instanceId).sort()).toEqual(ids);
    expect(world.log.endCounts).toEqual([{ completed: 1_000, failed: 0, unknown: 0 }]);
  });

  test('stops paging when all its jobs were seen', async () => {
    const world = createFollowWorld();
    await sync(world, [a]);
    for (const id of instanceIds(1_000, 10)) world.huawei.start(id);

    await world.drain();

    expect(world.huawei.urls.filter(isList).length).toBe(1);
  });

  test('merges the open jobs of several messages', async () => {
    const world = createFollowWorld();
    const ids = instanceIds(384);
    world.huawei.plan = (id) => ({ durationMs: ids.indexOf(id) % 4 === 0 ? 60_000 : 1_000 });
    await sync(world, ids);
    const first = waiting(world);
    let left: ReturnType<typeof waiting> = [];
    world.huawei.fault = () => {
      const second = waiting(world).filter(({ message }) => message?.round === 2);
      if (second.length > 0) left = second;
      return undefined;
    };

    await world.drain();

    expect(first.map(({ message }) => message?.runs[0]?.jobs.length)).toEqual([128, 128, 128]);
    expect(left.map(({ message }) => message?.runs[0]?.jobs.length)).toEqual([96]);
    expect(world.log.jobEnds.length).toBe(384);
  });

  test.each([
    ['throttled', () => answer(429, { error_code: 'APIGW.0308', error_msg: 'slow down' })],
    ['out of order', () => answer(503, {})],
    ['not as documented', () => answer(200, { tasks: [] })],
  ])('keeps every job when the list is %s, with one warning', async (_, fail) => {
    const world = createFollowWorld();
    let isBroken = true;
    await sync(world, [a, b]);
    world.huawei.fault = ({ url }) => (isBroken && isList(url) ? fail() : undefined);
    await world.clock.run(world.clock.sleep(11_000));
    const looking = world.drain();
    while (world.log.warnings.length === 0) await new Promise(setImmediate);
    isBroken = false;

    await looking;

    expect(world.log.warnings).toEqual(['sync jobs not checked: the next check tries again']);
    expect(world.log.jobEnds.map(({ end }) => end)).toEqual(['completed', 'completed']);
  });

  test('keeps what it read before the list failed', async () => {
    const world = createFollowWorld();
    const ids = instanceIds(200);
    await sync(world, ids);
    let isBroken = true;
    world.huawei.fault = ({ url }) =>
      isBroken && url.includes('offset=128') ? answer(400, { errCode: 'DBS.280001' }) : undefined;
    await world.clock.run(world.clock.sleep(11_000));
    const looking = world.drain();
    while (world.log.jobEnds.length === 0) await new Promise(setImmediate);
    const early = world.log.jobEnds.length;
    isBroken = false;

    await looking;

    expect(early).toBe(128);
    expect(world.log.jobEnds.length).toBe(200);
  });

  test('reads the audit log if the job list refuses to answer', async () => {
    const world = createFollowWorld();
    await sync(world, [a]);
    world.huawei.fault = ({ url }) =>
      isList(url) ? answer(404, { error_code: 'APIGW.0101', error_msg: 'no such API' }) : undefined;

    await world.drain();

    expect(endsOf(world)).toEqual([[a, 'completed', 'trace']]);
  });

  test('gives up in the end with a dead token: one warning per check, and no call to the audit log', async () => {
    const world = createFollowWorld();
    await sync(world, [a, b]);
    world.huawei.fault = () => answer(401, { error_code: 'APIGW.0307', error_msg: 'dead' });
    world.huawei.urls.length = 0;

    const looks = await world.drain({ env: { SYNC_FOLLOW_MINUTES: '3' } });

    expect(world.log.warnings.length).toBe(looks);
    expect(world.huawei.urls.length).toBe(looks);
    expect(world.log.jobEnds.map(({ end }) => end)).toEqual(['unknown', 'unknown']);
  });

  test('continues after the parameter store could not be read', async () => {
    const world = createFollowWorld();
    await sync(world, [a]);
    let reads = 0;
    const secret = async () => {
      reads += 1;
      if (reads === 1) throw new ParameterError('SSM_UNAVAILABLE', 'token', 'no token');
      return { token: 'a-token-of-the-test' };
    };

    await world.drain({ secret });

    expect(world.log.warnings.length).toBe(1);
    expect(endsOf(world)).toEqual([[a, 'completed', 'job']]);
  });

  test('stops paging through a list that always returns the same page', async () => {
    const world = createFollowWorld();
    world.huawei.tracesHidden = true;
    const jobs = [null, { id: 7 }, { id: 'other', status: 'Running' }];
    world.huawei.fault = ({ url }) => (isList(url) ? answer(200, { jobs }) : undefined);
    await sync(world, [a]);

    const looks = await world.drain({ env: { SYNC_FOLLOW_MINUTES: '1' } });

    expect(world.huawei.urls.filter(isList).length).toBe((1 + 8) * looks);
  });

  test('continues after a page of jobs that it has seen already', async () => {
    const world = createFollowWorld();
    const ids = instanceIds(300);
    await sync(world, ids);
    // Newest first: while the first page is read, 128 other jobs push its jobs onto the second one.
    const listed = world.huawei.jobs.map(({ id }) => ({ id, status: 'Completed' }));
    world.huawei.fault = ({ url }) => {
      if (!isList(url)) return undefined;
      const offset = Number(new URL(url).searchParams.get('offset'));
      const from = offset === 0 ? 0 : offset - 128;
      return answer(200, { jobs: listed.slice(from, from + 128), total: 428 });
    };

    const looks = await world.drain();

    expect(looks).toBe(1);
    expect(world.log.jobEnds.map(({ end }) => end)).toEqual(ids.map(() => 'completed'));
  });
});

describe('the follow queue', () => {
  test.each([
    ['text', 'canary-text'],
    ['another message', JSON.stringify({ instanceId: a, trigger: 'http', runId })],
    ['no jobs', '{"round":1,"runs":[]}'],
    ['a round of none', '{"round":0,"runs":[{"runId":"r","trigger":"http","jobs":[]}]}'],
    [
      'a field too many',
      `{"round":1,"x":1,"runs":[{"runId":"r","trigger":"http","jobs":[["${a}",null,1]]}]}`,
    ],
    ['a wrong id', '{"round":1,"runs":[{"runId":"r","trigger":"http","jobs":[["../x",null,1]]}]}'],
  ])('drops a message with %s, by its id', async (_, body) => {
    const world = createFollowWorld();
    await sync(world, [b]);
    world.messages.set('poison', { body, receiveCount: 0, visibleAt: 10_500 });

    await world.drain();

    expect(world.log.problems).toEqual([
      expect.objectContaining({
        message: 'follow message malformed: dropped',
        messageId: 'poison',
        characters: body.length,
      }),
    ]);
    expect(world.log.jobEnds.map(({ instanceId }) => instanceId)).toEqual([b]);
  });

  test('that refuses the jobs of a run: each job gets its line at once, with the reason', async () => {
    const world = createFollowWorld();
    world.refuse = () => true;

    const result = await sync(world, [a, b]);

    expect(result).toMatchObject({ report: { accepted: 2 } });
    expect(world.log.jobEnds).toMatchObject([
      { instanceId: a, end: 'unknown', reason: 'refused by the fake', secondsSinceAccepted: 0 },
      { instanceId: b, end: 'unknown' },
    ]);
    expect(world.log.warnings).toEqual(['sync jobs not followed: the queue did not take them']);
    expect(world.log.endCounts).toEqual([{ completed: 0, failed: 0, unknown: 2 }]);
  });

  test('that refuses the next messages: the old ones come back, and their jobs end with the last delivery', async () => {
    const world = createFollowWorld();
    world.huawei.plan = () => ({ durationMs: 7_200_000 });
    await sync(world, [a, b]);
    world.refuse = () => true;

    const looks = await world.drain({ env: { SYNC_FOLLOW_MINUTES: '720' } });

    expect(looks).toBe(5);
    expect(world.log.jobEnds.map(({ end, reason }) => [end, reason])).toEqual([
      ['unknown', 'refused by the fake'],
      ['unknown', 'refused by the fake'],
    ]);
    expect(world.deadLetters).toEqual([]);
  });

  test('is not used with SYNC_FOLLOW=off', async () => {
    const world = createFollowWorld();

    await sync(world, [a], { env: { SYNC_FOLLOW: 'off' } });

    expect([world.messages.size, world.log.jobEnds.length]).toEqual([0, 0]);
  });

  test('gets pages during a long run, in messages of which ten fit into a call', async () => {
    const world = createFollowWorld();
    const sizes: number[] = [];
    world.refuse = (body) => {
      sizes.push(body.length);
      return false;
    };
    world.huawei.fault = ({ url }) => {
      const instanceId = /instances\/([^/]+)\/rds/.exec(url)?.[1];
      return instanceId ? answer(200, { instanceId, jobId: '\u4e2d'.repeat(256) }) : undefined;
    };

    await sync(world, instanceIds(300));

    const largest = Math.max(
      ...[...world.messages.values()].map(({ body }) => Buffer.byteLength(body)),
    );
    expect(sizes.length).toBeGreaterThan(3);
    expect(largest * 10).toBeLessThan(262_144);
  });
});

describe('whatever happens', () => {
  const missing = ({ log }: FollowWorld): string[] => {
    const ended = new Set(log.jobEnds.map((end) => `${end.runId} ${end.instanceId}`));
    return log.outcomes
      .filter(({ status }) => status === 'accepted')
      .map((outcome) => `${outcome.runId} ${outcome.instanceId}`)
      .filter((pair) => !ended.has(pair));
  };

  test('follow killed at each of its effects in turn loses no end', async () => {
    for (let crashAt = 1; crashAt <= 24; crashAt += 1) {
      const world = createFollowWorld();
      world.huawei.plan = (id) => ({ durationMs: Number.parseInt(id.slice(28, 32), 16) * 700 });
      await sync(world, instanceIds(140));

      await world.drain({ crashes: [crashAt, crashAt, 1, 2] });

      expect(missing(world)).toEqual([]);
      expect(world.deadLetters).toEqual([]);
    }
  });

  test('a run that died at any point and ran again has an end for everything it accepted', async () => {
    for (let crashAt = 1; crashAt <= 16; crashAt += 1) {
      const world = createFollowWorld();
      const ids = instanceIds(7);
      await sync(world, ids, { crashAt });
      await sync(world, ids);

      await world.drain();

      expect(missing(world)).toEqual([]);
    }
  });

  test('every accepted sync has its end, and it is the right one', async () => {
    const scenario = fc.record({
      size: fc.integer({ min: 1, max: 300 }),
      durations: fc.array(fc.integer({ min: 0, max: 2_400_000 }), { minLength: 1, maxLength: 9 }),
      failures: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
      crashes: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }),
      statuses: fc.array(fc.constantFrom(200, 200, 200, 429, 500, 401, 404), {
        minLength: 1,
        maxLength: 7,
      }),
      hidden: fc.record({ jobs: fc.boolean(), traces: fc.boolean() }),
      batchSize: fc.constantFrom(1, 2, 100),
      seed: fc.integer(),
    });

    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const world = createFollowWorld();
        const { huawei } = world;
        const { durations, failures, seed, statuses } = given;
        const pick = <Item>(list: readonly Item[]): Item | undefined =>
          list[huawei.jobs.length % list.length];
        huawei.plan = () => ({
          durationMs: pick(durations) ?? 0,
          ...(pick(failures) && { failReason: 'no' }),
        });
        huawei.jobsHidden = given.hidden.jobs;
        huawei.tracesHidden = given.hidden.traces;
        await sync(world, instanceIds(given.size));
        huawei.fault = () => {
          const status = statuses[huawei.urls.length % statuses.length] ?? 200;
          return status === 200 ? undefined : answer(status, { errCode: 'X' });
        };
        const random = createRandom(seed);
        world.refuse = () => random() < 0.1;

        await world.drain({
          crashes: given.crashes,
          batchSize: given.batchSize,
          redeliver: () => random() < 0.05,
        });

        const dead = world.deadLetters.flatMap((body) => parseFollowMessage(body)?.runs ?? []);
        const deadIds = dead.flatMap(({ jobs }) => jobs.map(([id]) => `${runId} ${id}`));
        expect(missing(world).filter((pair) => !deadIds.includes(pair))).toEqual([]);
        const truth = new Map(huawei.jobs.map((job) => [job.instanceId, job.failReason]));
        for (const { end, instanceId } of world.log.jobEnds) {
          const expected = truth.get(instanceId) ? 'failed' : 'completed';
          expect([expected, 'unknown']).toContain(end);
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
