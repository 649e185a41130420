// The dashboard: one resource of the CloudFormation template. docs/metrics.md tells what it shows.

const { alarmIds } = require('./alarms.cjs');
const names = require('./names.cjs');
const { queries } = require('./queries.cjs');
const { schedulePeriodSeconds } = require('./schedule-period.cjs');

const { service } = names;
const { env } = process;
const periodSeconds = schedulePeriodSeconds(env);
const nowSeconds = 60;
const hours = Math.max(24, Math.ceil((3 * periodSeconds) / 3_600)); // that it shows: three runs at least
const region = '${AWS::Region}';
const [green, red, amber, blue] = ['#1a7346', '#b3261e', '#b86e00', '#0b5cad'];

/** The codes that have a colour of their own, always the same. All others are one bar. */
const colours = {
  'DBS.280001': '#1a7346',
  'DBS.200019': '#0b5cad',
  'DBS.300356': '#7a3e9d',
  'DBS.200412': '#a84300',
  'APIGW.0308': '#d99a00',
  UNAUTHORIZED: '#b3261e',
  TIMEOUT: '#17808a',
  NETWORK: '#9c2350',
};

/** What the last period with a scheduled run had, until now. */
function ofLastRun(expression) {
  return `FILL(IF(clean >= 0, ${expression}), REPEAT)`;
}

/** The minutes since the last period with a complete scheduled run and no failure (docs/metrics.md). */
const cleanAge =
  '(EPOCH(FILL(clean, 0)) - FILL(IF(clean > 0 AND failed == 0, EPOCH(clean)), REPEAT)) / 60';

// Each row of the dashboard is its height, then its widgets with their widths.

function heading() {
  return [4, [24, text([`# ${service}`, ...facts(), links()].join('\n\n'))]];
}

function facts() {
  const { hostname = '' } = URL.parse(env.DDM_ENDPOINT || '') ?? {};
  return [
    [
      `AWS region ${region}`,
      `DDM at ${hostname || 'DDM_ENDPOINT, which was not set'}`,
      `project ${env.DDM_PROJECT_ID || 'DDM_PROJECT_ID, which was not set'}`,
      `schedule ${env.SYNC_SCHEDULE || 'rate(15 minutes)'}`,
    ].join(' · '),
  ];
}

/** An alarm's name ends with its section of the runbook. The other pages are beside it. */
function links() {
  const { runbook } = names;
  const page = (name, file) =>
    runbook.endsWith('/runbook.md') ? `[${name}](${new URL(file, runbook).href})` : name;
  const saved = `https://console.aws.amazon.com/cloudwatch/home?region=${region}#logsV2:logs-insights`;
  return [
    `${runbook ? `[runbook](${runbook})` : 'runbook'} (an alarm's name ends with its section)`,
    `${page('report', 'report.md')}: \`npm run report -- --stage \${sls:stage} --html report.html\``,
    `[saved queries](${saved}): folder ${service}`,
    `${page('redrive', 'redrive.md')}: \`npm run redrive -- show --stage \${sls:stage}\``,
  ].join(' · ');
}

/** Five numbers, each as of now. */
function now() {
  const { sync } = names.queues;
  const failedIn = [hidden('clean', 'CleanRuns'), hidden('failed', 'Failed')];
  return [
    3,
    [
      5,
      number('Failed in the last run', [
        ...failedIn,
        hidden('jobs', 'JobsFailed'),
        expression('last', ofLastRun('failed + FILL(jobs, 0)'), 'instances', { color: red }),
      ]),
    ],
    [5, number('Waiting in the queue now', waitingIn(sync), nowSeconds)],
    [5, number('Dead letters now', sumOf(Object.values(names.deadLetterQueues)), nowSeconds)],
    [
      5,
      number('Last run without a failure', [
        ...failedIn,
        expression('age', cleanAge, 'minutes ago'),
      ]),
    ],
    [
      4,
      number('Token', [
        ours('TokenHoursLeft', 'hours left', { id: 'token', stat: 'Minimum', visible: false }),
        expression('left', 'FILL(token, REPEAT)', 'hours left'),
      ]),
    ],
  ];
}

function states({ pages, tickets }) {
  return [
    4,
    [9, alarmStates('Alarms that wake somebody', pages)],
    [15, alarmStates('Alarms for the morning', tickets)],
  ];
}

function failing(groups) {
  return [9, [24, table('failing longest', 'Last sync failed', groups)]];
}

