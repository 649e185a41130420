import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../lib/huawei/error-codes.ts';
import { failurePolicy } from '../../lib/sync/failure-policy.ts';
import { createMetricCheck, type Metric } from '../support/known-metrics.ts';
import { printLines } from '../support/printed-lines.ts';
import { foreignFields } from '../support/query-fields.ts';
import { type Properties, packageService, propertiesOf, resourcesOf } from '../support/template.ts';

const topicArn = 'arn:aws:sns:eu-central-1:123456789012:on-call';
const ticketArn = 'arn:aws:sns:eu-central-1:123456789012:tickets';
const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

const template = packageService();
const lines = await printLines();
const faultsOf = createMetricCheck(template, lines);

function alarms(from = template) {
  return resourcesOf(from, 'AWS::CloudWatch::Alarm');
}

interface Dimension {
  readonly Name: string;
  readonly Value: unknown;
}

function toMetric({ Dimensions, MetricName, Namespace }: Properties): Metric {
  return {
    namespace: Namespace,
    name: MetricName,
    dimensions: Object.fromEntries(
      (Dimensions as Dimension[]).map(({ Name, Value }) => [Name, Value]),
    ),
  };
}

function metricsOf(alarm: Properties): readonly Metric[] {
  return alarm.MetricName
    ? [toMetric(alarm)]
    : (alarm.Metrics as Properties[]).flatMap(({ MetricStat }) =>
        MetricStat ? [toMetric(MetricStat.Metric)] : [],
      );
}

/** The anchors that a page has for its headings, as GitHub makes them. */
const anchors = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(/\s/g, '-'),
);

describe('every alarm', () => {
  test('watches metrics that exist, of resources in the template', () => {
    const faults = alarms().flatMap(([id, alarm]) =>
      metricsOf(alarm)
        .flatMap(faultsOf)
        .map((fault) => `${id}: ${fault}`),
    );

    expect(faults).toEqual([]);
    expect(alarms().length).toBeGreaterThan(20);
  });

  test('uses exactly the metrics that it names in its expression', () => {
    for (const [, { Metrics = [] }] of alarms()) {
      const [{ Expression = '' } = {}, ...named] = Metrics as Properties[];
      const used = [...Expression.matchAll(/\b[a-z]\w*/g)].map(([id]) => id);
      expect(new Set(used)).toEqual(new Set(named.map(({ Id }) => Id)));
    }
  });

  test('says what is wrong in one sentence, and names or links to its section of the runbook', () => {
    const linked = packageService({ RUNBOOK_URL: 'https://wiki.example/ddm-sync/runbook' });

    for (const [from, link] of [
      [template, 'Runbook: '],
      [linked, 'https://wiki.example/ddm-sync/runbook#'],
    ] as const) {
      for (const [id, { AlarmDescription }] of alarms(from)) {
        const [sentence, section] = AlarmDescription.split(` ${link}`);
        expect(sentence, id).toMatch(/^[A-Z][^.]+\.$/);
        expect(anchors, `${id}: ${AlarmDescription}`).toContain(section);
      }
      expect(JSON.stringify(from)).not.toContain('docs/runbook.md');
    }
    expect(JSON.stringify(resourcesOf(linked, 'AWS::CloudWatch::Dashboard'))).toContain(
      '[runbook](https://wiki.example/ddm-sync/runbook)',
    );
  });

  test('notifies no topic unless one is set, and pages only for what cannot wait', () => {
    const env = {
      ALARM_TOPIC_ARN: topicArn,
      TICKET_TOPIC_ARN: ticketArn,
      RUNBOOK_URL: 'https://wiki.example/runbook',
      SYNC_SCHEDULE: 'rate(1 hour)',
      ALARM_FAILED_PERCENT: '25',
    };

    const changed = packageService(env);
    const configured = alarms(changed);

    expect(alarms().filter(([, { AlarmActions }]) => AlarmActions)).toEqual([]);
    const paging = configured.filter(([, { AlarmActions = [] }]) => AlarmActions[0] === topicArn);
    expect(paging.map(([id]) => id).sort()).toEqual([
      'ChangesQueueAgeAlarm',
      'FailedShareAlarm',
      'FollowQueueAgeAlarm',
      'NoRunAlarm',
      'ResentQueueAgeAlarm',
      'SyncQueueAgeAlarm',
      'TokenExpiresAlarm',
    ]);
    for (const [id, { AlarmActions, AlarmDescription, OKActions }] of configured) {
      const isSilent = id.endsWith('RollbackAlarm'); // for CodeDeploy
      expect(isSilent ? [undefined] : [[topicArn], [ticketArn]]).toContainEqual(AlarmActions);
      expect(OKActions).toEqual(AlarmActions);
      expect(AlarmDescription).toContain(' https://wiki.example/runbook#');
    }
    expect(propertiesOf(changed, 'FailedShareAlarm').Threshold).toBe(25);
  });

  test.each([
    [{ SYNC_SCHEDULE: 'cron(0 3 * * ? *)' }, /set SYNC_PERIOD_MINUTES/],
    [{ ALARM_FAILED_PERCENT: 'many' }, /ALARM_FAILED_PERCENT is "many"/],
    [{ ALARM_EMAIL: 'on-call' }, /ALARM_EMAIL has "on-call"/],
    [{ ALARM_EMAIL: 'a@b.example', ALARM_TOPIC_ARN: topicArn }, /ALARM_EMAIL and ALARM_TOPIC_ARN/],
    [{ RUNBOOK_URL: 'docs/runbook.md' }, /RUNBOOK_URL is no address/],
    [{ RUNBOOK_URL: 'https://me:secret@wiki.example/' }, /RUNBOOK_URL is no address/],
    [{ RUNBOOK_URL: 'https://wiki.example/#page' }, /RUNBOOK_URL is no address/],
  ])('stops the deployment with %j', (env, message) => {
    expect(() => packageService(env)).toThrow(message);
  });
});

