import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../../../lib/log.ts';
import { createRecorder } from '../../../lib/sync/outcomes.ts';
import { createTask } from '../../../lib/sync/tasks.ts';
import { createFakeClock } from '../../fakes/clock.ts';
import { createFakeRunLog } from '../../fakes/run-log.ts';

const run = { runId: 'run-1', trigger: 'schedule', total: 0 } as const;
const clock = createFakeClock();

test('the counts of any outcomes add up, and every sink is told each of them', () => {
  const outcome = fc.record({
    status: fc.constantFrom('accepted', 'failed', 'queued', 'skipped'),
    errCode: fc.constantFrom('DBS.280001', 'TIMEOUT', '__proto__'),
    attempts: fc.integer({ min: 0, max: 10 }),
  });

  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 300 }), (outcomes) => {
      const log = createFakeRunLog();
      const told: Outcome[] = [];
      const recorder = createRecorder({ clock, log }, run, [(one) => void told.push(one)]);

      for (const { attempts, errCode, status } of outcomes) {
        const task = { ...createTask('i'), attempts, startedAt: 0 };
        if (status === 'failed') recorder.failed(task, { errCode, retryClass: 'permanent' });
        else if (status === 'accepted') recorder.accepted(task, undefined);
        else recorder[status as 'queued' | 'skipped'](task);
      }
      const report = recorder.report();

      const failed = outcomes.filter(({ status }) => status === 'failed');
      expect(report.total).toBe(outcomes.length);
      expect(report.accepted + report.failed + report.queued + report.skipped).toBe(report.total);
      expect(report.failed).toBe(failed.length);
      expect(Object.values(report.errCodes).reduce((sum, count) => sum + count, 0)).toBe(
        failed.length,
      );
      expect(report.attempts).toBe(outcomes.reduce((sum, { attempts }) => sum + attempts, 0));
      expect(told).toEqual(log.outcomes);
      expect(told.map(({ status }) => status)).toEqual(outcomes.map(({ status }) => status));
    }),
  );
});

test('the duration of a run is a whole number of ms', async () => {
  const recorder = createRecorder({ clock, log: createFakeRunLog() }, run);

  await clock.run(clock.sleep(12.6));

  expect(recorder.report().durationMs).toBe(13);
});

test('row 47: stays a short line when every instance fails with a code of its own', () => {
  const recorder = createRecorder({ clock, log: { outcome: () => {}, retry: () => {} } }, run);
  const task = createTask('i');

  for (let index = 0; index < 100_000; index += 1) {
    recorder.failed(task, { errCode: `DBS.${index}`, retryClass: 'permanent' });
  }
  const report = recorder.report();

  expect(JSON.stringify(report).length).toBeLessThan(4_096);
  expect(report.failed).toBe(100_000);
  expect(report.errCodes.OTHER).toBe(99_900);
});

test('says of each outcome what is known, and leaves out what is not', async () => {
  const log = createFakeRunLog();
  const names = new Map([['a', 'shop-01']]);
  const at = createFakeClock();
  const recorder = createRecorder({ clock: at, log }, { ...run, names });
  const begun = { ...createTask('a'), attempts: 2, startedAt: at.monotonic() };
  await at.run(at.sleep(40));

  recorder.accepted(begun, 'job-1');
  recorder.accepted(createTask('b'), undefined);
  recorder.failed(createTask('a'), {
    ...{ errCode: 'DBS.280001', retryClass: 'permanent' },
    ...{ httpStatus: 400, externalMessage: 'Parameter error.' },
  });
  recorder.failed(createTask('b'), { errCode: 'BAD_RESPONSE', retryClass: 'permanent' });
  recorder.failed(createTask('b'), { errCode: 'DBS.99', retryClass: 'permanent', httpStatus: 418 });
  recorder.skipped(createTask('b'));
  recorder.skipped(createTask('a'), 'why');
  recorder.queued(createTask('b'));
  recorder.queued({ ...createTask('b'), failure: { errCode: 'TIMEOUT', retryClass: 'slow' } });
  recorder.retried(begun, { errCode: 'DBS.0308', retryClass: 'throttled', httpStatus: 429 }, 500);

  const [a, b] = [
    { instanceId: 'a', instanceName: 'shop-01', trigger: 'schedule', runId: 'run-1' },
    { instanceId: 'b', trigger: 'schedule', runId: 'run-1' },
  ];
  const advice = expect.any(String);
  expect(log.outcomes).toEqual([
    {
      ...{ ...a, status: 'accepted', httpStatus: 200, jobId: 'job-1' },
      ...{ attempts: 2, durationMs: 40 },
    },
    { ...b, status: 'accepted', httpStatus: 200 },
    {
      ...{ ...a, status: 'failed', errCode: 'DBS.280001', httpStatus: 400 },
      ...{ externalMessage: 'Parameter error.', advice },
    },
    { ...b, status: 'failed', errCode: 'BAD_RESPONSE', advice },
    { ...b, status: 'failed', errCode: 'DBS.99', httpStatus: 418, advice },
    { ...b, status: 'skipped' },
    { ...a, status: 'skipped', externalMessage: 'why' },
    { ...b, status: 'queued' },
    { ...b, status: 'queued', errCode: 'TIMEOUT', advice },
  ]);
  const retry = { instanceId: 'a', runId: 'run-1', attempt: 2, delayMs: 500 };
  expect(log.retries).toEqual([{ ...retry, errCode: 'DBS.0308', httpStatus: 429 }]);
});

test('an error answer without a code of the service is explained by its status', () => {
  const log = createFakeRunLog();
  const recorder = createRecorder({ clock, log }, run);
  const fail = (errCode: string, httpStatus: number): void =>
    recorder.failed(createTask('a'), { errCode, retryClass: 'permanent', httpStatus });

  fail('BAD_RESPONSE', 200);
  fail('BAD_RESPONSE', 403);
  fail('SOMETHING', 403);

  const [answered = {}, refused = {}, coded = {}] = log.outcomes;
  expect(refused).not.toMatchObject({ advice: Reflect.get(answered, 'advice') });
  expect(refused).toMatchObject({ advice: Reflect.get(coded, 'advice') });
});
