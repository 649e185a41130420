// The dashboard: one resource of the CloudFormation template. docs/metrics.md tells what it shows.

const alarms = require('./alarms.cjs');
const names = require('./names.cjs');
const { queries } = require('./queries.cjs');
const { schedulePeriodSeconds } = require('./schedule-period.cjs');

const { answering, service } = names;
const periodSeconds = schedulePeriodSeconds(process.env);
const hours = Math.max(24, Math.ceil((3 * periodSeconds) / 3_600)); // that it shows: three runs at least
const region = '${AWS::Region}';
const [green, red, amber] = ['#1a7346', '#b3261e', '#b86e00'];

/** The minutes since the last period with a complete scheduled run and no failure (docs/metrics.md). */
const cleanAge =
  '(EPOCH(FILL(clean, 0)) - FILL(IF(clean > 0 AND failed == 0, EPOCH(clean)), REPEAT)) / 60';

// Each row of the dashboard is its height, then its widgets with their widths.

function heading() {
  const page = names.runbook ? `[runbook](${names.runbook})` : 'runbook';
  const help = `An alarm's name ends with its section of the ${page}.`;
  return [1, [24, text(`**${service}**: is the fleet in sync? ${help}`)]];
}

function now() {
  return [
    3,
    [
      12,
      numbers('The fleet, last period', [
        ours('Instances', 'instances', { stat: 'Maximum' }),
        ours('Accepted', 'accepted', { color: green }),
        ours('Failed', 'failed', { color: red }),
        ours('Queued', 'queued', { color: amber }),
      ]),
    ],
    [
      6,
      numbers('Last run without a failure', [
        hidden('clean', 'CleanRuns'),
        hidden('failed', 'Failed'),
        expression('age', cleanAge, 'minutes ago'),
      ]),
    ],
    [6, numbers('Token', [ours('TokenHoursLeft', 'hours left', { stat: 'Minimum' })])],
  ];
}

/** The alarms for CodeDeploy repeat what others say. */
function states(alarmResources) {
  const shown = alarmResources.filter((name) => !name.endsWith('RollbackAlarm'));
  return [3, [24, alarmStates('Alarms', shown)]];
}

function tables(groups) {
  return [
    7,
    [12, table('failing longest', groups)],
    [12, table('last result per instance', groups)],
  ];
}

function results() {
  return [
    6,
    [12, graph('Failures by code', 'instances', [byCode()], { stacked: true })],
    [
      12,
      graph(
        'Results',
        'instances',
        [
          ours('Failed', 'failed', { color: red }),
          ours('Queued', 'queued', { color: amber }),
          ours('Accepted', 'accepted', { color: green }),
        ],
        { stacked: true },
      ),
    ],
  ];
}

function speed() {
  return [
    6,
    [8, graph('Longest run', 'ms', [ours('DurationMs', 'longest run', { stat: 'Maximum' })])],
    [
      8,
      graph('Effective rate', 'calls per second, %', [
        hidden('calls', 'Calls'),
        hidden('duration', 'DurationMs'),
        hidden('throttled', 'ThrottledCalls'),
        expression('rate', '1000 * calls / duration', 'calls per second'),
        expression('share', '100 * throttled / calls', '% throttled', { color: red }),
      ]),
    ],
    [
      8,
      graph('Life of the token', 'hours', [
        ours('TokenHoursLeft', 'hours left', { stat: 'Minimum' }),
      ]),
    ],
  ];
}

function depths(resources) {
  return Object.values(resources).map(depthOf);
}

function queues(functionKeys) {
  return [
    6,
    [8, graph('Queues', 'messages', depths(names.queues))],
    [8, graph('Dead-letter queues', 'messages', depths(names.deadLetterQueues))],
    [
      8,
      graph('Errors', 'failed invocations, failed requests', [
        ...functionKeys.map((key) => ofFunction(key, 'Errors')),
        ...answering.map(failedRequests),
      ]),
    ],
  ];
}

/** Gives each widget its place: left to right, top to bottom. */
function place(rows) {
  let y = 0;
  return rows.flatMap(([height, ...widgets]) => {
    let x = 0;
    const placed = widgets.map(([width, rest]) => {
      const at = { x, y, width, height };
      x += width;
      return { ...at, ...rest };
    });
    y += height;
    return placed;
  });
}

// What widgets are made of.

/** A metric that the functions publish. */
function ours(name, label, options) {
  return ['ddm-sync', name, 'service', service, { stat: 'Sum', label, ...options }];
}

/** A metric that only expressions show. */
function hidden(id, name) {
  return ours(name, id, { id, visible: false });
}

function expression(id, text, label, options) {
  return [{ id, expression: text, label, ...options }];
}

/** One line for each code that failures have. */
function byCode() {
  return expression(
    'codes',
    `SEARCH('{ddm-sync,service,errCode} MetricName="Failures" service="${service}"', 'Sum', ${periodSeconds})`,
    '',
  );
}

function ofFunction(key, metric) {
  return [
    'AWS/Lambda',
    metric,
    'FunctionName',
    names.functionName(key),
    { stat: 'Sum', label: key },
  ];
}

/** What Lambda does not count as an error. */
function failedRequests(key) {
  const options = { stat: 'Sum', label: `${key}: 5xx` };
  return ['ddm-sync', 'FailedRequests', 'service', service, 'function', key, options];
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

/** The results of a saved query. */
function table(name, logGroups) {
  return {
    type: 'log',
    properties: {
      title: names.capital(name),
      region,
      view: 'table',
      query: [...logGroups.map((group) => `SOURCE '${group}'`), queries[name]].join(' | '),
    },
  };
}

module.exports = async ({ resolveVariable }) => {
  const functionKeys = await names.functionKeys(resolveVariable);
  const groups = await names.logGroups(resolveVariable);
  const { Resources } = await alarms({ resolveVariable });
  const widgets = place([
    heading(),
    now(),
    states(Object.keys(Resources)),
    tables(groups),
    results(),
    speed(),
    queues(functionKeys),
  ]);
  return {
    Resources: {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: {
          DashboardName: service,
          DashboardBody: { 'Fn::Sub': JSON.stringify({ start: `-PT${hours}H`, widgets }) },
        },
      },
    },
  };
};
