// The alarms: resources of the CloudFormation template.

const authMode = process.env.AUTH_MODE || 'token';
const service = '${self:service}-${sls:stage}';

const alarm = (name, description, properties) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: { AlarmName: `${service}-${name}`, AlarmDescription: description, ...properties },
});

const deadLetters = alarm(
  'sync-dead-letter',
  'Instances failed in every delivery. docs/redrive.md says how to look at them and send them again.',
  {
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Dimensions: [
      { Name: 'QueueName', Value: { 'Fn::GetAtt': ['SyncDeadLetterQueue', 'QueueName'] } },
    ],
    Statistic: 'Maximum',
    Period: 300,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
  },
);

// Every run and every rotation publishes it (lib/expiry.ts): a rotation every 6 h leaves at least 18 of 24.
const tokenExpires = alarm(
  'token-expires',
  'The token lives for less than 8 hours: rotate-token has failed. docs/credentials.md says what to do.',
  {
    Namespace: 'ddm-sync',
    MetricName: 'TokenHoursLeft',
    Dimensions: [{ Name: 'service', Value: service }],
    Statistic: 'Minimum',
    Period: 900,
    EvaluationPeriods: 1,
    Threshold: 8,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'notBreaching',
  },
);

module.exports = {
  Resources: {
    SyncDeadLetterAlarm: deadLetters,
    ...(authMode === 'token' && { TokenExpiresAlarm: tokenExpires }),
  },
};
