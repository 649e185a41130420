// What the alarms of alarms.cjs are made of.

const { env } = process;
const service = '${self:service}-${sls:stage}';
const wakeTopic = env.ALARM_TOPIC_ARN;
const ticketTopic = env.TICKET_TOPIC_ARN || wakeTopic;
const runbook = env.RUNBOOK_URL || 'docs/runbook.md';

/**
 * An alarm, which wakes somebody, waits for the morning, or tells nobody (`silent`). `says` is one sentence,
 * `section` is its anchor in the runbook.
 */
function alarm({ name, wakes = false, silent = false, says, section, ...properties }) {
  const topic = !silent && (wakes ? wakeTopic : ticketTopic);
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

/** A metric of lib/metrics.ts or lib/logger.ts. */
function ours(name) {
  return metric('ddm-sync', name, [{ Name: 'service', Value: service }]);
}

function ofFunction(key, name) {
  return metric('AWS/Lambda', name, [
    { Name: 'FunctionName', Value: `\${self:custom.names.${key}}` },
  ]);
}

function ofQueue(resource, name) {
  return metric('AWS/SQS', name, [
    { Name: 'QueueName', Value: { 'Fn::GetAtt': [resource, 'QueueName'] } },
  ]);
}

/** The Metrics of an alarm on an expression over sums, each under an id of its own. */
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
function setting(name, preset) {
  const value = Number(env[name] || preset);
  if (value > 0) return value;
  throw new Error(`${name} is "${env[name]}": a number above 0 is needed`);
}

module.exports = { alarm, math, ofFunction, ofQueue, ours, runbook, service, setting };