test('ALARM_EMAIL makes a topic that tells its addresses; tickets may go elsewhere', () => {
  const addresses = ['on-call@team.example', 'second@team.example'];
  const mailed = packageService({
    ALARM_EMAIL: addresses.join(', '),
    TICKET_TOPIC_ARN: ticketArn,
  });

  const topics = resourcesOf(mailed, 'AWS::SNS::Topic');
  expect(topics).toEqual([
    [
      'AlarmTopic',
      {
        TopicName: 'ddm-sync-dev-alarms',
        DisplayName: 'ddm-sync-dev',
        Subscription: addresses.map((Endpoint) => ({ Protocol: 'email', Endpoint })),
      },
    ],
  ]);
  expect(propertiesOf(mailed, 'NoRunAlarm')).toMatchObject({
    AlarmActions: [{ Ref: 'AlarmTopic' }],
    OKActions: [{ Ref: 'AlarmTopic' }],
  });
  expect(propertiesOf(mailed, 'ThrottledAlarm').AlarmActions).toEqual([ticketArn]);
  expect(resourcesOf(template, 'AWS::SNS::Topic')).toEqual([]);
});

describe('the alarms together', () => {
  test('watch every function for errors and for its timeout', () => {
    for (const [, { FunctionName, Timeout }] of resourcesOf(template, 'AWS::Lambda::Function')) {
      const names = (alarm: Properties) =>
        metricsOf(alarm).flatMap(({ dimensions, name }) =>
          dimensions.FunctionName === FunctionName ? [name] : [],
        );
      const found = alarms().filter(
        ([id, alarm]) => id !== 'NoRunAlarm' && names(alarm).length > 0,
      );
      expect(found.flatMap(([, alarm]) => names(alarm)).sort()).toEqual([
        'Duration',
        'Errors',
        'Errors', // for CodeDeploy
      ]);
      const duration = found.find(([, { MetricName }]) => MetricName === 'Duration')?.[1];
      expect(duration?.Threshold).toBe(Timeout * 900);
    }
  });

  test.each(['Http', 'Smn'])('count the failed requests of %s with its errors', (id) => {
    for (const name of [`${id}ErrorsAlarm`, `${id}RollbackAlarm`]) {
      const alarm = propertiesOf(template, name);

      expect(metricsOf(alarm)).toContainEqual({
        namespace: 'ddm-sync',
        name: 'FailedRequests',
        dimensions: { service: 'ddm-sync-dev', function: id.toLowerCase() },
      });
      expect(alarm.Metrics[0].Expression).toBe('FILL(errors, 0) + FILL(requests, 0)');
    }
  });

  test('watch the depth of every dead-letter queue, and the age of messages in the others', () => {
    for (const [id] of resourcesOf(template, 'AWS::SQS::Queue')) {
      const found = alarms().filter(([, { Dimensions = [] }]) =>
        JSON.stringify(Dimensions).includes(`"${id}"`),
      );
      const [[, alarm] = []] = found;
      expect(alarm?.MetricName).toBe(
        id.includes('DeadLetter')
          ? 'ApproximateNumberOfMessagesVisible'
          : 'ApproximateAgeOfOldestMessage',
      );
    }
  });
});

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Properties;
}

const pseudo: Readonly<Record<string, string>> = { 'AWS::Region': 'eu-central-1' };

