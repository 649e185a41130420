// What the dashboard of dashboard.cjs is made of.

const { service } = require('./alarm.cjs');
const { capital } = require('./names.cjs');
const { queries } = require('./query-texts.cjs');
const { schedulePeriodSeconds } = require('./schedule-period.cjs');

const periodSeconds = schedulePeriodSeconds(process.env);
const region = '${AWS::Region}';

/** A metric of ours, in the notation of a widget. */
function ours(name, label, options) {
  return ['ddm-sync', name, 'service', service, { stat: 'Sum', label, ...options }];
}

/** For an expression that names it. */
function hidden(id, name) {
  return ours(name, id, { id, visible: false });
}

function expression(id, text, label, options) {
  return [{ id, expression: text, label, ...options }];
}

/** Failures by code, whatever codes there are. */
function byCode() {
  return expression(
    'codes',
    `SEARCH('{ddm-sync,service,errCode} MetricName="Failures" service="${service}"', 'Sum', ${periodSeconds})`,
    '',
  );
}

function ofFunction(key, name, metric) {
  return ['AWS/Lambda', metric, 'FunctionName', name, { stat: 'Sum', label: key }];
}

function depthOf(resource) {
  return [
    'AWS/SQS',
    'ApproximateNumberOfMessagesVisible',
    'QueueName',
    `\${${resource}.QueueName}`,
    { stat: 'Maximum', label: resource },
  ];
}

function metricWidget(title, metrics, options) {
  return {
    type: 'metric',
    properties: { title, metrics, region, period: periodSeconds, ...options },
  };
}

function graph(title, unit, metrics, options) {
  return metricWidget(title, metrics, {
    view: 'timeSeries',
    stacked: false,
    yAxis: { left: { min: 0, label: unit, showUnits: false } },
    ...options,
  });
}

function numbers(title, metrics) {
  return metricWidget(title, metrics, { view: 'singleValue' });
}

function text(markdown) {
  return { type: 'text', properties: { markdown } };
}

/** The states of alarms, by the names of their resources. */
function alarmStates(title, resources) {
  return {
    type: 'alarm',
    properties: { title, alarms: resources.map((resource) => `\${${resource}.Arn}`) },
  };
}

/** What a saved query finds. */
function table(name, logGroups) {
  return {
    type: 'log',
    properties: {
      title: capital(name),
      region,
      view: 'table',
      query: [...logGroups.map((group) => `SOURCE '${group}'`), queries[name]].join(' | '),
    },
  };
}

module.exports = {
  alarmStates,
  byCode,
  depthOf,
  expression,
  graph,
  hidden,
  numbers,
  ofFunction,
  ours,
  table,
  text,
};
