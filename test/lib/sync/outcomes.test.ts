import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSummary, type Outcome, type Status } from '../../../lib/sync/outcomes.ts';

const base = { instanceId: 'i', trigger: 'schedule', runId: 'run-1' } as const;

test('the counts of any outcomes add up', () => {
  const outcome = fc.record({
    status: fc.constantFrom<Status>('accepted', 'failed', 'queued', 'skipped'),
    errCode: fc.constantFrom('DBS.280001', 'TIMEOUT', '__proto__'),
    attempts: fc.integer({ min: 0, max: 10 }),
  });

  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 300 }), (outcomes) => {
      const summary = createSummary({ runId: 'run-1', trigger: 'schedule' });

      for (const fields of outcomes) summary.add({ ...base, ...fields });
      const report = summary.finish(12.6);

      const failed = outcomes.filter(({ status }) => status === 'failed');
      expect(report.total).toBe(outcomes.length);
      expect(report.accepted + report.failed + report.queued + report.skipped).toBe(report.total);
      expect(report.failed).toBe(failed.length);
      expect(Object.values(report.errCodes).reduce((sum, count) => sum + count, 0)).toBe(
        failed.length,
      );
      expect(report.attempts).toBe(outcomes.reduce((sum, { attempts }) => sum + attempts, 0));
      expect(report.durationMs).toBe(13);
    }),
  );
});

test('row 47: stays a short line when every instance fails with a code of its own', () => {
  const summary = createSummary({ runId: 'run-1', trigger: 'schedule' });
  const fail = (index: number): Outcome => ({ ...base, status: 'failed', errCode: `DBS.${index}` });

  for (let index = 0; index < 100_000; index += 1) summary.add(fail(index));
  const report = summary.finish(1);

  expect(JSON.stringify(report).length).toBeLessThan(4_096);
  expect(report.failed).toBe(100_000);
  expect(report.errCodes.OTHER).toBe(99_900);
});
