// The alarms: resources of the CloudFormation template. docs/runbook.md has a section for each of them.

const { deadLetterQueues, functionKeys, functionName, pascal, queues, runbook, service } =
  require('./names.cjs');
const { schedulePeriodSeconds } = require('./schedule-period.cjs');

const { env } = process;
const pageTopic = env.ALARM_TOPIC_ARN;
const ticketTopic = env.TICKET_TOPIC_ARN || pageTopic;
const authMode = env.AUTH_MODE || 'token';
const periodSeconds = schedulePeriodSeconds(env);

/**
 * The number of consecutive 5-minute periods with errors that ring the alarm of a function. @default 1
 * What these functions could not do comes back: to the queue, or in the next run 2 minutes later.
 */
const errorPeriods = { worker: 3, follow: 3, watch: 3 };

/** The functions that answer requests over HTTP. */
const answering = ['http', 'smn'];

function idOf(name) {
  return `${pascal(name)}Alarm`;
}

/**
 * An alarm that pages the person on call (`pages`), opens a ticket, or notifies no topic (`silent`). `says` is one
 * sentence, `section` is its anchor in the runbook.
 */
function alarm({ name, pages = false, silent = false, says, section, ...properties }) {
  const topic = !silent && (pages ? pageTopic : ticketTopic);
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: `${service}-${name}`,
      AlarmDescription: `${says} ${runbook}#${section}`,
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

function fleet() {
  return [
    {
      name: 'no-run',
      pages: true,
      says: 'No run has finished for two periods of the schedule: nothing is synced.',
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
      pages: true,
      says: 'Too many instances have failed for two periods of the schedule.',
      section: 'failed-share',
      // A job that DDM accepted and that failed later counts as a failed instance.
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
      says: 'For a day, no hour had a complete scheduled run without a failure.',
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
      says: 'The service has throttled many of the calls for an hour.',
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
      says: 'Messages arrived at /notifications/smn that SMN did not sign, or that were not for us.',
      section: 'notifications-refused',
      ...ours('NotificationsRefused'),
      Statistic: 'Sum',
      Period: 900,
    },
  ];
}

// Every run and every rotation publishes it: with a rotation every 6 h at least 18 of 24 hours are left.
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

// Five deliveries and the pauses between them take 45 minutes at most (docs/redrive.md).
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

function errors(key) {
  return {
    name: `${key}-errors`,
    says: `The function ${key} failed.`,
    section: 'errors',
    ...failuresOf(key, 300),
    EvaluationPeriods: errorPeriods[key] ?? 1,
  };
}

/** For CodeDeploy, which must know while the canary is still running: infra/live-alias.cjs. */
function rollback(key) {
  return {
    name: `${key}-rollback`,
    silent: true,
    says: `The function ${key} failed: CodeDeploy rolls back a deployment that is in progress.`,
    section: 'errors',
    ...failuresOf(key, 60),
  };
}

const nearTimeout = 0.9;

function duration(key, timeoutSeconds) {
  return {
    name: `${key}-duration`,
    says: `The function ${key} runs for nearly its timeout of ${timeoutSeconds} s.`,
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
  const keys = await functionKeys(resolveVariable);
  const timeouts = await Promise.all(
    keys.map((key) => resolveVariable(`self:functions.${key}.timeout`)),
  );
  const alarms = [
    ...fleet(),
    ...(authMode === 'token' ? [tokenExpires] : []),
    ...Object.entries(queues).map(queueAge),
    ...Object.entries(deadLetterQueues).map(deadLetters),
    ...keys.map(errors),
    ...keys.map(rollback),
    ...keys.map((key, index) => duration(key, timeouts[index])),
  ];
  return { Resources: Object.fromEntries(alarms.map((row) => [idOf(row.name), alarm(row)])) };
};