/** The dashboard with the pseudo parameters filled in; attributes of resources stay as they are. */
function readDashboard(from = template): readonly Widget[] {
  const [[, dashboard] = []] = resourcesOf(from, 'AWS::CloudWatch::Dashboard');
  const body: string = dashboard?.DashboardBody['Fn::Sub'];
  return JSON.parse(body.replaceAll(/\$\{([\w:]+)\}/g, (whole, name) => pseudo[name] ?? whole))
    .widgets;
}

function attribute(text: string): unknown {
  const [, resource, name] = /^\$\{(\w+)\.(\w+)\}$/.exec(text) ?? [];
  return resource === undefined ? text : { 'Fn::GetAtt': [resource, name] };
}

describe('the dashboard', () => {
  test('has widgets that fit into 24 columns and do not overlap', () => {
    const taken = new Map<string, string>();
    const overlaps: string[] = [];
    for (const { height, properties, width, x, y } of readDashboard()) {
      expect(x + width).toBeLessThanOrEqual(24);
      for (let column = x; column < x + width; column += 1) {
        for (let row = y; row < y + height; row += 1) {
          const other = taken.get(`${column} ${row}`);
          if (other !== undefined) overlaps.push(`${properties.title} lies on ${other}`);
          taken.set(`${column} ${row}`, String(properties.title));
        }
      }
    }

    expect(overlaps).toEqual([]);
  });

  test('shows metrics that exist, of resources in the template', () => {
    const rows = readDashboard().flatMap(({ properties }) => properties.metrics ?? []);
    const metrics = rows
      .filter(([first]) => typeof first === 'string')
      .map(([namespace, name, ...rest]) => {
        const texts = rest.filter((part: unknown) => typeof part === 'string');
        const pairs = texts.flatMap((part: string, index: number) =>
          index % 2 === 0 ? [[part, attribute(texts[index + 1])] as const] : [],
        );
        return { namespace, name, dimensions: Object.fromEntries(pairs) };
      });

    expect(metrics.length).toBeGreaterThan(20);
    expect(metrics.flatMap(faultsOf)).toEqual([]);
  });

  test('finds failures by code under the dimensions that they have', () => {
    const failure = lines.find((line) => 'Failures' in line);

    const expressions = readDashboard()
      .flatMap(({ properties }) => properties.metrics ?? [])
      .map(([{ expression = '' }]) => expression);

    expect(failure?._aws).toMatchObject({
      CloudWatchMetrics: [{ Namespace: 'ddm-sync', Dimensions: [['service', 'errCode']] }],
    });
    expect(expressions.filter((text) => text.includes('SEARCH'))).toEqual([
      expect.stringContaining('{ddm-sync,service,errCode} MetricName="Failures"'),
    ]);
  });

  test('keeps the alarms that page apart from the others, and leaves those for CodeDeploy out', () => {
    const paging = alarms(
      packageService({ ALARM_TOPIC_ARN: topicArn, TICKET_TOPIC_ARN: ticketArn }),
    )
      .filter(([, { AlarmActions = [] }]) => AlarmActions[0] === topicArn)
      .map(([id]) => `\${${id}.Arn}`);
    const others = alarms()
      .map(([id]) => `\${${id}.Arn}`)
      .filter((arn) => !arn.endsWith('RollbackAlarm.Arn}') && !paging.includes(arn));

    const shown = readDashboard().filter(({ type }) => type === 'alarm');

    expect(shown.map(({ properties }) => properties.alarms)).toEqual([paging, others]);
  });

  test('says what it shows, and links only to pages that it knows', () => {
    const bare: string = readDashboard()[0]?.properties.markdown;
    const linked = packageService({
      RUNBOOK_URL: 'https://git.example/ddm-sync/docs/runbook.md',
      SYNC_SCHEDULE: 'rate(1 hour)',
    });
    const full: string = readDashboard(linked)[0]?.properties.markdown;

    expect(bare).toContain('# ddm-sync-dev\n');
    expect(bare).toContain('AWS region eu-central-1');
    expect(bare).toContain('DDM at ddm.eu-de.otc.t-systems.com');
    expect(bare).toContain('project 619d3e78f61b4be68bc5aa0b59edcf7b');
    expect(bare).toContain('npm run report -- --stage dev');
    expect(bare).toContain('npm run redrive -- show --stage dev');
    for (const text of [
      'schedule rate(1 hour)',
      '(https://git.example/ddm-sync/docs/runbook.md)',
      '(https://git.example/ddm-sync/docs/report.md)',
      '(https://git.example/ddm-sync/docs/redrive.md)',
    ]) {
      expect(full).toContain(text);
      expect(bare).not.toContain(text);
    }
  });

  test('uses in its expressions exactly the metrics that each widget has', () => {
    const widgets = readDashboard().flatMap(({ properties }) => properties.metrics ?? []);
    const named = widgets.map((row) => row.at(-1)).filter(({ id }) => id);

    for (const { properties } of readDashboard()) {
      const options: Properties[] = (properties.metrics ?? []).map((row: unknown[]) => row.at(-1));
      const ids = options.map(({ id }) => id).filter(Boolean);
      expect(new Set(ids).size).toBe(ids.length);
      const used = options.flatMap(({ expression = '' }) => [
        ...expression.replace(/'[^']*'/g, '').matchAll(/\b[a-z]\w*/g),
      ]);
      expect(ids).toEqual(expect.arrayContaining(used.map(([id]) => id)));
    }
    expect(named.length).toBeGreaterThan(20);
  });

  test.each([
    ['rate(15 minutes)', '-PT24H'],
    ['rate(1 day)', '-PT72H'],
  ])('of a schedule with %s goes back at least three runs: %s', (SYNC_SCHEDULE, start) => {
    const [[, dashboard] = []] = resourcesOf(
      packageService({ SYNC_SCHEDULE }),
      'AWS::CloudWatch::Dashboard',
    );

    expect(JSON.parse(dashboard?.DashboardBody['Fn::Sub']).start).toBe(start);
  });

  test('queries only the log groups of the functions', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function').map(
      ([, { FunctionName }]) => FunctionName,
    );
    for (const { properties } of readDashboard().filter(({ type }) => type === 'log')) {
      const sources = [...properties.query.matchAll(/SOURCE '\/aws\/lambda\/([^']+)'/g)];
      expect(sources.map(([, name]) => name).sort()).toEqual([...functions].sort());
    }
  });
});

