import { expect, test } from 'vitest';
import { runBash } from '../support/process.ts';

const queueArn = 'arn:aws:sqs:eu-central-1:123456789012:ddm-sync-prod-sync-dead-letter';

/** The script with an AWS CLI that knows one queue. */
function redrive(...args: string[]) {
  const aws = `case "$2 $*" in
  get-queue-url*) echo https://sqs.eu-central-1.amazonaws.com/123456789012/dead ;;
  *QueueArn*) echo ${queueArn} ;;
  get-queue-attributes*) echo 7 ;;
esac`;
  return runBash('infra/redrive.sh', args, { commands: { aws } });
}

test('redrive sends the dead letters of a stage back, at the asked rate', () => {
  const { calls, status } = redrive('redrive', 'prod', '5');

  expect(status).toBe(0);
  expect(calls[0]).toContain('get-queue-url --queue-name ddm-sync-prod-sync-dead-letter');
  expect(calls.at(-1)).toBe(
    `aws sqs start-message-move-task --source-arn ${queueArn} --max-number-of-messages-per-second 5`,
  );
});

test.each([
  [[], 'ddm-sync-prod-sync-dead-letter'],
  [['50', 'sync'], 'ddm-sync-prod-sync-dead-letter'],
  [['50', 'changes'], 'ddm-sync-prod-changes-dead-letter.fifo'],
])('with %j it is about %s', (rest, name) => {
  const { calls, status } = redrive('show', 'prod', ...rest);

  expect(status).toBe(0);
  expect(
    calls[0]?.endsWith(`get-queue-url --queue-name ${name} --query QueueUrl --output text`),
  ).toBe(true);
});

test('show counts and lists the messages and deletes none', () => {
  const { calls, status, stdout } = redrive('show', 'prod');

  expect(status).toBe(0);
  expect(stdout).toContain('messages: 7');
  expect(calls.join('\n')).toContain('receive-message');
  expect(calls.join('\n')).not.toContain('delete');
});

test.each([
  [[]],
  [['redrive']],
  [['drop', 'prod']],
  [['redrive', 'pr od']],
  [['redrive', 'prod', '501']],
  [['redrive', 'prod', '5', 'follow']],
])('refuses %j with its usage', (args) => {
  const { status, stderr } = redrive(...args);

  expect(status).toBe(2);
  expect(stderr).toContain('usage: infra/redrive.sh');
});
