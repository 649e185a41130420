import { expect, onTestFinished, test } from 'vitest';
import { startDeadLetters } from '../fakes/dead-letters.ts';
import { runNode } from '../support/process.ts';
import { aws, bare } from '../support/setup.ts';
import { folderWithStages } from '../support/stage.ts';

const queueArn = 'arn:aws:sqs:eu-central-1:000000000000:ddm-sync-prod-sync-dead-letter';

/** `npm run redrive` on the stage prod, which has one dead-letter queue. */
async function redrive(args: readonly string[], queueName = 'ddm-sync-prod-sync-dead-letter') {
  const bodies = Array.from({ length: 12 }, (_, n) => `{"instanceId":"i-${n}","runId":"r"}`);
  const sqs = await startDeadLetters([queueName], bodies);
  onTestFinished(() => sqs.close());
  const ended = await runNode('cli/redrive.ts', args, {
    cwd: folderWithStages({ prod: {} }),
    env: { ...bare, ...aws, AWS_REGION: '', AWS_ENDPOINT_URL_SQS: sqs.endpoint },
  });
  return { ...ended, requests: sqs.requests };
}

test('redrive sends the dead letters of a stage back, at the asked rate', async () => {
  const { requests, status, stdout } = await redrive(['redrive', '--stage', 'prod', '--rate', '5']);

  expect(status).toBe(0);
  expect(requests.at(-1)).toEqual({
    operation: 'StartMessageMoveTask',
    SourceArn: queueArn,
    MaxNumberOfMessagesPerSecond: 5,
  });
  expect(stdout).toContain('go back, up to 5 a second');
});

test.each([
  [[], 'ddm-sync-prod-sync-dead-letter'],
  [['--queue', 'sync'], 'ddm-sync-prod-sync-dead-letter'],
  [['--queue', 'changes'], 'ddm-sync-prod-changes-dead-letter.fifo'],
])('with %j it is about %s', async (rest, name) => {
  const { status } = await redrive(['show', '--stage', 'prod', ...rest], name);

  expect(status).toBe(0);
});

test('show counts the messages, lists ten of them, and deletes none', async () => {
  const { requests, stdout } = await redrive(['show', '--stage', 'prod']);

  expect(stdout).toMatch(/^12 messages in the queue\n/);
  expect(stdout).toContain('  2025-11-25 00:00 UTC         6  {"instanceId":"i-9","runId":"r"}\n');
  expect(stdout).not.toContain('i-10');
  expect(requests.map(({ operation }) => operation)).toEqual([
    'GetQueueUrl',
    'GetQueueAttributes',
    'ReceiveMessage',
  ]);
});

test('status says how far it is', async () => {
  const { stdout } = await redrive(['status', '--stage', 'prod']);

  expect(stdout).toMatch(/ RUNNING +3 +7\n/);
});

test.each([
  [[], /^Say what to do, and where: npm run redrive -- show\|redrive\|status --stage <stage>/],
  [['show'], /^Say what to do/],
  [['drop', '--stage', 'prod'], /^Say what to do/],
  [['show', '--stage', 'pr od'], /^--stage: "pr od" is not a stage/],
  [['redrive', '--stage', 'prod', '--rate', '501'], /^--rate takes a number from 1 to 500/],
  [['redrive', '--stage', 'prod', '--queue', 'follow'], /^--queue takes sync or changes/],
  [
    ['show', '--stage', 'prod', '--queue', 'changes'],
    /^ddm-sync-prod-changes-dead-letter\.fifo: .*Check the stage, and the AWS region and profile/,
  ],
])('refuses %j with one line', async (args, message) => {
  const { status, stderr } = await redrive(args);

  expect(status).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^[^\n]+\n$/);
});
