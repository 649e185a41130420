import { describe, expect, test } from 'vitest';
import { evaluate, judge, keyOf, type Sample } from '../support/alarm-model.ts';
import { type Faults, publish } from '../support/alarm-world.ts';
import { type Properties, packageService, propertiesOf, resourcesOf } from '../support/template.ts';

const minute = 60;
const hour = 3_600;
const periods = [1, 5, 15, 30, 60, 1_000, 1_440];

function packageFor(minutes: number) {
  const unit = minutes === 1 ? 'minute' : 'minutes';
  return packageService({ SYNC_SCHEDULE: `rate(${minutes} ${unit})` });
}

function periodOf({ Metrics, Period }: Properties): number {
  return Period ?? Metrics[1].MetricStat.Period;
}

describe.each(periods)('with a run every %i minutes', (minutes) => {
  const template = packageFor(minutes);
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm');
  const notifying = alarms.filter(([id]) => !id.endsWith('RollbackAlarm'));
  const periodSeconds = minutes * minute;
  const { MaximumEventAgeInSeconds: maxAgeSeconds } =
    resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').find(([id]) =>
      id.startsWith('Scheduled'),
    )?.[1] ?? {};
  const from = Math.max(25 * hour, 3 * periodSeconds);
  const to = from + Math.max(26 * hour, 3.5 * periodSeconds);
  const until = to + Math.max(8 * hour, 4 * periodSeconds);
  const during = (at: number) => at >= from && at < to;
  const once = (at: number) => at >= from && at < from + periodSeconds;

  /**
   * When each alarm rang, those that did not left out. Those for CodeDeploy have their own test.
   * Whatever number of data points CloudWatch looks at beyond the ones it needs, the same ring.
   */
  function ring(faults: Faults, firstRunAt = minute): Readonly<Record<string, readonly number[]>> {
    const samples = publish({ periodSeconds, firstRunAt, maxAgeSeconds }, faults, until);
    const rung = [0, 2].map((extra) =>
      Object.fromEntries(
        notifying.flatMap(([id, alarm]) => {
          const more = Math.max(extra, Math.floor((extra * alarm.EvaluationPeriods) / 6));
          const times = evaluate(alarm, samples, { extra: more, until })
            .filter(({ state }) => state === 'ALARM')
            .map(({ at }) => at);
          return times.length > 0 ? [[id.replace('Alarm', ''), times] as const] : [];
        }),
      ),
    );
    expect(Object.keys(rung[1] ?? {})).toEqual(Object.keys(rung[0] ?? {}));
    return rung[0] ?? {};
  }

  /** That exactly these alarms ring, and only once as long as the fault lasts; each within its seconds. */
  function expectRings(faults: Faults, expected: Readonly<Record<string, number>>): void {
    const rung = ring(faults);

    expect(Object.keys(rung).sort()).toEqual(Object.keys(expected).sort());
    for (const [id, within] of Object.entries(expected)) {
      const [first = 0, ...again] = rung[id] ?? [];
      expect(again, `${id} rings again`).toEqual([]);
      expect(first, `${id} rings too early`).toBeGreaterThan(from);
      expect(first - from, `${id} rings too late`).toBeLessThanOrEqual(within);
    }
  }

  const toNotice = periodSeconds + 20 * minute; // the next run, and the metrics of a long one
  const oncePerHour = periodSeconds > 12 * hour ? hour : 0; // as CloudWatch evaluates alarms over more than a day
  const noRun = Math.max(2 * periodSeconds, 30 * minute) + 20 * minute + oncePerHour;
  const noCleanRun = Math.max(24 * hour, 2 * periodSeconds) + toNotice + 2 * hour;
  const twoRuns = 2 * Math.max(periodSeconds, 15 * minute) + 40 * minute + oncePerHour;

  test('stays within the limits of CloudWatch and of Lambda', () => {
    for (const [id, alarm] of alarms) {
      const { DatapointsToAlarm = 1, EvaluationPeriods, WarmUpConfiguration } = alarm;
      const period = periodOf(alarm);
      expect(EvaluationPeriods, id).toSatisfy(Number.isInteger);
      expect(DatapointsToAlarm, id).toBeLessThanOrEqual(EvaluationPeriods);
      expect(period % minute, id).toBe(0);
      expect(period * EvaluationPeriods, id).toBeLessThanOrEqual(
        period < hour ? 24 * hour : 7 * 24 * hour,
      );
      expect(WarmUpConfiguration?.WarmUpPeriodDurationInMinutes ?? 1, id).toBeLessThanOrEqual(
        2_880,
      );
    }
    expect(maxAgeSeconds).toSatisfy(Number.isInteger);
    expect(maxAgeSeconds).toBeGreaterThanOrEqual(60);
    expect(maxAgeSeconds).toBeLessThanOrEqual(21_600);
    if (minutes > 1) expect(maxAgeSeconds).toBeLessThan(periodSeconds);
  });

  test('nothing rings as long as all is well, from the deployment on', () => {
    expect(ring({})).toEqual({});
    expect(ring({}, periodSeconds)).toEqual({}); // a cron schedule whose first run is a period away
  });

  test('nothing rings for long runs that end in time', () => {
    expect(ring({ run: () => ({ seconds: 780 }) })).toEqual({});
  });

  test('runs that do not start ring', () => {
    expectRings(
      { run: (start) => (during(start) ? undefined : {}) },
      { NoRun: noRun, NoCleanRun: noCleanRun },
    );
  });

  test('a first run that never comes rings', () => {
    const rung = ring({ run: () => undefined });

    expect(Object.keys(rung).sort()).toEqual(['NoCleanRun', 'NoRun']);
    expect(rung.NoRun?.[0]).toBeGreaterThan(periodSeconds);
    expect(rung.NoRun?.[0]).toBeLessThanOrEqual(noRun);
  });

  test('runs that fail ring', () => {
    expectRings(
      { run: (start) => ({ throws: during(start) }) },
      { NoRun: noRun, NoCleanRun: noCleanRun, ScheduledErrors: toNotice },
    );
  });

  test('one run that fails opens a ticket', () => {
    expectRings({ run: (start) => ({ throws: once(start) }) }, { ScheduledErrors: toNotice });
  });

  test('runs that time out ring', () => {
    expectRings(
      { run: (start) => (during(start) ? { throws: true, seconds: 900 } : {}) },
      {
        NoRun: noRun,
        NoCleanRun: noCleanRun,
        ScheduledErrors: toNotice,
        ScheduledDuration: twoRuns,
      },
    );
  });

  test('failing instances ring, if they fail again', () => {
    expectRings(
      { run: (start) => ({ failed: during(start) ? 50 : 0 }) },
      { FailedShare: twoRuns, NoCleanRun: noCleanRun },
    );
    expectRings({ run: (start) => ({ failed: once(start) ? 50 : 0 }) }, {});
  });

  test('throttled calls ring, if they go on', () => {
    expectRings(
      { run: (start) => ({ throttled: during(start) ? 50 : 0 }) },
      { Throttled: twoRuns },
    );
    expectRings({ run: (start) => ({ throttled: once(start) ? 50 : 0 }) }, {});
  });

  test('runs of nearly 15 minutes ring, if they are long again', () => {
    expectRings(
      { run: (start) => (during(start) ? { seconds: 850 } : {}) },
      { ScheduledDuration: twoRuns },
    );
    expectRings({ run: (start) => (once(start) ? { seconds: 850 } : {}) }, {});
  });

  test('a token that is not renewed rings once, hours before it expires', () => {
    const rotation = Math.ceil(from / (6 * hour)) * 6 * hour + minute; // the first one that fails
    const expiresAt = rotation + 18 * hour;
    const rotationFails = (at: number) => at >= rotation && at < rotation + 18 * hour;

    const { RotateTokenErrors, TokenExpires, ...others } = ring({ rotationFails });

    expect(others).toEqual({});
    expect(RotateTokenErrors?.length).toBe(1);
    expect(TokenExpires?.length).toBe(1);
    const hoursBefore = (expiresAt - (TokenExpires?.[0] ?? 0)) / hour;
    expect(hoursBefore).toBeLessThan(8);
    expect(hoursBefore).toBeGreaterThan(5.9);
  });

  test('rotations that take nearly their timeout ring', () => {
    expectRings(
      { rotationSeconds: (start) => (during(start) ? 85 : 3) },
      { RotateTokenDuration: 14 * hour },
    );
  });

  test('watch that fails or hangs rings', () => {
    expectRings({ watch: (at) => ({ failed: during(at) }) }, { WatchErrors: 20 * minute });
    expectRings(
      { watch: (at) => (during(at) ? { failed: true, seconds: 600 } : {}) },
      { WatchDuration: hour },
    );
  });

  test('a failed run, rotation or request is seen by CodeDeploy in time', () => {
    const samples = publish(
      { periodSeconds, firstRunAt: minute, maxAgeSeconds },
      {
        run: (start) => ({ throws: once(start) }),
        rotationFails: during,
        answers503: (at) => at >= from && at < from + 3 * minute,
      },
      until,
    );

    for (const [name, due] of [
      ['Scheduled', periodSeconds + 2 * minute],
      ['RotateToken', 6 * hour],
      ['Http', 3 * minute],
      ['Smn', 3 * minute],
    ] as const) {
      const alarm = propertiesOf(template, `${name}RollbackAlarm`);
      const [first] = evaluate(alarm, samples, { extra: 0, until }).filter(
        ({ state }) => state === 'ALARM',
      );
      expect(first?.at, name).toBeGreaterThan(from);
      expect(Number(first?.at) - from, name).toBeLessThanOrEqual(due + 3 * minute);
    }
  });

  test('requests that are answered with 503 ring', () => {
    expectRings({ answers503: during }, { HttpErrors: 5 * minute, SmnErrors: 5 * minute });
  });
});

