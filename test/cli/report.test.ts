import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseOptions } from '../../cli/options.ts';
import { type OutcomeEntry, parseLine, type SyncStatus } from '../../cli/report/entry.ts';
import { createFleetState, type FleetState } from '../../cli/report/fleet-state.ts';
import { chooseInput, reportCommand } from '../../cli/report/options.ts';
import { drawPage } from '../../cli/report/page.ts';
import { timeTicks, valueTicks } from '../../cli/report/plot.ts';
import { type Line, readLines } from '../../cli/report/read-lines.ts';
import { type Summary, summarise } from '../../cli/report/summary.ts';
import { describeSummary } from '../../cli/report/text.ts';
import { startCloudwatchLogs } from '../fakes/cloudwatch-logs.ts';
import { startPackaged } from '../support/packaged.ts';
import { readReport, runReport, spawnJsonReport, temporaryFile } from '../support/report.ts';
import { folderWithStages } from '../support/stage.ts';

const minuteMs = 60_000;
const now = Date.now();

/** A line that the logger wrote some minutes ago. */
function line(minutesAgo: number, message: string, fields: object = {}): string {
  return JSON.stringify({
    level: 'INFO',
    message,
    timestamp: new Date(now - minutesAgo * minuteMs).toISOString(),
    ...fields,
  });
}

function outcome(minutesAgo: number, status: SyncStatus, instanceId: string, fields = {}): string {
  return line(minutesAgo, `instance sync ${status}`, {
    instanceId,
    status,
    trigger: 'schedule',
    runId: `run-${minutesAgo}`,
    ...(status === 'failed' && { errCode: 'DBS.280001', httpStatus: 400 }),
    ...fields,
  });
}

function run(minutesAgo: number, fields: object = {}): string {
  return line(minutesAgo, 'sync run finished', {
    runId: `run-${minutesAgo}`,
    trigger: 'schedule',
    total: 1,
    accepted: 1,
    failed: 0,
    queued: 0,
    skipped: 0,
    attempts: 1,
    durationMs: 1_000,
    ...fields,
  });
}

function lines(...all: readonly string[]) {
  return { input: `${all.join('\n')}\n` };
}

/** The report of these lines, from a file. */
function reportOf(...all: readonly string[]) {
  return readReport([temporaryFile('run.log', lines(...all).input)]);
}

function summariseAt(at: number, state: FleetState) {
  return summarise(state, { at: new Date(at), sources: ['test'], notes: [], isSample: false });
}

