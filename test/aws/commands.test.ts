import { execFile } from 'node:child_process';
import {
  chmodSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { root } from '../support/process.ts';
import { awsEnvironment } from './moto.ts';
import { openParameters } from './parameters.ts';
import { startRecorder } from './recorder.ts';

// The lines of the documentation, as a person runs them, with the real `aws` command; and npm run redrive.
const stage = 'commands';
const stack = inject(stage);
const moto = inject('moto');
const folder = mkdtempSync(join(tmpdir(), 'ddm-sync-commands-'));

afterAll(() => rmSync(folder, { recursive: true }));

symlinkSync(join(root, 'infra'), join(folder, 'infra'));
const files = [
  'credentials.json',
  'token.txt',
  'part.0',
  'part.1',
  'instances.txt',
  'accepted.txt',
];
for (const name of files) writeFileSync(join(folder, name), 'x\n');
for (const name of ['npm', 'npx', 'git']) writeCommand(name, 'true');
// Version 1 of the command does not read AWS_ENDPOINT_URL for every service.
writeCommand('aws', 'PATH=$REAL_PATH exec aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"');

function writeCommand(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/usr/bin/env bash\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

async function bash(args: readonly string[], endpoint = moto) {
  const { PATH = '' } = process.env;
  const env = {
    ...{ HOME: folder, PATH: `${folder}:${PATH}`, REAL_PATH: PATH, AWS_MAX_ATTEMPTS: '1' },
    ...awsEnvironment(endpoint),
  };
  // Without --norc bash takes Node's pipe for a login over the network.
  return promisify(execFile)('bash', ['--norc', ...args], { cwd: folder, env }).then(
    ({ stderr, stdout }) => ({ status: 0, stdout, stderr }),
    ({ code, stderr, stdout }) => ({ status: Number(code), stdout, stderr }),
  );
}

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The sh blocks of a page that use `aws`, for the stage that exists here. */
function blocksOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^```sh\n(.*?)^```/gms)]
    .map(([, block = '']) => block.replace(/\bprod\b/g, stage))
    .filter((block) => /(^|\$\() *aws /m.test(block));
}

/** What moto cannot do, and what is run instead. */
const insteadInMoto: readonly (readonly [line: RegExp, instead: string])[] = [
  // It fails at reading the result of a query.
  [/^aws logs get-query-results .*$/m, ''],
  // It gives a stack that a change set creates no outputs.
  [
    /aws cloudformation deploy --template-file (\S+) (.*) \\\n.*--parameter-overrides (\w+)=(\w+)/,
    'aws cloudformation create-stack --template-body file://$1 $2 --parameters ParameterKey=$3,ParameterValue=$4',
  ],
];

const pages = ['README.md', ...globSync('docs/*.md', { cwd: root })];
const blocks = pages.flatMap((page) => blocksOf(page).map((block) => ({ page, block })));

/** What stands in angle brackets. */
const placeholders: Readonly<Record<string, string>> = {
  version: '1',
  'key id': '$(basename "$PARAMETER_KMS_ARN")',
};

// The lines are for a new stage: another file may have written its parameters before.
const { Variables } = stack.functions[0]?.Environment ?? {};
const parameters = openParameters(moto, Variables?.PARAMETER_PREFIX ?? '');
await parameters.remove('instances', 'credentials', 'token/1', 'token/2');

// moto would invoke what the rule is for, which it cannot without Docker.
for (const { Name, Targets } of [stack, inject('direct'), inject('canary')].flatMap(
  (one) => one.rules,
)) {
  await bash(['-c', `aws events remove-targets --rule ${Name} --ids ${Targets[0].Id}`]);
}

describe('the lines of', () => {
  let keyArn = '';

  test.each(blocks)('$page run: $block', async ({ block }) => {
    const possible = insteadInMoto.reduce((text, [line, run]) => text.replace(line, run), block);
    const filled = possible.replace(/<([\w ]+)>/g, (whole, name) => placeholders[name] ?? whole);
    const script = `PARAMETER_KMS_ARN=${keyArn}\n${filled}\necho "key $PARAMETER_KMS_ARN"`;

    const { status, stderr, stdout } = await bash(['-euo', 'pipefail', '-c', script]);

    expect([status, stderr]).toEqual([0, '']);
    keyArn = /^key (.*)$/m.exec(stdout)?.[1] ?? '';
    expect(keyArn).toMatch(/^$|^arn:aws:kms:/); // never "None"
  });

  test('the pages are found', () => {
    expect(new Set(blocks.map(({ page }) => page)).size).toBeGreaterThanOrEqual(5);
  });
});

describe('npm run redrive', () => {
  const url = stack.physicalIds.SyncDeadLetterQueue ?? '';
  const redrive = (endpoint: string, action: string, queue = 'sync') =>
    bash(
      [
        '-c',
        `"${process.execPath}" ${root}/cli/redrive.ts ${action} --stage ${stage} --queue ${queue}`,
      ],
      endpoint,
    );

  test('shows what is in the dead-letter queue', async () => {
    await bash(['-c', `aws sqs send-message --queue-url ${url} --message-body '{"runId":"x"}'`]);

    const { status, stdout } = await redrive(moto, 'show');

    expect(status).toBe(0);
    expect(stdout).toContain('1 message in the queue\n');
    expect(stdout).toMatch(/ 1 .*\{"runId":"x"\}$/m);
  });

  // moto does not know StartMessageMoveTask; what is asked is seen all the same.
  test('asks for no more than docs/redrive.md says, with which the messages get back, too', async () => {
    const recorder = await startRecorder(moto);
    for (const action of ['show', 'redrive', 'status']) await redrive(recorder.endpoint, action);
    await redrive(recorder.endpoint, 'show', 'changes');
    await recorder.close();
    const [, rights = ''] =
      /^Required permissions: (.*?)\n\n/ms.exec(read('docs/redrive.md')) ?? [];
    const documented = [...rights.matchAll(/`(sqs:\w+)`/g)].map(([, action]) => action);

    const asked = new Set([...recorder.calls.values()].map(({ action }) => action));

    expect(asked).toContain('sqs:GetQueueUrl');
    expect(asked).toContain('sqs:StartMessageMoveTask');
    expect([...asked].filter((action) => !documented.includes(action))).toEqual([]);
    expect(rights).toMatch(
      /`sqs:SendMessage` on .* the sync queue, or for `changes` the change queue/s,
    );
  });
});

test('docs/iam.md allows whoever deploys what CloudFormation asks of IAM for a role', () => {
  // The handlers of AWS::IAM::Role in AWS's schema of the type, for the properties that our roles have.
  const handlers = [
    ...['CreateRole', 'PutRolePolicy', 'GetRolePolicy', 'TagRole', 'UntagRole', 'GetRole'],
    ...['ListAttachedRolePolicies', 'ListRolePolicies', 'UpdateRole', 'UpdateAssumeRolePolicy'],
    ...['DeleteRolePolicy', 'DeleteRole'],
  ].map((action) => `iam:${action}`);
  const [, policy = ''] = /deploys\n.*?```json\n(.*?)```/s.exec(read('docs/iam.md')) ?? [];
  const { Statement } = JSON.parse(policy) as { Statement: { Sid: string; Action: string[] }[] };

  const roles = Statement.find(({ Sid }) => Sid === 'Roles')?.Action ?? [];

  expect(handlers.filter((action) => !roles.includes(action))).toEqual([]);
});
