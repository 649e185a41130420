// The alarms: resources of the CloudFormation template. docs/runbook.md has a section for each of them.

const topics = require('./alarm-topics.cjs');
const {
  answering,
  deadLetterQueues,
  functionKeys,
  functionName,
  pascal,
  queues,
  runbook,
  service,
} = require('./names.cjs');
const { rateSeconds, schedulePeriodSeconds } = require('./schedule-period.cjs');

const { env } = process;
const authMode = env.AUTH_MODE || 'token';
const lateSeconds = 180; // from the end of an invocation until its metrics are there

/**
 * The number of consecutive 5-minute periods with errors that ring the alarm of a function.
 * What these functions could not do comes back: to the queue, or in the next run 2 minutes later.
 */
const errorPeriods = { worker: 3, follow: 3, watch: 3 };

function idOf(name) {
  return `${pascal(name)}Alarm`;
}

/**
 * An alarm that pages the person on call (`pages`), opens a ticket, or notifies no topic (`silent`). `says` is one
 * sentence, `section` is its anchor in the runbook.
 */
function alarm({ name, pages = false, silent = false, says, section, ...properties }) {
  const topic = !silent && (pages ? topics.pages : topics.tickets);
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: `${service}-${name}`,
      AlarmDescription: `${says} ${runbook ? `${runbook}#` : 'Runbook: '}${section}`,
      ...(topic && { AlarmActions: [topic], OKActions: [topic] }),
      EvaluationPeriods: 1,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
      ...properties,
    },
  };
}

function metric(Namespace, MetricName, Dimensions) {
  return { Namespace, MetricName, Dimensions };
}

/** A metric that the functions publish (docs/metrics.md). */
function ours(name, dimensions = []) {
  return metric('ddm-sync', name, [{ Name: 'service', Value: service }, ...dimensions]);
}

function ofFunction(key, name) {
  return metric('AWS/Lambda', name, [{ Name: 'FunctionName', Value: functionName(key) }]);
}

function ofQueue(resource, name) {
  return metric('AWS/SQS', name, [
    { Name: 'QueueName', Value: { 'Fn::GetAtt': [resource, 'QueueName'] } },
  ]);
}

/** The metrics of an alarm on an expression over sums, each of which has its own id. */
function math(Expression, seconds, sums) {
  return {
    Metrics: [
      { Id: 'result', Expression, ReturnData: true },
      ...Object.entries(sums).map(([Id, { Dimensions, MetricName, Namespace }]) => ({
        Id,
        ReturnData: false,
        MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: seconds, Stat: 'Sum' },
      })),
    ],
  };
}

/** A number from the environment of the deployment. */
function setting(name, fallback) {
  const value = Number(env[name] || fallback);
  if (value > 0) return value;
  throw new Error(`${name} is "${env[name]}": set it to a number above 0`);
}

/**
 * The length of the periods for a function on a schedule. CloudWatch evaluates the time before now, every minute: a
 * period is long enough that the metrics of an invocation are always in it. They carry its start, and are there once it
 * has ended. Shorter periods would be empty in between, and the alarm would ring and clear with every invocation.
 * test/infra/alarms.test.ts has a model of this.
 */
function spanOf({ pauseSeconds, timeoutSeconds }) {
  const pause = pauseSeconds && Math.max(pauseSeconds, timeoutSeconds);
  const seconds = Math.max(300, pause + timeoutSeconds + lateSeconds);
  return Math.ceil(seconds / 60) * 60;
}

const maxWarmUpMinutes = 2_880; // CloudWatch's limit

/**
 * For an alarm on what did not happen, with a warm-up: without it a first deployment would ring at once. CloudWatch
 * starts no second warm-up when a later deployment changes the alarm.
 */
function absence(count, seconds) {
  return {
    EvaluationPeriods: count,
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
    WarmUpConfiguration: {
      WarmUpPeriodDurationInMinutes: Math.min(maxWarmUpMinutes, (count * seconds) / 60),
      OnlyStartEvaluatingAfterWarmUpPeriodEnds: true,
    },
  };
}

