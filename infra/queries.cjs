// The saved queries of CloudWatch Logs Insights: resources of the CloudFormation template. The dashboard shows one.

const { capital, logGroups, service } = require('./names.cjs');

const results =
  '["instance sync accepted", "instance sync completed", "instance sync failed", "instance sync queued"]';
const ends = '["instance sync accepted", "instance sync completed", "instance sync failed"]';

function join(...commands) {
  return commands.join('\n| ');
}

const queries = {
  'failing longest': join(
    `filter message in ${results}`,
    'parse @message /"message":"instance sync (?:accepted|completed)","timestamp":"(?<acceptedAt>[^"]+)"/',
    'fields toMillis(@timestamp) as at, strcontains(message, "failed") as isFailed, strcontains(message, "accepted") + strcontains(message, "completed") as isGood, strcontains(@message, "errCode") as hasCode, replace(replace(replace(message, "instance sync ", ""), "failed", "failing"), "queued", "retrying") as told',
    'stats sortsLast(instanceName) as name, latest(errCode) as code, latest(externalMessage) as says, sortsLast(acceptedAt) as accepted, sum(isFailed) as runsFailed, sum(hasCode) - sum(isFailed) as retries, latest(told) as state, latest(advice) as whatToDo, max(hasCode * at) as failedAt, max(isGood * at) as goodAt by instanceId',
    'filter failedAt > goodAt',
    'sort goodAt asc, runsFailed desc',
    'display instanceId, name, code, says, coalesce(accepted, "before the time shown") as lastAccepted, runsFailed, retries, state, whatToDo',
    'limit 100',
  ),
  'last result per instance': join(
    'fields @timestamp, instanceId, message, errCode, advice, runId',
    `filter message in ${results}`,
    'sort @timestamp desc',
    'dedup instanceId',
    'limit 1000',
  ),
  'by instance': join(
    'fields @timestamp, message, errCode, httpStatus, externalMessage, advice, attempts, durationMs, runId',
    'filter instanceId = "put the instance id here"',
    'sort @timestamp desc',
    'limit 200',
  ),
  'by code': join(
    'filter message = "instance sync failed"',
    'stats count_distinct(instanceId) as instances, count(*) as failures, max(@timestamp) as last, latest(advice) as whatToDo by errCode',
    'sort instances desc',
  ),
  'by run': join(
    'filter message in ["sync run finished", "sync batch finished"]',
    'stats max(@timestamp) as at, sum(accepted) as ok, sum(failed) as notOk, sum(attempts) as calls, sum(throttled) as refused, max(durationMs) as longestMs by runId, trigger',
    'sort at desc',
    'limit 100',
  ),
  'one run': join(
    'fields @timestamp, message, instanceId, errCode, externalMessage, advice, attempts, durationMs',
    'filter runId = "put the run id here" and ispresent(message)',
    'sort @timestamp asc',
    'limit 1000',
  ),
  slowest: join(
    `filter message in ${ends} and ispresent(durationMs)`,
    'stats max(durationMs) as slowestMs, avg(durationMs) as averageMs, sum(attempts) as calls by instanceId',
    'sort slowestMs desc',
    'limit 50',
  ),
  'who triggered': join(
    'fields @timestamp, trigger, caller.principal, caller.sourceIp, caller.requestId, total, accepted, failed, runId',
    'filter message = "sync run finished"',
    'sort @timestamp desc',
    'limit 100',
  ),
  'warnings and errors': join(
    'fields @timestamp, @log, level, message, reason, error, @message',
    'filter (level in ["WARN", "ERROR"] and message not like /^instance sync/) or @message like /Task timed out|Runtime exited|Invoke Error/',
    'sort @timestamp desc',
    'limit 200',
  ),
};

/** 'by code': ByCodeQuery. */
function idOf(name) {
  return `${name.split(' ').map(capital).join('')}Query`;
}

module.exports = async ({ resolveVariable }) => {
  const LogGroupNames = await logGroups(resolveVariable);
  const resources = Object.entries(queries).map(([name, QueryString]) => [
    idOf(name),
    {
      Type: 'AWS::Logs::QueryDefinition',
      Properties: { Name: `${service}/${name}`, QueryString, LogGroupNames },
    },
  ]);
  return { Resources: Object.fromEntries(resources) };
};
module.exports.queries = queries;
