// The dashboard: one resource of the CloudFormation template. docs/dashboard.png shows what it looks like.

const { runbook, service } = require('./alarm.cjs');
const alarms = require('./alarms.cjs');
const { logGroups } = require('./log-groups.cjs');
const watched = require('./watched.cjs');
const widget = require('./widget.cjs');

const { expression, graph, hidden, numbers, ours } = widget;
const [green, red, amber] = ['#1a7346', '#b3261e', '#b86e00'];

/** The last period in which a scheduled run came through and nothing failed: how long ago (docs/metrics.md). */
const cleanAge =
  '(EPOCH(FILL(clean, 0)) - FILL(IF(clean > 0 AND failed == 0, EPOCH(clean)), REPEAT)) / 60';

// Each row: its height, then its widgets with their widths.

function heading() {
  return [
    1,
    [24, widget.text(`**${service}**: is the fleet in sync? If an alarm is on: ${runbook}`)],
  ];
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

/** Those for CodeDeploy say what others say too. */
function states(alarmResources) {
  const shown = alarmResources.filter((name) => !name.endsWith('RollbackAlarm'));
  return [3, [24, widget.alarmStates('Alarms', shown)]];
}

function tables(groups) {
  return [
    7,
    [12, widget.table('failing longest', groups)],
    [12, widget.table('last result per instance', groups)],
  ];
}

function results() {
  return [
    6,
    [12, graph('Failures by code', 'instances', [widget.byCode()], { stacked: true })],
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
  return Object.values(resources).map(widget.depthOf);
}

function queues(functionNames) {
  return [
    6,
    [8, graph('Queues', 'messages', depths(watched.queues))],
    [8, graph('Dead-letter queues', 'messages', depths(watched.deadLetterQueues))],
    [
      8,
      graph(
        'Errors',
        'failed invocations',
        Object.entries(functionNames).map(([key, name]) => widget.ofFunction(key, name, 'Errors')),
      ),
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

module.exports = async ({ resolveVariable }) => {
  const functionNames = await resolveVariable('self:custom.names');
  const groups = await logGroups(resolveVariable);
  const { Resources } = await alarms({ resolveVariable });
  const widgets = place([
    heading(),
    now(),
    states(Object.keys(Resources)),
    tables(groups),
    results(),
    speed(),
    queues(functionNames),
  ]);
  return {
    Resources: {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: {
          DashboardName: service,
          DashboardBody: { 'Fn::Sub': JSON.stringify({ start: '-PT24H', widgets }) },
        },
      },
    },
  };
};