function inWords(seconds) {
  return seconds < 7_200 ? `${seconds / 60} minutes` : `${Math.round(seconds / 3_600)} hours`;
}

/** @param scheduled the timing of the scheduled runs */
function fleet(scheduled) {
  const span = spanOf(scheduled);
  const noRunSeconds = span + Math.max(scheduled.pauseSeconds, scheduled.timeoutSeconds); // one run may fail
  const cleanSeconds = Math.max(span, 3_600);
  const cleanPeriods = Math.max(2, Math.ceil(86_400 / cleanSeconds));
  return [
    {
      name: 'no-run',
      pages: true,
      says: `No run has succeeded for ${inWords(noRunSeconds)}: nothing is synced.`,
      section: 'no-run',
      ...math('FILL(runs, 0) - FILL(errors, 0)', noRunSeconds, {
        runs: ofFunction('scheduled', 'Invocations'),
        errors: ofFunction('scheduled', 'Errors'),
      }),
      ...absence(1, noRunSeconds),
    },
    {
      name: 'failed-share',
      pages: true,
      says: 'Too many instances have failed in more than one run of the schedule.',
      section: 'failed-share',
      // A job that DDM accepted and that failed later counts as a failed instance.
      ...math('100 * (failed + FILL(jobs, 0)) / (accepted + failed)', span, {
        failed: ours('Failed'),
        jobs: ours('JobsFailed'),
        accepted: ours('Accepted'),
      }),
      EvaluationPeriods: 2,
      Threshold: setting('ALARM_FAILED_PERCENT', 10),
    },
    {
      name: 'no-clean-run',
      says: `No scheduled run was complete and without a failure for ${inWords(cleanPeriods * cleanSeconds)}.`,
      section: 'no-clean-run',
      ...math('IF(FILL(failed, 0) == 0, FILL(clean, 0), 0)', cleanSeconds, {
        failed: ours('Failed'),
        clean: ours('CleanRuns'),
      }),
      ...absence(cleanPeriods, cleanSeconds),
    },
    {
      name: 'throttled',
      says: 'The service has throttled many of the calls in more than one run of the schedule.',
      section: 'throttled',
      ...math('100 * throttled / calls', span, {
        throttled: ours('ThrottledCalls'),
        calls: ours('Calls'),
      }),
      EvaluationPeriods: 2,
      Threshold: setting('ALARM_THROTTLED_PERCENT', 20),
    },
    {
      name: 'notifications-refused',
      says: 'Messages arrived at /notifications/smn that SMN did not sign, or that were not for us.',
      section: 'notifications-refused',
      ...ours('NotificationsRefused'),
      Statistic: 'Sum',
      Period: 900,
    },
  ];
}

// Every run and every rotation, failed ones too, publishes it: with a rotation every 6 h at least 18 of 24 hours are
// left. In between, the alarm keeps its state.
const tokenExpires = {
  name: 'token-expires',
  pages: true,
  says: 'The token expires in less than 8 hours: rotate-token has failed.',
  section: 'token-expires',
  ...ours('TokenHoursLeft'),
  Statistic: 'Minimum',
  Period: 900,
  Threshold: 8,
  ComparisonOperator: 'LessThanThreshold',
  TreatMissingData: 'ignore',
};

function deadLetters([name, resource]) {
  return {
    name: `${name}-dead-letter`,
    says: `A message is in ${resource}: it could not be processed, and is kept for 14 days.`,
    section: 'dead-letter',
    ...ofQueue(resource, 'ApproximateNumberOfMessagesVisible'),
    Statistic: 'Maximum',
    Period: 300,
  };
}

// Of instances that a worker sends anew: SQS counts the age of a message from then. Five tries take 45 minutes at most.
const longestWait = {
  name: 'resent-queue-age',
  pages: true,
  says: 'An instance was asked for more than an hour ago and is neither synced nor given up.',
  section: 'queue-age',
  ...ours('LongestWaitSeconds'),
  Statistic: 'Maximum',
  Period: 300,
  EvaluationPeriods: 3,
  Threshold: 3_600,
};

