import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sampleLines } from '../../cli/report/sample-lines.ts';
import { startCloud } from '../../emulator/cloud.ts';
import { environmentOf } from '../../emulator/environment.ts';
import { readBody, sendJson, startCloudServer } from '../../emulator/server.ts';
import { startCloudwatchLogs } from '../fakes/cloudwatch-logs.ts';
import { startDeadLetters } from '../fakes/dead-letters.ts';
import { type Call, readTyped, typeInBash } from '../support/documented.ts';
import { root, runNode } from '../support/process.ts';
import { allFlags, aws, bare, openCloud, wholeEnvironment } from '../support/setup.ts';
import { fakeCommand, folderWithStages, toEnv } from '../support/stage.ts';
import { copyService, required, serverless } from '../support/template.ts';

const typed = readTyped();
const runs = typed.map(({ title, text: command }) => ({ title, ...typeInBash(command) }));
const calls = [...new Map(runs.flatMap((run) => run.calls).map((call) => [toText(call), call]))];
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function toText({ args, env, name }: Call): string {
  const settings = Object.entries(env).map(([variable, value]) => `${variable}=${value}`);
  return [...settings, name, ...args].join(' ');
}

/** Those whose words match. */
function callsOf(pattern: RegExp) {
  return calls.filter(([line]) => pattern.test(line));
}

/** What npm hands on to the script. */
function argsOf({ args }: Call): readonly string[] {
  const dashes = args.indexOf('--');
  return dashes === -1 ? [] : args.slice(dashes + 1);
}

const lines: string[] = [];
for await (const line of sampleLines(new Date())) lines.push(String(line));
const sample = lines.join('\n');

test('every command of README.md and docs/ is one that a shell can run', () => {
  expect(runs.filter(({ status }) => status !== 0)).toEqual([]);
  expect(calls.length).toBeGreaterThan(60);
});

test.each(callsOf(/(^| )npm /))('%s: npm has that script', (_line, { args }) => {
  const [first = '', second = ''] = args.filter((word) => word !== '--silent');
  const script = first === 'run' ? second : first;
  expect(['ci', ...Object.keys(scripts)]).toContain(script);
});

describe('npm run deploy', () => {
  test.each(callsOf(/npm run deploy -- (?!.*--dry-run)/))('%s', async (_line, call) => {
    const { calls: asked, path } = fakeCommand('serverless', 'echo "$1 $CANARY" >> $LOG');
    const cwd = folderWithStages({ prod: {}, test: {}, dev: {} });

    const { status } = await runNode('cli/deploy.ts', argsOf(call), {
      cwd,
      env: { ...bare, PATH: `${path}:${process.env.PATH}`, ...call.env },
    });

    expect(status).toBe(0);
    expect(asked()[0]).toBe(`deploy ${call.env.CANARY ?? ''}`);
  });
});

describe('npm run setup', () => {
  test.each(callsOf(/npm run setup -- /))('%s', async (_line, call) => {
    const cloud = await openCloud();
    const [first = ''] = cloud.ddm.instanceIds;
    const own = argsOf(call).map((word) =>
      word
        .replace(required.DDM_PROJECT_ID, cloud.projectId)
        .replace('1f5c9fd6cd984056ba89c8c87cc03278in09', first),
    );

    const { status, stdout } = await runNode('cli/setup.ts', [...allFlags(cloud), ...own], {
      cwd: folderWithStages({}),
      env: wholeEnvironment(cloud),
    });

    expect(status).toBe(0);
    expect(stdout).toMatch(/Dry run: the service reads|ddm-sync setup \[options\]/);
  });
});