describe('npm run report', () => {
  test('tells from lines of the packaged handler which instances are not in sync', async () => {
    const session = await startPackaged('scheduled', { instances: 40, failShare: 0.1 });
    await session.invoke({});
    await session.invoke({});
    const file = temporaryFile('run.log', session.output.join('\n'));

    const { status, stdout } = await runReport([file]);
    const { report } = await readReport([file]);

    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^The last sync of 4 of 40 instances failed, 36 accepted \(last run less than a minute ago\)\n/,
    );
    expect(stdout).toContain('What to do: ');
    expect(report.counts).toMatchObject({ total: 40, accepted: 36, failed: 4, waiting: 0 });
    expect(report.failing).toMatchObject(Array(4).fill({ runsFailed: 2 }));
    expect(report.runs).toMatchObject(Array(2).fill({ total: 40, failed: 4 }));
    expect(report.input.unreadableLines).toBe(0);
  });

  test('ends with 0 when the last sync of everything was accepted', async () => {
    const input = lines(outcome(20, 'failed', 'i-1'), outcome(4, 'accepted', 'i-1'), run(4));

    const { status, stdout } = await runReport([], input);

    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^The last sync of the one instance was accepted \(last run 4 minutes ago\)\n/,
    );
  });

  test('says since when an instance fails and how often, the longest first', async () => {
    const input = [
      outcome(90, 'failed', 'i-1'),
      outcome(75, 'accepted', 'i-1'),
      outcome(60, 'failed', 'i-1'),
      outcome(45, 'failed', 'i-1'),
      outcome(50, 'accepted', 'i-2'),
      outcome(44, 'failed', 'i-2'),
      outcome(300, 'failed', 'i-3'),
    ];

    const { report } = await reportOf(...input);

    expect(report.failing).toMatchObject([
      { instanceId: 'i-3', runsFailed: 1, isSinceEarlier: true },
      {
        instanceId: 'i-1',
        runsFailed: 2,
        isSinceEarlier: false,
        since: new Date(now - 60 * minuteMs).toISOString(),
      },
      { instanceId: 'i-2', runsFailed: 1, since: new Date(now - 44 * minuteMs).toISOString() },
    ]);
  });

  test('follows jobs to their end', async () => {
    const input = [
      ...['done', 'broken', 'lost'].map((id) => outcome(9, 'accepted', id, { jobId: 'j' })),
      outcome(8, 'completed', 'done', { jobId: 'j', runId: 'run-9' }),
      outcome(8, 'failed', 'broken', {
        jobId: 'j',
        runId: 'run-9',
        errCode: undefined,
        httpStatus: undefined,
      }),
      outcome(8, 'unknown', 'lost', { jobId: 'j', runId: 'run-9' }),
    ];

    const { report, status } = await reportOf(...input);

    expect(status).toBe(1);
    expect(report.verdict.text).toBe(
      'The last sync of 1 of 3 instances failed, 1 confirmed, 1 of unknown end',
    );
    expect(report.failing).toMatchObject([
      { instanceId: 'broken', errCode: 'JOB', advice: expect.stringContaining('its job failed') },
      {
        instanceId: 'lost',
        errCode: 'UNKNOWN_END',
        runsFailed: 0,
        advice: expect.stringContaining('not seen to end'),
      },
    ]);
  });

  test('takes queued for waiting, and waiting for an hour for too long', async () => {
    const fresh = await reportOf(outcome(9, 'accepted', 'i-1'), outcome(3, 'queued', 'i-2'));
    const old = await reportOf(outcome(9, 'accepted', 'i-1'), outcome(70, 'queued', 'i-2'));

    expect([fresh.status, fresh.report.verdict.text]).toEqual([
      0,
      'The last sync of 2 instances: 1 accepted, 1 waiting in the queue',
    ]);
    expect(old.status).toBe(1);
    expect(old.report.verdict.warnings).toEqual([expect.stringContaining('dead-letter queue')]);
  });

  test('knows a worker that still tries, however long ago the instance was asked for', async () => {
    const runId = 'run-1';
    const code = { errCode: 'DBS.200019', httpStatus: 409, runId };

    const { report, status } = await reportOf(
      outcome(200, 'accepted', 'i-1'),
      outcome(90, 'queued', 'i-1', { runId }),
      ...[60, 40, 20, 5].map((ago) => outcome(ago, 'queued', 'i-1', code)),
    );

    expect(status).toBe(1);
    expect(report.counts).toMatchObject({ retrying: 1, waiting: 0 });
    expect(report.waiting).toMatchObject([
      {
        state: 'retrying',
        isLong: true,
        isSilent: false,
        since: new Date(now - 90 * minuteMs).toISOString(),
      },
    ]);
    expect(report.verdict.warnings).toEqual([expect.stringContaining('more than an hour')]);
    expect(report.verdict.warnings[0]).not.toContain('redrive');
  });

  test('tells what a worker gave up from what failed at once', async () => {
    const runId = 'run-1';
    const code = { errCode: 'DBS.200019', httpStatus: 409, runId };

    const { report } = await reportOf(
      outcome(30, 'queued', 'i-1', code),
      outcome(9, 'failed', 'i-1', code),
      outcome(9, 'failed', 'i-2', { runId }),
    );

    const states = report.failing.map(({ state }: { state: string }) => state);
    expect(states).toEqual(['given up', 'failing']);
  });

  test('counts a sync as failed whose job fails each time, although each was accepted', async () => {
    const runs = [60, 45, 30, 15].flatMap((ago) => [
      outcome(ago, 'accepted', 'i-1', { jobId: 'j' }),
      outcome(ago - 2, 'failed', 'i-1', { runId: `run-${ago}`, errCode: 'JOB_FAILED' }),
    ]);

    const { report } = await reportOf(outcome(75, 'accepted', 'i-1'), ...runs);

    expect(report.failing).toMatchObject([
      { runsFailed: 4, isSinceEarlier: false, since: new Date(now - 58 * minuteMs).toISOString() },
    ]);
  });

  test('takes a run that the queue had no room for as a run, and names its instances', async () => {
    const reason = 'the queue still holds 7 messages of earlier runs';
    const skipped = outcome(5, 'skipped', 'i-1', { externalMessage: reason });

    const { report } = await reportOf(
      outcome(20, 'accepted', 'i-1'),
      run(20),
      skipped,
      run(5, { accepted: 0, skipped: 1, attempts: 0 }),
    );

    expect(report.runs.map(({ isDryRun }: { isDryRun: boolean }) => isDryRun)).toEqual([
      false,
      false,
    ]);
    expect(report.notCalled).toEqual([{ instanceId: 'i-1', reason }]);
    expect(report.absent).toEqual([]);
  });

  const placed = {
    function_name: 'ddm-sync-prod-scheduled',
    function_arn: 'arn:aws:lambda:eu-central-1:123456789012:function:ddm-sync-prod-scheduled:live',
    ddmEndpoint: 'https://ddm.eu-de.otc.t-systems.com',
    projectId: '619d3e78f61b4be68bc5aa0b59edcf7b',
  };

  test('says in its heading which stage, region, project and time it is about', async () => {
    const { stdout } = await runReport([], lines(outcome(9, 'accepted', 'i-1'), run(4, placed)));

    expect(stdout).toMatch(
      /\n {2}Stage prod in AWS eu-central-1, DDM in eu-de, project 619d3e78f61b4be68bc5aa0b59edcf7b\n {2}\d{4}-.* UTC to .* UTC\n/,
    );
  });

  test.each([
    [
      'https://ddm.cn-north-4.myhuaweicloud.com',
      'https://console.huaweicloud.com/ddm/?region=cn-north-4',
    ],
    [
      'https://ddm.ap-southeast-1.myhuaweicloud.com',
      'https://console-intl.huaweicloud.com/ddm/?region=ap-southeast-1',
    ],
    [
      'https://ddm.eu-west-101.myhuaweicloud.eu',
      'https://console.eu.huaweicloud.com/ddm/?region=eu-west-101',
    ],
    ['https://ddm.eu-de.evil.example', undefined],
    ['javascript:alert(1)', undefined],
  ])('links %s to its console', async (ddmEndpoint, console) => {
    const { report } = await reportOf(
      outcome(9, 'failed', 'i-1'),
      run(4, { ...placed, ddmEndpoint }),
    );

    expect(report.fleets).toMatchObject([{ stage: 'prod' }]);
    expect(report.fleets[0].console).toBe(console);
  });

  test('has a name, a run and no list beyond 20 failures', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        outcome(5, 'failed', `i-${index}`, { instanceName: `orders-${index}` }),
      );

    const { stdout: short } = await runReport([], lines(...many(20)));
    const { stdout: long } = await runReport([], lines(...many(21)));

    expect(short).toContain('  i-19 (orders-19), DBS.280001, failing, 1 run failed\n');
    expect(short).toContain('or earlier; last run run-5\n');
    expect(long).toContain('21 instances in all: --json and --html list each');
    expect(long).not.toContain('orders-19');
  });

  test('compares with the list of a script', async () => {
    const id = (digit: number) => `${String(digit).repeat(32)}in09`;
    const list = temporaryFile('instances.txt', [1, 2, 3].map(id).join('\r\n'));
    const log = temporaryFile(
      'run.log',
      lines(
        outcome(5, 'accepted', id(1)),
        outcome(5, 'failed', id(2)),
        outcome(5, 'accepted', id(4)),
      ).input,
    );
    const good = temporaryFile('good.log', outcome(5, 'accepted', id(1)));

    const { report } = await readReport(['--compare', list, log]);
    const unseen = await readReport(['--compare', list, good]);
    const { stderr, status } = await runReport(['--compare', temporaryFile('no.txt', 'none'), log]);

    expect(report.comparison).toEqual({
      listed: 3,
      accepted: 1,
      missing: [id(3)],
      notAccepted: [id(2)],
      extra: [id(4)],
    });
    expect([unseen.report.verdict.state, unseen.status]).toEqual(['accepted', 1]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/has no instance id/)]);
  });

  test('prints JSON of the form that docs/report.schema.json describes', async () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'),
    );
    const fits = new Ajv2020({ allErrors: true }).compile(schema);
    const list = temporaryFile('instances.txt', `${'1'.repeat(32)}in09`);

    const reports = [
      await readReport(['--sample', '--compare', list]),
      await reportOf('nothing to see'),
      await reportOf(
        outcome(9, 'unknown', 'i-1'),
        outcome(9, 'skipped', 'i-2', { externalMessage: 'the instance is in state STOPPED' }),
        line(1, 'token rotation failed', { level: 'ERROR', reason: 'no' }),
      ),
    ];

    for (const { report } of reports) {
      fits(report);
      expect(fits.errors).toBeNull();
    }
    expect(fits({ ...reports[0]?.report, surprise: 1 })).toBe(false);
  });

  test('believes the result of a worker that was faster than the line "queued" of its run', async () => {
    const runId = 'run-1';
    const input = [
      outcome(5, 'accepted', 'i-1', { runId }),
      outcome(4, 'queued', 'i-1', { runId }),
    ];

    const { report } = await reportOf(...input);

    expect(report.counts).toMatchObject({ accepted: 1, waiting: 0 });
  });

  test('adds what workers did to the run that handed over', async () => {
    const batch = (minutesAgo: number, requestId: string): string =>
      line(minutesAgo, 'sync batch finished', {
        runId: 'run-5',
        function_request_id: requestId,
        trigger: 'schedule',
        total: 10,
        accepted: 9,
        failed: 1,
        attempts: 12,
      });
    const input = [
      run(5, { total: 20, accepted: 0, queued: 20 }),
      batch(4, 'a'),
      batch(4, 'b'),
      batch(4, 'b'),
    ];

    const { report } = await reportOf(...input);

    expect(report.runs).toMatchObject([
      { queued: 20, workers: { batches: 2, accepted: 18, failed: 2, attempts: 24 } },
    ]);
  });

  test('says nothing of dry runs, and nothing at all without a result', async () => {
    const { status, stdout } = await runReport(
      [],
      lines(outcome(5, 'skipped', 'i-1'), run(5, { accepted: 0, skipped: 1 })),
    );

    expect(status).toBe(2);
    expect(stdout).toMatch(/^Nothing is known/);
    expect(stdout).toContain('1 instance seen in dry runs only');
  });

  test('leaves out what the last scheduled run no longer had in its list', async () => {
    const before = [
      outcome(20, 'failed', 'gone'),
      outcome(20, 'accepted', 'i-1'),
      run(20, { total: 2 }),
    ];
    const complete = [...before, outcome(5, 'accepted', 'i-1'), run(5, { total: 1 })];
    const cutOff = [...before, run(5, { total: 1 })];

    const { report, status } = await reportOf(...complete);
    const unsure = await reportOf(...cutOff);

    expect([status, report.absent, report.counts.total]).toEqual([0, ['gone'], 1]);
    expect([unsure.status, unsure.report.absent]).toEqual([1, []]);
  });

  test('warns of a schedule that stopped', async () => {
    const runs = [400, 385, 370].flatMap((ago) => [outcome(ago, 'accepted', 'i-1'), run(ago)]);

    const { report } = await reportOf(...runs);

    expect(report.verdict.warnings[0]).toMatch(
      /^No scheduled run for 6 h 10 min; before, one came every 15 minutes/,
    );
  });

  test.each([
    [
      'well',
      [line(60, 'token rotated', { rotated: true, expiresAt: new Date(now + 23 * 60 * minuteMs) })],
    ],
    ['well', [JSON.stringify({ _aws: { Timestamp: now }, TokenHoursLeft: 20 })]],
    [
      'expires soon',
      [line(1, 'token expires soon', { level: 'WARN', expiresAt: new Date(now + 60 * minuteMs) })],
    ],
    [
      'expired',
      [line(1, 'token has expired', { level: 'WARN', expiresAt: new Date(now - minuteMs) })],
    ],
    ['rotation failed', [line(1, 'token rotation failed', { level: 'ERROR', reason: 'no' })]],
  ])('knows a token that is %s', async (state, tokenLines) => {
    const { report } = await reportOf(outcome(1, 'accepted', 'i-1'), ...tokenLines);

    expect(report.token.state).toBe(state);
    expect(report.verdict.warnings).toHaveLength(state === 'well' ? 0 : 1);
  });

  test('reads what Lambda and CloudWatch put around the lines, and counts what it cannot read', async () => {
    const time = new Date(now - minuteMs).toISOString();
    const cutOff = outcome(1, 'accepted', 'i-9').slice(0, 80);
    const input = [
      'START RequestId: 7db6e6e3-1eb4-4c4f-9f23-c402a31eeae8 Version: $LATEST',
      `${time} ${outcome(2, 'accepted', 'i-1')}`,
      `${time} 2026/11/24/[$LATEST]4c4f ${outcome(2, 'failed', 'i-2')}\r`,
      '{"time":"2026-11-24T08:00:00.000Z","type":"platform.start","record":{"requestId":"r"}}',
      `{"time":"${time}","type":"platform.report","record":{"status":"timeout"}}`,
      `${time} 7db6e6e3-1eb4-4c4f-9f23-c402a31eeae8 Task timed out after 60.00 seconds`,
      `${time}\t7db6e6e3\tERROR\tInvoke Error \t{"errorType":"ConfigError","errorMessage":"DDM_ENDPOINT is not set","stack":[]}`,
      line(1, 'redelivery delay not set', { level: 'WARN', messages: 3 }),
      line(1, 'instance change seen'),
      'END RequestId: 7db6e6e3-1eb4-4c4f-9f23-c402a31eeae8',
      'REPORT RequestId: 7db6e6e3-1eb4-4c4f-9f23-c402a31eeae8 Duration: 1.00 ms',
      '',
      cutOff,
      'what is this?',
      '[1,2]',
      '{"message":"instance sync accepted","instanceId":"i-3","timestamp":"yesterday"}',
      `{"message":"instance sync accepted","timestamp":"${time}"}`,
    ];

    const { report } = await reportOf(...input);

    const problems = report.problems.map(({ message }: { message: string }) => message);
    expect(report.counts).toMatchObject({ total: 2, accepted: 1, failed: 1 });
    expect(report.input).toMatchObject({ lines: 17, unreadableLines: 5 });
    expect(problems.toSorted()).toEqual([
      'Task timed out after 60.00 seconds',
      'invocation ended with timeout',
      'invocation failed: ConfigError',
      'redelivery delay not set',
    ]);
  });

  test('reads several files, gzip or not, and overlapping', async () => {
    const accepted = outcome(5, 'accepted', 'i-1');
    const failed = outcome(4, 'failed', 'i-2');
    const plain = temporaryFile('a.log', `${accepted}\n${failed}\n`);
    const packed = temporaryFile('b.gz', gzipSync(`${failed}\n${outcome(3, 'failed', 'i-2')}`));

    const { report } = await readReport([plain, packed]);

    expect(report.counts).toMatchObject({ total: 2, accepted: 1 });
    expect(report.failing).toMatchObject([{ instanceId: 'i-2', runsFailed: 2 }]);
  });

  test('uses what it can of a gzip file that ends in the middle, and says so', async () => {
    const many = Array.from({ length: 2_000 }, (_, index) =>
      outcome(5, 'accepted', `i-${Math.sin(index)}`),
    );
    const packed = gzipSync(many.join('\n'));

    const { report } = await spawnJsonReport(['-'], {
      input: packed.subarray(0, packed.length / 2),
    });

    expect(report.counts.total).toBeGreaterThan(100);
    expect(report.input.notes[0]).toMatch(/^standard input is damaged or ends in the middle/);
  });

  test('leaves out what is older than --since', async () => {
    const { input } = lines(outcome(90, 'failed', 'i-1'), outcome(5, 'accepted', 'i-2'));

    const { report } = await readReport(['--since', '1h', temporaryFile('run.log', input)]);

    expect(report.counts.total).toBe(1);
  });

  test('shows no control characters of the log on the terminal', async () => {
    const externalMessage = 'a\u001b[2Jb\u202ec\nd';

    const { stdout } = await runReport(
      [],
      lines(outcome(1, 'failed', 'i\u001b-1', { externalMessage })),
    );

    expect(stdout).toContain('"a [2Jb c d"');
    expect(stdout).not.toMatch(/\p{Cf}/u);
    expect(stdout).not.toContain('\u001b');
  });

  test('has a help, and a sample that is labelled', async () => {
    const path = temporaryFile('report.html');

    const { stdout: help } = await runReport(['--help']);
    const { status, stdout } = await runReport(['--sample', '--html', path]);

    for (const option of ['stage', 'log-group', 'since', 'sample', 'compare', 'json', 'html']) {
      expect(help).toContain(`--${option}`);
    }
    expect(status).toBe(1);
    expect(stdout).toMatch(/^The last sync of 3 of 200 instances failed.*\n(?: .*\n)+SAMPLE DATA/);
    expect(readFileSync(path, 'utf8')).toContain('Sample data');
  });

  test('has the fleet in its sample that the README shows, as does its picture', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

    const { report } = await readReport(['--sample']);

    for (const { instanceId, name, runId, runsFailed, state } of report.failing) {
      expect(readme).toContain(`  ${instanceId} (${name}), `);
      expect(readme).toContain(`, ${state}, ${runsFailed} runs failed\n`);
      expect(readme).toContain(`; last run ${runId}\n`);
    }
  });

  test.each([
    [['/nowhere/run.log'], /^Cannot read \/nowhere\/run\.log: ENOENT[^\n]*\n$/],
    [['--since', 'yesterday'], /^--since takes 30m, 24h or 7d, not "yesterday"\n$/],
    [['--stage', 'pr od'], /^--stage: "pr od" is not a stage: give a word such as prod/],
    [
      ['--stage', 'a', '--stage', 'b', '--html', 'x.html'],
      /^--html and --compare are for one stage: name one/,
    ],
    [['--log-group', 'a,'], /^--log-group takes names/],
    [['--stage', 'prod', 'run.log'], /^Name files, or log groups/],
    [['--unknown'], /^Unknown option '--unknown'[^\n]*--help\n$/],
    [['--sample', '--html', '/nowhere/report.html'], /^Cannot write \/nowhere\/report\.html/],
  ])('ends with 2 and one line for %j', async (args, message) => {
    const { status, stderr } = await runReport(args);

    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('does not wait for a person to type a log', () => {
    const choose = (...args: string[]) => chooseInput(parseOptions(reportCommand, args), true);

    expect(() => choose()).toThrow(/^Nothing to read.*see npx ddm-sync report --help$/);
    expect(choose('run.log').input).toMatchObject({ from: 'files' });
  });
});

