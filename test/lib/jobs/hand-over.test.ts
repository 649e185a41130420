import { expect, test } from 'vitest';
import type { Queue } from '../../../lib/aws/queue.ts';
import { followAccepted } from '../../../lib/jobs/hand-over.ts';
import { createFakeDdmHttp } from '../../fakes/ddm-http.ts';
import { createFakeQueue } from '../../fakes/queue.ts';
import { createTestApp } from '../../support/app.ts';
import { deadlineIn } from '../../support/deadline.ts';
import { runFollowed } from '../../support/follow-world.ts';
import { instanceIds } from '../../support/instances.ts';

const hanging: Queue = {
  sendBatch: () => new Promise(() => {}),
  size: () => new Promise(() => {}),
  delayBatch: async () => ({ failed: [] }),
};

async function run(count: number, remainingMs: number, followQueue: Queue) {
  const ids = instanceIds(count);
  const app = createTestApp({
    http: (clock) => createFakeDdmHttp(clock, () => undefined),
    followQueue,
    env: { SYNC_RATE_PER_SECOND: '50', SYNC_INLINE_MAX: '100000' },
    parameters: {
      fleet: async () => ({ instanceIds: ids, malformed: [], duplicates: 0, notRunning: [] }),
    },
  });
  const request = { runId: 'run-1', trigger: 'schedule', dryRun: false } as const;
  const { report } = await app.clock.run(runFollowed(app, request, remainingMs));
  return { app, report, ms: app.clock.monotonic() };
}

test('a follow queue that hangs costs no run its deadline, and no accepted sync its end line', async () => {
  const { app, ms, report } = await run(5_000, 30_000, hanging);

  expect(report.total).toBe(5_000);
  expect(report.accepted).toBeGreaterThan(1_000);
  expect(report.accepted + report.queued).toBe(5_000);
  expect(ms).toBeLessThan(30_000 - 100);
  expect(app.log.jobEnds.length).toBe(report.accepted);
  expect(app.log.jobEnds[0]).toMatchObject({
    end: 'unknown',
    reason: 'the queue did not answer in time',
  });
});

test('a follow queue that hangs delays a short run by the time reserve at most', async () => {
  const { app, ms, report } = await run(20, 900_000, hanging);

  expect(report.durationMs).toBeLessThan(1_000);
  expect(ms).toBeLessThan(report.durationMs + 5_100);
  expect(app.log.jobEnds.length).toBe(20);
});

test('a long run hands over page by page, and keeps none of them', async () => {
  const queue = createFakeQueue();

  const { report } = await run(300, 900_000, queue);

  const pages = queue.sent.map(({ message }) =>
    'round' in message ? message.runs.flatMap(({ jobs }) => jobs).length : 0,
  );
  expect(report.accepted).toBe(300);
  expect(pages).toEqual([128, 128, 44]);
  expect(queue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([10, 10, 10]);
});

test('hands over what was accepted when the work ends with an error', async () => {
  const queue = createFakeQueue();
  const app = createTestApp({
    http: () => ({ send: () => new Promise(() => {}), close: () => {} }),
    followQueue: queue,
  });
  const outcome = { instanceId: instanceIds(1)[0] ?? '', trigger: 'http', runId: 'r' } as const;

  const work = async (): Promise<void> => {
    await using followUp = followAccepted(app, deadlineIn(60_000, app.clock));
    followUp.sink({ ...outcome, status: 'failed' });
    followUp.sink({ ...outcome, status: 'accepted', jobId: 'job-1' });
    throw new TypeError('broken');
  };

  await expect(app.clock.run(work())).rejects.toThrow('broken');
  expect(queue.sent.map(({ message }) => message)).toEqual([
    {
      round: 1,
      runs: [
        { runId: 'r', trigger: 'http', jobs: [[outcome.instanceId, 'job-1', app.clock.now()]] },
      ],
    },
  ]);
});