describe('npm run report', () => {
  test.each(callsOf(/npm run (--silent )?report( -- |$)/))('%s', async (_line, call) => {
    const logs = await startCloudwatchLogs();
    onTestFinished(() => logs.close());
    for (const stage of ['prod', 'test']) {
      const message = lines.findLast((line) => line.includes('instance sync accepted')) ?? '';
      const events = [{ timestamp: Date.now() - 60_000, message }];
      logs.groups.set(`/aws/lambda/ddm-sync-${stage}-scheduled`, events);
    }
    const cwd = folderWithStages({ prod: {}, test: {} });
    writeFileSync(join(cwd, 'run.log'), sample);
    writeFileSync(join(cwd, 'instances.txt'), '1f5c9fd6cd984056ba89c8c87cc03278in09');
    writeFileSync(join(cwd, 'more.log.gz'), gzipSync(sample));

    const { status, stderr } = await runNode('cli/report.ts', argsOf(call), {
      cwd,
      env: { ...bare, ...aws, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint },
      input: sample,
    });

    expect([stderr.replace(/^Wrote .*\n/, ''), [0, 1].includes(status)]).toEqual(['', true]);
  });
});

describe('npm run redrive', () => {
  test.each(callsOf(/npm run redrive -- /))('%s', async (_line, call) => {
    const names = ['sync-dead-letter', 'changes-dead-letter.fifo'];
    const sqs = await startDeadLetters(
      names.map((name) => `ddm-sync-prod-${name}`),
      ['{}'],
    );
    onTestFinished(() => sqs.close());

    const { status } = await runNode('cli/redrive.ts', argsOf(call), {
      cwd: folderWithStages({ prod: {} }),
      env: { ...bare, ...aws, AWS_ENDPOINT_URL_SQS: sqs.endpoint },
    });

    expect(status).toBe(0);
  });
});

describe('npm start, npx ddm-sync and npm run dev', () => {
  test.each(callsOf(/npm start( -- |$)/))('%s', async (_line, call) => {
    const smaller: Readonly<Record<string, string>> = { 20000: '60', 500: '15' };
    const args = argsOf(call).map((word) => smaller[word] ?? word);

    const { status } = await runNode('cli/start.ts', args, { env: { ...bare, ...aws } });

    expect(status).toBe(0);
  });

  test.each(callsOf(/^npx ddm-sync/))('%s', async (_line, { args }) => {
    const cloud = await startCloud({ instances: 3 });
    onTestFinished(() => cloud.close());
    const cwd = folderWithStages({ prod: environmentOf(cloud) });

    const words = args.length > 1 ? args.slice(1) : ['--help'];
    const { status } = await runNode('cli/ddm-sync.js', words, {
      cwd,
      env: { ...bare, ...aws },
      input: sample,
    });

    expect(status).toBe(args[1] === 'report' ? 1 : 0); // instances of the sample failed
  });

  test.each(callsOf(/npm run dev/))('%s is there', async () => {
    const { status } = await runNode('cli/dev.ts', ['--help']); // test/cli/dev.test.ts runs it

    expect(status).toBe(0);
  });
});

/** AWS as far as the framework gets: it notes what it is asked, and knows no stack. */
async function startAws() {
  const requests: { readonly path: string; readonly region: string }[] = [];
  const server = await startCloudServer(async (request, response) => {
    await readBody(request);
    const region = request.headers.authorization?.split('/')[2] ?? '';
    requests.push({ path: request.url ?? '', region });
    sendJson(response, 200, { events: [], logStreams: [{ logStreamName: 'one' }] });
  });
  onTestFinished(() => server.close());
  return { ...server, requests };
}

describe('npx serverless', () => {
  test.each(callsOf(/^npx serverless/))('%s', async (_line, { args }) => {
    const { endpoint, requests } = await startAws();
    const cwd = copyService();
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    mkdirSync(join(cwd, 'stages'));
    writeFileSync(join(cwd, 'stages/prod.env'), toEnv({ ...required, AWS_REGION: 'eu-west-1' }));
    const { AWS_REGION, ...keys } = aws;

    const child = spawn(process.execPath, [serverless, ...args.slice(1)], {
      cwd,
      env: { ...bare, ...keys, AWS_ENDPOINT_URL: endpoint, AWS_MAX_ATTEMPTS: '1' },
      stdio: ['ignore', 'pipe', 'pipe'], // invoke reads its data from there
    });
    const [output] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);

    expect(requests[0], output).toMatchObject({ region: 'eu-west-1' });
    if (args[1] === 'invoke') {
      expect(requests[0]?.path).toMatch(/\/functions\/ddm-sync-prod-.*Qualifier=live$/);
      expect(child.exitCode, output).toBe(0);
    }
  });
});