describe('CloudWatch Logs', () => {
  const startLogs = async () => {
    const logs = await startCloudwatchLogs();
    onTestFinished(() => logs.close());
    const env = {
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    };
    return { env, logs };
  };
  const events = (count: number, minutesAgo: number) =>
    Array.from({ length: count }, (_, index) => ({
      timestamp: now - minutesAgo * minuteMs,
      message: outcome(minutesAgo, 'accepted', `i-${index}`),
    }));

  test('reads all pages of the groups of a stage and skips groups that are not there', async () => {
    const { env, logs } = await startLogs();
    logs.groups.set('/aws/lambda/ddm-sync-prod-scheduled', [
      ...events(250, 10),
      ...events(300, 100),
    ]);
    logs.groups.set('/aws/lambda/ddm-sync-prod-worker', [
      { timestamp: now - minuteMs, message: outcome(1, 'failed', 'i-7') },
    ]);

    const { report, status } = await spawnJsonReport(['--stage', 'prod', '--since', '1h'], { env });

    expect(status).toBe(1);
    expect(report.counts).toMatchObject({ total: 250, failed: 1 });
    expect(report.input.notes).toContain('no log group /aws/lambda/ddm-sync-prod-smn: skipped');
    expect(report.input.notes).toHaveLength(6);
    expect(logs.requests[0]?.startTime).toBeGreaterThan(now - 61 * minuteMs);
    expect(report.input.lines).toBe(251);
  });

  test('shows several stages side by side, each with its region', async () => {
    const { env, logs } = await startLogs();
    const cwd = folderWithStages({ emea: {}, us: { AWS_REGION: 'us-east-1' } });
    const say = (stage: string, ...messages: readonly string[]) =>
      logs.groups.set(
        `/aws/lambda/ddm-sync-${stage}-scheduled`,
        messages.map((message) => ({ timestamp: now - minuteMs, message })),
      );
    say('emea', run(1), outcome(1, 'accepted', 'i-1'));
    say('us', run(1), outcome(1, 'accepted', 'i-1'), outcome(1, 'failed', 'i-2'));

    const { status, stdout } = await runReport(['--stage', 'all'], { cwd, env });
    const { report } = await spawnJsonReport(['--stage', 'us', '--stage', 'emea'], { cwd, env });

    expect(status).toBe(1);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      '  stage  state     instances  accepted  failed  unknown  queued  last run      token',
      '  emea   accepted          1         1       0        0       0  1 minute ago',
      '  us     failed            2         1       1        0       0  1 minute ago',
    ]);
    expect(stdout).toContain(
      'us: The last sync of 1 of 2 instances failed, 1 accepted (last run 1 minute ago)\n',
    );
    expect(new Set(logs.regions.slice(0, 8))).toEqual(new Set(['eu-central-1']));
    expect(new Set(logs.regions.slice(8, 16))).toEqual(new Set(['us-east-1']));
    expect(report.stages).toMatchObject([
      { stage: 'us', counts: { total: 2, failed: 1 } },
      { stage: 'emea', counts: { total: 1, failed: 0 } },
    ]);
  });

  test('shows the other stages when one cannot be read', async () => {
    const { env, logs } = await startLogs();
    const cwd = folderWithStages({ broken: { AWS_PROFILE: 'no-such-profile' }, good: {} });
    const message = outcome(1, 'accepted', 'i-1');
    const timestamp = now - minuteMs;
    logs.groups.set('/aws/lambda/ddm-sync-good-scheduled', [{ timestamp, message }]);
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...bare } = env;
    const credentials = join(cwd, 'credentials');
    const keys = `aws_access_key_id=${AWS_ACCESS_KEY_ID}\naws_secret_access_key=${AWS_SECRET_ACCESS_KEY}\n`;
    writeFileSync(credentials, `[default]\n${keys}`);

    const { status, stdout } = await runReport(['--stage', 'all'], {
      cwd,
      env: { ...bare, AWS_SHARED_CREDENTIALS_FILE: credentials },
    });

    expect(status).toBe(2);
    expect(stdout).toMatch(/ broken +cannot be read/);
    expect(stdout).toMatch(/ good +accepted +1 /);
    expect(stdout).toMatch(/^broken: Cannot read log group .*Give AWS credentials: AWS_PROFILE/m);
  });

  test('asks for 24 hours of the groups that are named', async () => {
    const { env, logs } = await startLogs();
    logs.groups.set('/a', events(1, 60 * 23));
    logs.groups.set('/b', events(2, 60 * 25));

    const { report } = await spawnJsonReport(['--log-group', '/a,/b'], { env });

    expect(report.counts.total).toBe(1);
  });

  test.each([
    ['AccessDeniedException', /AccessDeniedException of the test\. Allow .* logs:FilterLogEvents/],
    ['ExpiredTokenException', /Renew the AWS credentials/],
    ['InvalidParameterException', /Check AWS_REGION/],
  ])('explains %s in one line', async (fault, message) => {
    const { env, logs } = await startLogs();
    logs.fault = fault;

    const { status, stderr } = await runReport(['--log-group', '/a'], { env });

    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim()).not.toContain('\n');
  });

  test.each([
    ['a region', { AWS_REGION: '' }, /Set AWS_REGION/],
    [
      'credentials',
      { AWS_ACCESS_KEY_ID: '', AWS_EC2_METADATA_DISABLED: 'true' },
      /Give AWS credentials/,
    ],
  ])('says that %s is missing', async (_, change, message) => {
    const { env } = await startLogs();

    const { status, stderr } = await runReport(['--log-group', '/a'], {
      env: { ...env, ...change, HOME: '/nowhere' },
    });

    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('the page', () => {
  const summaryOf = (...all: readonly string[]): Summary => {
    const state = createFleetState();
    for (const text of all) state.add(parseLine(text));
    return summariseAt(now, state);
  };
  const draw = (...all: readonly string[]): string =>
    drawPage(summaryOf(...all), 'docs/error-codes.md');
  const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&\u2028</style>`;

  test('is well-formed, loads nothing and runs nothing', async () => {
    const path = temporaryFile('report.html');
    await runReport(['--sample', '--html', path]);

    const page = readFileSync(path, 'utf8');

    expect(findUnbalanced(page)).toEqual([]);
    expect(page).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:`,
    );
    expect(page).not.toMatch(/<script|<link|<iframe|<object|@import|\s(?:src|on\w+)=/i);
    const addresses = [...page.matchAll(/(<\w+)[^<>]*\shref="([^"]*)"/g)];
    expect(new Set(addresses.map(([, element]) => element))).toEqual(new Set(['<a']));
    for (const [, , address = ''] of addresses) {
      expect(address).toMatch(
        /^(?:https:\/\/console\.otc\.t-systems\.com\/ddm\/\?region=eu-de|[\w./-]+\/docs\/error-codes\.md#:~:text=[\w.]+)$/,
      );
    }
    expect(page.match(/url\([^)]*\)/g)?.every((url) => /^url\(#series-\d\)$/.test(url))).toBe(true);
  });

  test('has the numbers of the log', () => {
    const page = draw(
      ...Array.from({ length: 9 }, (_, index) => outcome(5, 'accepted', `ok-${index}`)),
      outcome(5, 'failed', 'broken', { externalMessage: 'Parameter error.', advice: 'Do this.' }),
      outcome(5, 'queued', 'waits'),
      run(20, { total: 11, accepted: 11, attempts: 11, durationMs: 5_000 }),
      run(5, { total: 11, accepted: 9, failed: 1, queued: 1, attempts: 10, durationMs: 2_000 }),
    );

    expect(page).toMatch(
      /<h1>The last sync of 1 of 11 instances failed, 9 accepted, 1 waiting in the queue \(last run 5 minutes ago\)<\/h1>/,
    );
    expect(page).toMatch(/<dt>Accepted<\/dt><dd>9 <small>its end is not known<\/small><\/dd>/);
    expect(page).toMatch(
      /<h3><a href="docs\/error-codes\.md#:~:text=DBS\.280001" rel="noreferrer"><code>DBS.280001<\/code><\/a> \(HTTP 400\): 1 instance<\/h3>/,
    );
    expect(page).toContain('“Parameter error.”');
    expect(page).toContain('<strong>What to do:</strong> Do this.');
    expect(page).toMatch(/data-title="Calls per second" class="number">5\.0</);
    expect(page).toContain('2 runs. Highest: 5.0 s. Lowest: 2.0 s. Last: 2.0 s.');
  });

  test('tells the same as the text', () => {
    const summary = summaryOf(
      outcome(120, 'accepted', 'gone'),
      outcome(90, 'queued', 'waits'),
      outcome(89, 'failed', 'broken'),
      run(88, { total: 2, durationMs: 180_000, function_name: 'ddm-sync-prod-scheduled' }),
    );

    for (const shown of [drawPage(summary, 'docs/error-codes.md'), describeSummary(summary)]) {
      expect(shown).toMatch(/broken[\s\S]*UTC or earlier/);
      expect(shown).toMatch(/waits[\s\S]*1 h 30 min, too long/);
      expect(shown).toContain('1 instance not touched by a worker for more than an hour');
      expect(shown).toContain('npm run redrive -- show --stage prod');
      expect(shown).toContain('Left out, because the last scheduled run no longer had them');
      expect(shown).toContain('gone');
    }
  });

  test('shows foreign text as text', () => {
    const fields = {
      externalMessage: hostile,
      advice: hostile,
      errCode: hostile,
      trigger: hostile,
    };
    const page = draw(
      outcome(5, 'failed', hostile, fields),
      outcome(5, 'queued', `${hostile}2`, fields),
      run(5, { trigger: hostile, runId: hostile }),
      line(4, hostile, { level: 'ERROR', reason: hostile }),
      line(3, 'token rotation failed', { level: 'ERROR', reason: hostile }),
    );

    expect(findUnbalanced(page)).toEqual([]);
    expect(page).not.toMatch(/<script|<img|\u2028/);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).toContain('&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('holds no more rows than a phone scrolls', () => {
    const all = Array.from({ length: 1_000 }, (_, index) => outcome(5, 'failed', `i-${index}`));

    const page = draw(...all);

    expect(page).toContain('The last sync of 1,000 of 1,000 instances failed');
    expect(page).toContain('<details><summary>1,000 instances</summary>');
    expect(page).toContain('and 800 more');
    expect(page.length).toBeLessThan(150_000);
  });

  test('gives more codes than there are patterns the last one together', () => {
    const all = Array.from({ length: 9 }, (_, index) =>
      outcome(5, 'failed', `i-${index}`, { errCode: `DBS.${index}` }),
    );

    const page = draw(...all);

    expect(page).toMatch(/data-title="other codes" class="number">4</);
  });
});

describe('the scales of the plots', () => {
  test.each([0, 0.05, 0.7, 1, 3, 4.2, 7, 19, 60, 61, 99, 12_345])(
    'begin at zero and reach %d',
    (highest) => {
      const values = valueTicks(highest, false).map(({ value }) => value);

      expect(values[0]).toBe(0);
      expect(values.at(-1)).toBeGreaterThanOrEqual(highest - 1e-9);
      expect(values.length).toBeLessThanOrEqual(6);
    },
  );

  test('count whole instances', () => {
    expect(valueTicks(1, true).map(({ label }) => label)).toEqual(['0', '1']);
  });

  test('name midnight by its date and other times by the hour', () => {
    const ticks = timeTicks(Date.UTC(2026, 10, 23, 10), Date.UTC(2026, 10, 24, 9, 30));

    expect(ticks.map(({ label }) => label)).toEqual(['12:00', '18:00', '11-24', '06:00']);
  });
});

describe('the state of the fleet', () => {
  const entry = fc.record({
    kind: fc.constant('outcome' as const),
    at: fc.integer({ min: 1, max: 12 }).map((minutes) => now + minutes * minuteMs),
    instanceId: fc.constantFrom('i-1', 'i-2'),
    name: fc.constant(undefined),
    status: fc.constantFrom<SyncStatus>(
      'accepted',
      'failed',
      'queued',
      'skipped',
      'completed',
      'unknown',
    ),
    runId: fc.constantFrom('r-1', 'r-2', 'r-3', 'r-4'),
    errCode: fc.constantFrom('A', 'B'),
    httpStatus: fc.constant(400),
    jobId: fc.constant(undefined),
  });
  const shuffled = fc.array(entry, { maxLength: 40 }).chain((entries) =>
    fc.tuple(
      fc.constant(entries),
      fc.shuffledSubarray([...entries, ...entries.slice(0, 10)], {
        minLength: entries.length + Math.min(10, entries.length),
      }),
    ),
  );

  test('is that of a naive fold, in whatever order and however often the lines come', () => {
    fc.assert(
      fc.property(shuffled, ([entries, mixed]) => {
        const state = createFleetState();

        for (const one of mixed) state.add(one);
        const summary = summariseAt(now + 20 * minuteMs, state);

        const naive = ['i-1', 'i-2'].flatMap((id) =>
          foldNaively(entries.filter((one) => one.instanceId === id)),
        );
        expect(summary.counts.total).toBe(naive.length);
        const waiting = summary.waiting.map((one) => ({ ...one, status: 'queued' }));
        const found = [...summary.failing, ...waiting].map(
          ({ instanceId, runsFailed, since, status }) => [
            instanceId,
            status,
            runsFailed,
            since.getTime(),
          ],
        );
        expect(found.toSorted()).toEqual(
          naive.filter(([, status]) => status !== 'good').toSorted(),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

const rank = { completed: 0, accepted: 1, skipped: 1, queued: 2, unknown: 3, failed: 4 };

/** Instance, state, failed runs since the last acceptance that held, and since when; from all lines at once. */
function foldNaively(all: readonly OutcomeEntry[]): (string | number)[][] {
  const called = all.filter(({ status }) => status !== 'skipped');
  const settledRuns = new Set(
    called.filter(({ status }) => status !== 'queued').map(({ runId }) => runId),
  );
  const counting = called
    .filter(({ runId, status }) => status !== 'queued' || !settledRuns.has(runId))
    .sort((a, b) => a.at - b.at || rank[a.status] - rank[b.status]);
  const last = counting.at(-1);
  if (!last) return [];
  const isGood = ({ status }: OutcomeEntry): boolean =>
    status === 'accepted' || status === 'completed';
  const failures = counting.filter(({ status }) => status === 'failed');
  const goodAt = Math.max(
    0,
    ...[...settledRuns].map((id) => {
      const good = counting.findLast((one) => one.runId === id && isGood(one))?.at ?? 0;
      return failures.some(({ at, runId }) => runId === id && at >= good) ? 0 : good;
    }),
  );
  const failedSince = failures.filter(({ at }) => at >= goodAt);
  const runs = new Set(failedSince.map(({ runId }) => runId)).size;
  if (isGood(last)) return [[last.instanceId, 'good', 0, 0]];
  if (last.status !== 'queued') {
    return [
      [last.instanceId, last.status, runs, sinceOf(failedSince, goodAt, counting) ?? last.at],
    ];
  }
  const settledAt = counting.findLast(({ status }) => status !== 'queued')?.at ?? 0;
  const waiting = counting.filter(({ status }) => status === 'queued');
  const open = waiting.filter(({ runId }) =>
    waiting.some((one) => one.runId === runId && one.at >= settledAt),
  );
  return [[last.instanceId, 'queued', runs, Math.min(...open.map(({ at }) => at))]];
}

/** Of each run its first failure counts, unless that was before the acceptance: then its last. */
function sinceOf(
  failures: readonly OutcomeEntry[],
  goodAt: number,
  all: readonly OutcomeEntry[],
): number | undefined {
  const starts = failures.map(({ runId }) => {
    const times = all
      .filter((one) => one.runId === runId && one.status === 'failed')
      .map(({ at }) => at);
    return Math.min(...times) >= goodAt ? Math.min(...times) : Math.max(...times);
  });
  return starts.length > 0 ? Math.min(...starts) : undefined;
}

describe('the lines of a stream', () => {
  const cut = async (chunks: readonly string[]): Promise<Line[]> => {
    const bytes = async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
    };
    const all: Line[] = [];
    for await (const one of readLines(bytes())) all.push(one);
    return all;
  };

  test('come together over chunks, end with \\n only, and may lack the last one', async () => {
    expect(await cut(['a\nb', 'c\n\nd\u2028', 'e'])).toEqual(['a', 'bc', '', 'd\u2028e']);
    expect(await cut([])).toEqual([]);
  });

  test('are dropped when they are longer than any event of CloudWatch, and the next one is read', async () => {
    const chunk = 'x'.repeat(300_000);

    expect(await cut([chunk, chunk, chunk, chunk, '\nnext\n'])).toEqual([undefined, 'next']);
  });
});

const empty = new Set(['meta', 'br', 'img', 'link', 'hr', 'input']);

/** Tags without their partner, and attributes without quotes. */
function findUnbalanced(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const body = page.replace(/<style>.*?<\/style>/s, '').replace('<!DOCTYPE html>', '');
  for (const [tag, slash, name = '', attributes = ''] of body.matchAll(
    /<(\/?)([\w-]+)([^<>]*)>/g,
  )) {
    if (slash) {
      if (open.pop() !== name) wrong.push(tag);
    } else {
      if (!/^(?:\s[\w:-]+(?:="[^"<>]*")?)*\s?\/?$/.test(attributes)) wrong.push(tag);
      if (!empty.has(name) && !attributes.endsWith('/')) open.push(name);
    }
  }
  const stray = body.replace(/<\/?[\w-]+[^<>]*>/g, '').match(/[<>]/g) ?? [];
  return [...wrong, ...open, ...stray];
}
