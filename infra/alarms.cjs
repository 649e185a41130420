// The alarms: resources of the CloudFormation template. docs/runbook.md has a section for each of them.

const { alarm, math, ofFunction, ofQueue, ours, setting } = require('./alarm.cjs');
const { pascal } = require('./names.cjs');
const { schedulePeriodSeconds } = require('./schedule-period.cjs');
const { deadLetterQueues, functions, queues } = require('./watched.cjs');

const authMode = process.env.AUTH_MODE || 'token';
const periodSeconds = schedulePeriodSeconds(process.env);
function idOf(name) {
  return `${pascal(name)}Alarm`;
}

function fleet() {
  return [
    {
      name: 'no-run',
      wakes: true,
      says: 'For two periods of the schedule no run came to its end: nothing is synced.',
      section: 'no-run',
      ...math('runs - errors', periodSeconds, {
        runs: ofFunction('scheduled', 'Invocations'),
        errors: ofFunction('scheduled', 'Errors'),
      }),
      EvaluationPeriods: 2,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    },
    {
      name: 'failed-share',
      wakes: true,
      says: 'For two periods of the schedule too many instances failed.',
      section: 'failed-share',
      // A job that DDM took and then failed counts as a failed instance.
      ...math('100 * (failed + FILL(jobs, 0)) / (accepted + failed)', periodSeconds, {
        failed: ours('Failed'),
        jobs: ours('JobsFailed'),
        accepted: ours('Accepted'),
      }),
      EvaluationPeriods: 2,
      Threshold: setting('ALARM_FAILED_PERCENT', 10),
    },
    {
      name: 'no-clean-run',
      says: 'There has been no hour in a day in which a scheduled run came through and nothing failed.',
      section: 'no-clean-run',
      ...math('IF(failed == 0, clean, 0)', 3_600, {
        failed: ours('Failed'),
        clean: ours('CleanRuns'),
      }),
      EvaluationPeriods: Math.max(24, (2 * periodSeconds) / 3_600),
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    },
    {
      name: 'throttled',
      says: 'For an hour the service has refused many of the calls because there are too many.',
      section: 'throttled',
      ...math('100 * throttled / calls', 900, {
        throttled: ours('ThrottledCalls'),
        calls: ours('Calls'),
      }),
      EvaluationPeriods: 4,
      Threshold: setting('ALARM_THROTTLED_PERCENT', 20),
    },
    {
      name: 'notifications-refused',
      says: 'Messages came to /notifications/smn that SMN did not sign, or not for us.',
      section: 'notifications-refused',
      ...ours('NotificationsRefused'),
      Statistic: 'Sum',
      Period: 900,
    },
  ];
}

// Every run and every rotation publishes it (lib/expiry.ts): a rotation every 6 h leaves at least 18 of 24.
const tokenExpires = {
  name: 'token-expires',
  wakes: true,
  says: 'The token lives for less than 8 hours: rotate-token has failed.',
  section: 'token-expires',
  ...ours('TokenHoursLeft'),
  Statistic: 'Minimum',
  Period: 900,
  Threshold: 8,
  ComparisonOperator: 'LessThanThreshold',
};

function deadLetters([name, resource]) {
  return {
    name: `${name}-dead-letter`,
    says: `A message is in ${resource}: it could not be dealt with, and is kept for 14 days.`,
    section: 'dead-letter',
    ...ofQueue(resource, 'ApproximateNumberOfMessagesVisible'),
    Statistic: 'Maximum',
    Period: 300,
  };
}

// Five deliveries and the pauses between them take 45 minutes at most (docs/redrive.md).
function queueAge([name, resource]) {
  return {
    name: `${name}-queue-age`,
    wakes: true,
    says: `A message has been in ${resource} for more than an hour: the work is not done.`,
    section: 'queue-age',
    ...ofQueue(resource, 'ApproximateAgeOfOldestMessage'),
    Statistic: 'Maximum',
    Period: 300,
    EvaluationPeriods: 3,
    Threshold: 3_600,
  };
}

function errors([key, { errorPeriods }]) {
  return {
    name: `${key}-errors`,
    says: `The function ${key} failed.`,
    section: 'errors',
    ...ofFunction(key, 'Errors'),
    Statistic: 'Sum',
    Period: 300,
    EvaluationPeriods: errorPeriods,
  };
}

/** For CodeDeploy, which must know within the minutes of a canary: infra/deployment.cjs. */
function rollback([key]) {
  return {
    name: `${key}-rollback`,
    silent: true,
    says: `The function ${key} failed, and a deployment of it that is under way is taken back.`,
    section: 'errors',
    ...ofFunction(key, 'Errors'),
    Statistic: 'Sum',
    Period: 60,
  };
}

const nearTimeout = 0.9;

function duration([key], timeoutSeconds) {
  return {
    name: `${key}-duration`,
    says: `The function ${key} takes nearly as long as it may, ${timeoutSeconds} s.`,
    section: 'duration',
    ...ofFunction(key, 'Duration'),
    Statistic: 'Maximum',
    Period: 300,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 2,
    Threshold: Math.round(nearTimeout * timeoutSeconds * 1_000),
  };
}

module.exports = async ({ resolveVariable }) => {
  const rows = Object.entries(functions);
  const timeouts = await Promise.all(
    rows.map(([key]) => resolveVariable(`self:functions.${key}.timeout`)),
  );
  const alarms = [
    ...fleet(),
    ...(authMode === 'token' ? [tokenExpires] : []),
    ...Object.entries(queues).map(queueAge),
    ...Object.entries(deadLetterQueues).map(deadLetters),
    ...rows.map(errors),
    ...rows.map(rollback),
    ...rows.map((row, index) => duration(row, timeouts[index])),
  ];
  return { Resources: Object.fromEntries(alarms.map((row) => [idOf(row.name), alarm(row)])) };
};
