import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Cloud, followDeadLetterQueue, followQueue } from '../../emulator/cloud.ts';
import { jobStatuses } from '../../emulator/ddm-tasks.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { type EventSourceOptions, startEventSource } from '../../emulator/event-source.ts';
import {
  type SessionOptions,
  sample,
  sharePackaged,
  startPackaged,
  startTestCloud,
  taskRoot,
} from '../support/packaged.ts';

type Line = Readonly<Record<string, unknown>>;

/** A scheduled run over an embedded cloud; what it accepted is in the follow queue. */
async function runScheduled(options: SessionOptions) {
  const cloud = await startTestCloud({
    queueSpeed: 300,
    visibilityTimeoutSeconds: 1_080,
    ...options,
  });
  const session = await startPackaged('scheduled', { ...options, cloud });
  await session.invoke({});
  return { cloud, lines: session.lines };
}

/** Runs the packaged follow until its queue is empty. */
async function follow(
  cloud: Cloud,
  env: Readonly<Record<string, string>> = {},
  options: Partial<EventSourceOptions> = {},
) {
  const output: string[] = [];
  const source = startEventSource({
    queueUrl: cloud.followQueueUrl,
    functionName: 'follow',
    worker: {
      taskRoot,
      env: { ...environmentOf(cloud), SYNC_RATE_PER_SECOND: '1000', ...env },
      onLine: (line) => output.push(line),
    },
    maximumConcurrency: 1,
    batchSize: 100,
    batchWindowMs: 50,
    ...options,
  });
  onTestFinished(() => source.stop());
  await vi.waitFor(() => expect(cloud.sqs.messages(followQueue)).toEqual([]), {
    timeout: 40_000,
    interval: 20,
  });
  // Pipes hand on as their reader can: every end, and after the last line of stdout the metrics.
  const isEnd = (line: string): boolean => line.includes('"end":');
  const isError = (line: string): boolean => line.includes('"level":"ERROR"');
  await vi.waitFor(
    () => {
      const { accepted } = cloud.ddm.stats();
      expect(output.filter(isEnd).length).toBeGreaterThanOrEqual(accepted);
      expect(output.findLast((line) => !isError(line))).toMatch(/"_aws".*}$/);
    },
    { timeout: 10_000, interval: 20 },
  );
  await source.stop();
  const lines = output.map((line): Line => JSON.parse(line));
  return {
    lines,
    output,
    source,
    ends: lines.filter(({ end }) => end !== undefined),
    metrics: lines.filter(({ _aws }) => _aws !== undefined),
  };
}