describe('the alarms that no schedule concerns', () => {
  const template = packageFor(15);
  const until = 12 * hour;
  const from = 2 * hour;

  /** When an alarm rings whose metric has a value every five minutes, or none. */
  function ring(id: string, valueAt: (at: number) => number | undefined): readonly number[] {
    const alarm = propertiesOf(template, `${id}Alarm`);
    const { Dimensions, MetricName, Namespace } = alarm;
    const values = Dimensions.map(({ Value }: Properties) => Value);
    const metric = keyOf(Namespace, MetricName, ...values);
    const samples: Sample[] = [];
    for (let at = 10; at < until; at += 5 * minute) {
      const value = valueAt(at);
      if (value !== undefined) samples.push({ metric, at, value, seenAt: at + 2 * minute });
    }
    return evaluate(alarm, new Map([[metric, samples]]), { extra: 2, until })
      .filter(({ state }) => state === 'ALARM')
      .map(({ at }) => at - from);
  }

  function expectRing(times: readonly number[], within: number): void {
    expect(times).toEqual([expect.any(Number)]);
    expect(times[0]).toBeGreaterThan(0);
    expect(times[0]).toBeLessThanOrEqual(within);
  }

  test.each(['Sync', 'Changes', 'Follow'])(
    '%s: a message that waits for an hour rings',
    (queue) => {
      const id = `${queue}QueueAge`;
      const waits = (seconds: number) => (at: number) =>
        at < from ? undefined : Math.min(at - from, seconds);

      expectRing(ring(id, waits(4 * hour)), 80 * minute);
      expect(ring(id, (at) => (at - from) % (45 * minute))).toEqual([]); // five deliveries
    },
  );

  test.each(['Sync', 'Changes', 'Follow', 'Scheduled', 'Changed'])(
    '%s: a dead letter rings until it is gone',
    (queue) => {
      const id = `${queue}DeadLetter`;

      expectRing(
        ring(id, (at) => (at >= from && at < 6 * hour ? 1 : 0)),
        10 * minute,
      );
      expect(ring(id, () => 0)).toEqual([]);
    },
  );

  test('a refused notification rings', () => {
    expectRing(
      ring('NotificationsRefused', (at) => (at >= from && at < from + hour ? 3 : undefined)),
      10 * minute,
    );
  });

  test.each(['Worker', 'Follow'])(
    '%s: errors ring if they go on, for its messages come back',
    (id) => {
      expectRing(
        ring(`${id}Errors`, (at) => (at >= from && at < from + hour ? 1 : 0)),
        20 * minute,
      );
      expect(ring(`${id}Errors`, (at) => (at >= from && at < from + 10 * minute ? 1 : 0))).toEqual(
        [],
      );
    },
  );

  test('an event that changed does not take rings', () => {
    expectRing(
      ring('ChangedErrors', (at) => (at >= from && at < from + minute * 5 ? 1 : 0)),
      600,
    );
  });

  test.each([
    ['Worker', 60],
    ['Follow', 60],
    ['Http', 29],
    ['Smn', 10],
    ['Changed', 15],
  ])('%s: invocations of nearly %i s ring, if they go on', (id, timeout) => {
    const slow = (seconds: number) => (at: number) =>
      at >= from && at < from + seconds ? timeout * 950 : 40;

    expectRing(ring(`${id}Duration`, slow(hour)), 20 * minute);
    expect(ring(`${id}Duration`, slow(5 * minute))).toEqual([]);
  });
});

