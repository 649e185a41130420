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
