// What the dashboard of dashboard.cjs is made of.

const { service } = require('./alarm.cjs');
const { capital } = require('./names.cjs');
const { queries } = require('./query-texts.cjs');
const { schedulePeriodSeconds } = require('./schedule-period.cjs');

const periodSeconds = schedulePeriodSeconds(process.env);
const region = '${AWS::Region}';

/** A metric of ours, in the notation of a widget. */
const ours = (name, label, options) => [
  'ddm-sync',
  name,
  'service',
  service,
  { stat: 'Sum', label, ...options },
];

/** For an expression that names it. */
const hidden = (id, name) => ours(name, id, { id, visible: false });

const expression = (id, text, label, options) => [{ id, expression: text, label, ...options }];

/** Failures by code, whatever codes there are. */
const byCode = () =>
  expression(
    'codes',
    `SEARCH('{ddm-sync,service,errCode} MetricName="Failures" service="${service}"', 'Sum', ${periodSeconds})`,
    '',
  );

const ofFunction = (key, name, metric) => [
  'AWS/Lambda',
  metric,
  'FunctionName',
  name,
  { stat: 'Sum', label: key },
];

const depthOf = (resource) => [
  'AWS/SQS',
  'ApproximateNumberOfMessagesVisible',
  'QueueName',
  `\${${resource}.QueueName}`,
  { stat: 'Maximum', label: resource },
];

const metricWidget = (title, metrics, options) => ({
  type: 'metric',
  properties: { title, metrics, region, period: periodSeconds, ...options },
});

const graph = (title, unit, metrics, options) =>
  metricWidget(title, metrics, {
    view: 'timeSeries',
    stacked: false,
    yAxis: { left: { min: 0, label: unit, showUnits: false } },
    ...options,
  });

const numbers = (title, metrics) => metricWidget(title, metrics, { view: 'singleValue' });

const text = (markdown) => ({ type: 'text', properties: { markdown } });

/** The states of alarms, by the names of their resources. */
const alarmStates = (title, resources) => ({
  type: 'alarm',
  properties: { title, alarms: resources.map((resource) => `\${${resource}.Arn}`) },
});

/** What a saved query finds. */
const table = (name, logGroups) => ({
  type: 'log',
  properties: {
    title: capital(name),
    region,
    view: 'table',
    query: [...logGroups.map((group) => `SOURCE '${group}'`), queries[name]].join(' | '),
  },
});

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
