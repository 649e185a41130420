import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { errorCodes, gatewayCodes } from '../../lib/huawei/error-codes.ts';
import { createLog, type Trigger } from '../../lib/log.ts';
import { createRecorder } from '../../lib/sync/outcomes.ts';
import { createTask } from '../../lib/sync/tasks.ts';
import { createFakeClock } from '../fakes/clock.ts';

vi.hoisted(() => {
  delete process.env.POWERTOOLS_METRICS_DISABLED; // vitest.config.ts; it is read once
});

const written: string[] = [];

beforeEach(() => {
  written.length = 0;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
});

afterEach(() => vi.restoreAllMocks());

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** The lines of metrics that were printed so far. */
function metricLines(): readonly Record<string, unknown>[] {
  return written.filter((line) => line.includes('_aws')).map((line) => JSON.parse(line));
}

function openRun(trigger: Trigger = 'schedule', total = 1) {
  const clock = createFakeClock();
  const log = createLog(quiet);
  const recorder = createRecorder({ clock, log }, { runId: 'run-1', trigger, total });
  const finish = () => {
    const report = recorder.report();
    log.report(report);
    return report;
  };
  return { clock, run: { ...recorder, finish }, log };
}

function calledTask(throttled = 0) {
  return {
    ...createTask('i-1'),
    attempts: 1 + throttled,
    throttled,
    startedAt: 0,
  };
}

function cleanRuns(): unknown {
  return metricLines()[0]?.CleanRuns;
}

describe('the metrics of a run', () => {
  test('are one line, in which run and trigger are no dimensions', async () => {
    const { clock, run } = openRun();
    run.accepted(calledTask(1), undefined);
    run.skipped(createTask('i-2'));
    await clock.run(clock.sleep(500));

    run.finish();

    const [line, ...others] = metricLines();
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: 'ddm-sync', Dimensions: [['service']] }] },
      runId: 'run-1',
      trigger: 'schedule',
      ...{ Instances: 2, Accepted: 1, Failed: 0, Queued: 0, Skipped: 1 },
      ...{ Calls: 2, ThrottledCalls: 1, DurationMs: 500, CallsPerSecond: 4, CleanRuns: 1 },
    });
  });

  test('have no rate where nothing was called', () => {
    const { run } = openRun();
    run.skipped(createTask('i-1'));

    run.finish();

    expect(metricLines()[0]).not.toHaveProperty('CallsPerSecond');
  });

  test('do not grow with the fleet, nor with the codes that a service makes up', () => {
    const { run } = openRun('schedule', 100_000);
    for (let index = 0; index < 100_000; index += 1) {
      const errCode = `DBS.${index % 5_000}`;
      run.failed(createTask(`i-${index}`), { errCode, retryClass: 'permanent' });
    }
    for (const errCode of [...Object.keys(errorCodes), 'APIGW.0308', 'APIG.0308']) {
      run.failed(createTask('i-1'), { errCode, retryClass: 'permanent' });
    }

    const { failed } = run.finish();

    const [, ...failures] = metricLines();
    const known = Object.keys(errorCodes).length + 2 * Object.keys(gatewayCodes).length;
    expect(failures.length).toBeLessThanOrEqual(known + 1);
    expect(failures).toContainEqual(expect.objectContaining({ errCode: 'OTHER' }));
    expect(failures.reduce((sum, { Failures }) => sum + Number(Failures), 0)).toBe(failed);
    for (const { _aws } of failures) {
      expect(_aws).toMatchObject({ CloudWatchMetrics: [{ Dimensions: [['service', 'errCode']] }] });
    }
  });
});

describe('CleanRuns', () => {
  test.each([
    ['a failure', 0, 'failed'],
    ['everything accepted', 1, 'accepted'],
    ['everything handed over', 1, 'queued'],
    ['everything skipped, as in a dry run', 0, 'skipped'],
  ] as const)('of a scheduled run with %s is %i', (_, clean, status) => {
    const { run } = openRun();
    if (status === 'failed') run.failed(calledTask(), { errCode: 'X', retryClass: 'permanent' });
    else if (status === 'accepted') run.accepted(calledTask(), undefined);
    else run[status](createTask('i-1'));

    run.finish();

    expect(cleanRuns()).toBe(clean);
  });

  test('of a run over an empty list is 0', () => {
    openRun().run.finish();

    expect(cleanRuns()).toBe(0);
  });

  test('says nothing of other runs, nor of batches of a worker', () => {
    const { run, log } = openRun('http');
    run.accepted(calledTask(), undefined);

    const report = run.finish();
    log.batch({ ...report, trigger: 'schedule' });

    expect(metricLines().map((line) => 'CleanRuns' in line)).toEqual([false, false]);
  });
});

test('single figures are lines of their own', () => {
  const log = createLog(quiet);

  log.longestWait(7_200);
  log.tokenHoursLeft(-1.5);
  log.notificationRefused();
  log.ignored('instance change ignored', { instanceId: 'i-1' });

  expect(metricLines()).toMatchObject([
    { LongestWaitSeconds: 7_200 },
    { TokenHoursLeft: -1.5 },
    { NotificationsRefused: 1 },
    { ChangesIgnored: 1 },
  ]);
});