describe('the saved queries', () => {
  test('use only fields that the log lines have', () => {
    const found = resourcesOf(template, 'AWS::Logs::QueryDefinition').map(
      ([id, { QueryString }]) => [id, foreignFields(QueryString, lines)],
    );

    expect(found.length).toBeGreaterThan(5);
    expect(found.filter(([, fields]) => fields?.length !== 0)).toEqual([]);
  });

  test('find the time of an acceptance in its line', () => {
    const query = propertiesOf(template, 'FailingLongestQuery').QueryString;
    const [, pattern = ''] = /^\| parse @message \/(.+)\/$/m.exec(query) ?? [];

    const times = lines.map((line) => new RegExp(pattern).exec(JSON.stringify(line))?.groups);

    const accepted = lines.filter(({ message }) => /sync (accepted|completed)$/.test(`${message}`));
    expect(accepted.length).toBeGreaterThan(20);
    expect(times.filter(Boolean).map((groups) => groups?.acceptedAt)).toEqual(
      accepted.map(({ timestamp }) => timestamp),
    );
  });

  test('are the same as those of the dashboard', () => {
    const saved = resourcesOf(template, 'AWS::Logs::QueryDefinition').map(
      ([, { QueryString }]) => QueryString,
    );
    const tables = readDashboard().filter(({ type }) => type === 'log');

    expect(tables.length).toBe(1);
    for (const { properties } of tables) {
      const query = properties.query.replace(/^(SOURCE '[^']+' \| )+/, '');
      expect(saved).toContain(query);
    }
  });

  test('fail the check with a field that no line has', () => {
    expect(
      foreignFields('filter errorCode = "x" | stats count(*) as n by instanceId', lines),
    ).toEqual(['errorCode']);
  });
});

test('the runbook has every code of ddm-sync itself, and every class of error', () => {
  const own = Object.keys(errorCodes).filter((code) => !code.includes('.'));

  expect(own.filter((code) => !runbook.includes(`\`${code}\``))).toEqual([]);
  for (const name of Object.keys(failurePolicy)) {
    expect(anchors).toContain(`errors-of-class-${name}`);
  }
});

test('the runbook names a schedule that is there', () => {
  const [, name = ''] = /schedule `ddm-sync-<stage>-([\w-]+)`/.exec(runbook) ?? [];

  const names = resourcesOf(template, 'AWS::Scheduler::Schedule').map(([, { Name }]) => Name);
  expect(names).toContain(`ddm-sync-dev-${name}`);
});

test('docs/metrics.md names exactly the metrics that are published', () => {
  const emitted = lines.flatMap(({ _aws = { CloudWatchMetrics: [] } }) =>
    (_aws as Properties).CloudWatchMetrics.flatMap(({ Metrics }: Properties) =>
      Metrics.map(({ Name }: Properties) => Name),
    ),
  );
  const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const documented = [...docs.matchAll(/^\| `([A-Z][a-z]\w+)` \|/gm)].map(([, name]) => name);

  expect(documented.sort()).toEqual([...new Set(emitted)].sort());
});
