// How an alarm of alarms.cjs is built.

const { functionName, service } = require('./names.cjs');

const { env } = process;
const pageTopic = env.ALARM_TOPIC_ARN;
const ticketTopic = env.TICKET_TOPIC_ARN || pageTopic;
const runbook = env.RUNBOOK_URL || 'docs/runbook.md';

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
function ours(name) {
  return metric('ddm-sync', name, [{ Name: 'service', Value: service }]);
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

module.exports = { alarm, math, ofFunction, ofQueue, ours, runbook, setting };