function queueAge([name, resource]) {
  return {
    name: `${name}-queue-age`,
    pages: true,
    says: `A message has been in ${resource} for more than an hour: the work is not done.`,
    section: 'queue-age',
    ...ofQueue(resource, 'ApproximateAgeOfOldestMessage'),
    Statistic: 'Maximum',
    Period: 300,
    EvaluationPeriods: 3,
    Threshold: 3_600,
  };
}

/**
 * The failures of a function. `http` and `smn` answer a failed request, which Lambda counts as a success: they count
 * it themselves.
 */
function failuresOf(key, seconds) {
  const errors = ofFunction(key, 'Errors');
  if (!answering.includes(key)) return { ...errors, Statistic: 'Sum', Period: seconds };
  const requests = ours('FailedRequests', [{ Name: 'function', Value: key }]);
  return math('FILL(errors, 0) + FILL(requests, 0)', seconds, { errors, requests });
}

function errors({ key, ...timing }) {
  return {
    name: `${key}-errors`,
    says: `The function ${key} failed.`,
    section: 'errors',
    ...failuresOf(key, errorPeriods[key] ? 300 : spanOf(timing)),
    EvaluationPeriods: errorPeriods[key] ?? 1,
  };
}

/**
 * For CodeDeploy, which must know while the canary is still running: infra/live-alias.cjs. One bad minute of the last
 * five, because a failure comes after minutes, when better ones are already there.
 */
function rollback({ key }) {
  return {
    name: `${key}-rollback`,
    silent: true,
    says: `The function ${key} failed: CodeDeploy rolls back a deployment that is in progress.`,
    section: 'errors',
    ...failuresOf(key, 60),
    EvaluationPeriods: 5,
    DatapointsToAlarm: 1,
  };
}

const nearTimeout = 0.9;

function duration({ key, timeoutSeconds, ...timing }) {
  return {
    name: `${key}-duration`,
    says: `The function ${key} runs for nearly its timeout of ${timeoutSeconds} s.`,
    section: 'duration',
    ...ofFunction(key, 'Duration'),
    Statistic: 'Maximum',
    Period: spanOf({ timeoutSeconds, ...timing }),
    EvaluationPeriods: 3,
    DatapointsToAlarm: 2,
    Threshold: Math.round(nearTimeout * timeoutSeconds * 1_000),
  };
}

/** Between two invocations on schedule; 0 without one. */
async function pauseOf(key, resolveVariable) {
  if (key === 'scheduled') return schedulePeriodSeconds(env);
  const [{ schedule }] = await resolveVariable(`self:functions.${key}.events`);
  return schedule ? rateSeconds(schedule.rate[0]) : 0;
}

/** The alarms, as rows for alarm(). */
async function listRows(resolveVariable) {
  const functions = await Promise.all(
    (await functionKeys(resolveVariable)).map(async (key) => ({
      key,
      timeoutSeconds: await resolveVariable(`self:functions.${key}.timeout`),
      pauseSeconds: await pauseOf(key, resolveVariable),
    })),
  );
  return [
    ...fleet(functions.find(({ key }) => key === 'scheduled')),
    ...(authMode === 'token' ? [tokenExpires] : []),
    longestWait,
    ...Object.entries(queues).map(queueAge),
    ...Object.entries(deadLetterQueues).map(deadLetters),
    ...functions.map(errors),
    ...functions.map(rollback),
    ...functions.map(duration),
  ];
}

module.exports = async ({ resolveVariable }) => {
  const rows = await listRows(resolveVariable);
  return { Resources: Object.fromEntries(rows.map((row) => [idOf(row.name), alarm(row)])) };
};

/** The ids of the alarms that page, and of those that can wait for the morning. */
module.exports.alarmIds = async (resolveVariable) => {
  const rows = (await listRows(resolveVariable)).filter(({ silent }) => !silent);
  return {
    pages: rows.filter(({ pages }) => pages).map(({ name }) => idOf(name)),
    tickets: rows.filter(({ pages }) => !pages).map(({ name }) => idOf(name)),
  };
};