describe('the packaged follow', () => {
  test('logs how the job of every accepted sync ended', async () => {
    const { cloud, lines } = await runScheduled({ instances: 200, jobMs: 50, jobFailShare: 0.1 });
    const accepted = lines().filter(({ status }) => status === 'accepted');

    const { ends, metrics, output } = await follow(cloud);

    expect(ends.length).toBe(200);
    expect(ends.map(({ jobId }) => jobId).sort()).toEqual(
      accepted.map(({ jobId }) => jobId).sort(),
    );
    const failed = ends.filter(({ end }) => end === 'failed');
    expect(failed.length).toBe(20);
    expect(failed[0]).toMatchObject({
      level: 'ERROR',
      message: 'instance sync failed',
      errCode: 'JOB_FAILED',
      externalMessage: 'Failed to connect to data node rds-1.',
      source: 'job',
      trigger: 'schedule',
      runId: accepted[0]?.runId,
      secondsSinceAccepted: expect.any(Number),
    });
    expect(metrics).toMatchObject([{ JobsCompleted: 180, JobsFailed: 20, JobsUnknown: 0 }]);
    expect(metrics[0]).toMatchObject({ service: 'ddm-sync-local' });
    expect(output.join('')).not.toContain([...cloud.iam.tokens][0]?.slice(0, 40));
  });

  test('checks 1,000 jobs with 8 calls, and those that still run again', async () => {
    const { cloud } = await runScheduled({
      instances: 1_000,
      jobMs: 500,
      env: { SYNC_INLINE_MAX: '1000', SYNC_CONCURRENCY: '100' },
    });
    expect(cloud.sqs.messages(followQueue).length).toBe(8);

    const { ends, source } = await follow(cloud, {}, { batchWindowMs: 500 });

    expect(ends.length).toBe(1_000);
    expect(cloud.ddm.tasks.lists / source.stats.batches).toBeLessThanOrEqual(10);
  });

  test('reads the audit log if the job list does not have the jobs', async () => {
    const { cloud } = await runScheduled({
      instances: 30,
      jobMs: 50,
      jobsHidden: true,
      jobFailShare: 0.1,
    });

    const { ends } = await follow(cloud);

    expect(ends.map(({ source }) => source)).toEqual(Array(30).fill('trace'));
    expect(ends.filter(({ end }) => end === 'failed').length).toBe(3);
    expect(cloud.cts.calls()).toBe(1);
  });

  test('with v3 and signed requests too', async () => {
    const env = { AUTH_MODE: 'aksk', DDM_API_VERSION: 'v3' };
    const { cloud } = await runScheduled({ instances: 250, jobMs: 50, auth: 'aksk', env });

    const { ends } = await follow(cloud, env);

    expect(ends.map(({ end, source }) => `${end} ${source}`)).toEqual(
      Array(250).fill('completed trace'),
    );
  });

  test('loses no end to killed processes and a list that fails now and then', async () => {
    const { cloud, lines } = await runScheduled({
      instances: 400,
      jobMs: 200,
      visibilityTimeoutSeconds: 180,
    });
    let asked = 0;
    cloud.ddm.jobsFault = () => {
      asked += 1;
      return asked % 3 === 0 ? { status: 503, body: '' } : undefined;
    };
    let batches = 0;
    const kill = () => {
      batches += 1;
      return batches <= 2;
    };

    const { ends, source } = await follow(cloud, {}, { kill, batchSize: 2, batchWindowMs: 20 });

    expect(source.stats.killed).toBe(2);
    expect(new Set(ends.map(({ instanceId }) => instanceId)).size).toBe(400);
    expect(lines().filter(({ status }) => status === 'accepted').length).toBe(400);
    expect(cloud.sqs.messages(followDeadLetterQueue)).toEqual([]);
  }, 60_000);

  test('a job ends as Completed or Failed, and no other documented status is an end', async () => {
    const { cloud, lines } = await runScheduled({ instances: jobStatuses.length, jobMs: 0 });
    const longAgo = Date.now() - 31 * 60_000; // SYNC_FOLLOW_MINUTES is over
    const jobs = lines()
      .filter(({ status }) => status === 'accepted')
      .map(({ instanceId, jobId }) => [instanceId, jobId, longAgo]);
    for (const [index, status] of jobStatuses.entries()) {
      cloud.ddm.tasks.statuses.set(String(jobs[index]?.[0]), status);
    }
    const session = await startPackaged('follow', { cloud });
    const [record] = sample('follow').Records;
    const body = JSON.stringify({
      round: 1,
      runs: [{ trigger: 'schedule', runId: 'run-1', jobs }],
    });

    await session.invoke({ Records: [{ ...record, body }] });

    const ends = new Map(session.lines().map(({ end, instanceId }) => [instanceId, end]));
    expect(jobStatuses.map((status, index) => [status, ends.get(jobs[index]?.[0])])).toEqual([
      ['Running', 'unknown'],
      ['Completed', 'completed'],
      ['Failed', 'failed'],
      ...jobStatuses.slice(3).map((status) => [status, 'unknown']),
    ]);
  });

  test('drops a malformed message, and needs its queue', async () => {
    const session = await startPackaged('follow', { instances: 1 });
    const { cloud } = session;
    const unset = await startPackaged('follow', { cloud, env: { FOLLOW_QUEUE_URL: '' } });
    const [record] = sample('follow').Records;

    const dropped = await session.invoke({ Records: [{ ...record, body: 'canary' }] });
    const taken = await session.invoke(sample('follow'));
    const wrong = await session.invoke({});
    const missing = await unset.invoke(sample('follow'));

    expect(dropped).toEqual({ ok: true, response: { batchItemFailures: [] } });
    expect(session.lines()[0]).toMatchObject({
      level: 'ERROR',
      message: 'follow message malformed: dropped',
      messageId: record.messageId,
    });
    expect(session.output[0]).not.toContain('canary');
    expect(taken).toEqual({ ok: true, response: { batchItemFailures: [] } });
    expect(wrong).toMatchObject({ ok: false, error: { errorType: 'InvalidEventError' } });
    expect(missing).toMatchObject({ ok: false, error: { errorType: 'ConfigError' } });
  });
});

describe('POST /sync?wait', async () => {
  const session = await sharePackaged('http', { instances: 20, jobMs: 100, jobFailShare: 0.1 });
  const { cloud } = session;
  const post = async (wait: number) => {
    const result = await session.invoke({
      ...sample('http'),
      body: undefined,
      rawQueryString: `wait=${wait}`,
    });
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const { body, statusCode } = result.response as { body: string; statusCode: number };
    return { statusCode, body: JSON.parse(body) };
  };

  test('answers with the ends of the jobs', async () => {
    const { body, statusCode } = await post(5);

    expect([statusCode, body.accepted]).toEqual([207, 20]);
    expect(body.ends).toEqual({ completed: 18, failed: 2, unknown: 0, running: 0 });
    expect(body.results.map(({ end }: { end: string }) => end).slice(0, 3)).toEqual([
      'failed',
      'failed',
      'completed',
    ]);
    expect(session.lines().filter(({ end }) => end !== undefined).length).toBe(20);
    expect(cloud.sqs.messages(followQueue)).toEqual([]);
  });

  test('leaves jobs that run longer to follow', async () => {
    cloud.ddm.tasks.settings.jobMs = 60_000;

    const { body, statusCode } = await post(1);

    expect([statusCode, body.ends.running]).toEqual([200, 20]);
    expect(cloud.sqs.messages(followQueue).length).toBe(1);
  });
});