function trends() {
  return [
    7,
    [8, graph('Failed instances by code', 'instances', byCode(), { stacked: true })],
    [8, graph('Oldest message, dead letters', 'minutes', ages(), rightAxis('messages'))],
    [
      8,
      graph(
        'Longest run, share throttled',
        'seconds',
        [
          ours('DurationMs', 'longest run', { id: 'longest', stat: 'Maximum', visible: false }),
          hidden('calls', 'Calls'),
          hidden('throttled', 'ThrottledCalls'),
          expression('seconds', 'longest / 1000', 'longest run', { color: blue }),
          expression('share', '100 * throttled / calls', '% throttled', {
            color: amber,
            yAxis: 'right',
          }),
        ],
        rightAxis('%', 100),
      ),
    ],
  ];
}

function ages() {
  const colors = [green, amber, blue];
  const ofQueues = Object.entries(names.queues).flatMap(([name, resource], index) => [
    ofQueue(resource, 'ApproximateAgeOfOldestMessage', { id: `age${index}`, visible: false }),
    expression(`minutes${index}`, `age${index} / 60`, `${name} queue`, {
      color: colors[index],
    }),
  ]);
  return [
    ...ofQueues,
    ours('LongestWaitSeconds', 'wait', { id: 'wait', stat: 'Maximum', visible: false }),
    expression('waits', 'wait / 60', 'longest wait of an instance', { color: '#7a3e9d' }),
    ...sumOf(Object.values(names.deadLetterQueues), { color: red, yAxis: 'right' }),
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

/** One bar for each code with a colour, one for all others, and one for jobs that failed later. */
function byCode() {
  const shown = Object.entries(colours).map(([code, color], index) => [
    'ddm-sync',
    'Failures',
    'service',
    service,
    'errCode',
    code,
    { stat: 'Sum', label: code, color, id: `code${index}` },
  ]);
  const all = `SUM(SEARCH('{ddm-sync,service,errCode} MetricName="Failures" service="${service}"', 'Sum', ${periodSeconds}))`;
  const rest = [all, ...shown.map((_, index) => `FILL(code${index}, 0)`)].join(' - ');
  return [
    ...shown,
    expression('other', rest, 'other codes', { color: '#5b6470' }),
    ours('JobsFailed', 'job failed after acceptance', { color: '#1b1f24' }),
  ];
}

function ofQueue(resource, metric, options) {
  return [
    'AWS/SQS',
    metric,
    'QueueName',
    `\${${resource}.QueueName}`,
    { stat: 'Maximum', label: resource, ...options },
  ];
}

/** Messages that can be taken, that are being worked on, and that are held back. SQS is silent about an idle queue. */
function waitingIn(resource) {
  const metrics = ['Visible', 'NotVisible', 'Delayed'];
  const parts = metrics.map((state) => `FILL(${state.toLowerCase()}, 0)`);
  return [
    ...metrics.map((state) =>
      ofQueue(resource, `ApproximateNumberOfMessages${state}`, {
        id: state.toLowerCase(),
        visible: false,
      }),
    ),
    expression('waiting', parts.join(' + '), 'messages', { color: amber }),
  ];
}

/** The messages of several queues together. */
function sumOf(resources, options) {
  const parts = resources.map((_, index) => `FILL(dead${index}, 0)`);
  return [
    ...resources.map((resource, index) =>
      ofQueue(resource, 'ApproximateNumberOfMessagesVisible', {
        id: `dead${index}`,
        visible: false,
      }),
    ),
    expression('dead', parts.join(' + '), 'dead letters', { color: red, ...options }),
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
    ...options,
    yAxis: { left: { min: 0, label: unit, showUnits: false }, ...options?.yAxis },
  });
}

function rightAxis(label, max) {
  return { yAxis: { right: { min: 0, ...(max && { max }), label, showUnits: false } } };
}

function number(title, metrics, period = periodSeconds) {
  return metricWidget(title, metrics, { view: 'singleValue', period });
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
function table(name, title, logGroups) {
  return {
    type: 'log',
    properties: {
      title,
      region,
      view: 'table',
      query: [...logGroups.map((group) => `SOURCE '${group}'`), queries[name]].join(' | '),
    },
  };
}

module.exports = async ({ resolveVariable }) => {
  const groups = await names.logGroups(resolveVariable);
  const ids = await alarmIds(resolveVariable);
  const widgets = place([heading(), now(), states(ids), failing(groups), trends()]);
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