describe('the model of CloudWatch', () => {
  const [ok, bad, none] = [0, 2, Number.NaN];
  const alarm = { EvaluationPeriods: 3, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' };

  // The tables of "Configuring how CloudWatch alarms treat missing data", the oldest data point first.
  test.each<[number, readonly number[], string, string]>([
    [3, [ok, none, bad, none, bad], 'OK', 'OK'],
    [3, [ok, none, none, none, none], 'OK', 'OK'],
    [3, [none, none, none, none, none], 'ALARM', 'OK'],
    [3, [ok, bad, bad, none, bad], 'ALARM', 'ALARM'],
    [3, [none, none, bad, none, none], 'ALARM', 'OK'],
    [2, [ok, none, bad, none, bad], 'ALARM', 'ALARM'],
    [2, [ok, ok, bad, ok, bad], 'ALARM', 'ALARM'],
    [2, [ok, none, bad, none, none], 'ALARM', 'OK'],
    [2, [none, none, none, none, ok], 'ALARM', 'OK'],
    [2, [none, none, none, bad, none], 'ALARM', 'OK'],
  ])('agrees with the user guide: %i of 3 of %j', (needed, points, breaching, notBreaching) => {
    const states = ['breaching', 'notBreaching'].map((TreatMissingData) =>
      judge({ ...alarm, DatapointsToAlarm: needed, TreatMissingData }, points.toReversed()),
    );

    expect(states).toEqual([breaching, notBreaching]);
  });
});

test('a cron schedule has the alarms of the period that it names', () => {
  const cron = packageService({ SYNC_SCHEDULE: 'cron(0 3 * * ? *)', SYNC_PERIOD_MINUTES: '1440' });

  for (const id of ['NoRunAlarm', 'NoCleanRunAlarm', 'FailedShareAlarm', 'ThrottledAlarm']) {
    expect(propertiesOf(cron, id)).toEqual(propertiesOf(packageFor(1_440), id));
  }
});
