import { SQSClient } from '@aws-sdk/client-sqs';
import { readStage, type Stage } from '../infra/stage.ts';
import { matching, OptionError, oneOf, runCommand, seeHelp } from './options.ts';
import { actions, workOn } from './redrive/dead-letters.ts';
import { readStageName } from './stages.ts';

const redriveCommand = {
  name: 'redrive',
  operands: Object.keys(actions).join('|'),
  about: `Works on a dead-letter queue of a stage: "show" lists up to 10 of its messages, "redrive" sends all of them
back to where they came from, "status" says how far that is. docs/redrive.md says when to do it.`,
  options: {
    stage: { example: 'prod', help: 'the stage', read: readStageName },
    queue: {
      example: 'changes',
      help: 'sync, or changes: messages from watch, changed and smn',
      default: 'sync',
      read: oneOf('sync', 'changes'),
    },
    rate: {
      example: '5',
      help: 'messages a second to send back, 1 to 500',
      default: '50',
      read: matching(/^([1-9]\d?|[1-4]\d\d|500)$/, 'a number from 1 to 500', Number),
    },
  },
  notes: 'AWS region and credentials are those of stages/<stage>.env, or else of the environment.',
} as const;

const queueNames = { sync: 'sync-dead-letter', changes: 'changes-dead-letter.fifo' };
const { env, stdout } = process;

await runCommand(redriveCommand, async ({ operands, queue, rate, stage: name }) => {
  const [asked, ...more] = operands;
  const [, action] = Object.entries(actions).find(([one]) => one === asked) ?? [];
  if (action === undefined || more.length > 0 || name === undefined) {
    throw new OptionError(
      `Say what to do, and where: npm run redrive -- ${redriveCommand.operands} --stage <stage>; ${seeHelp(redriveCommand)}`,
    );
  }
  const stage = readStage(name, env);
  const lines = await workOn(createClient(stage), action, {
    name: `ddm-sync-${stage.name}-${queueNames[queue]}`,
    rate,
  });
  stdout.write(`${lines.join('\n')}\n`);
  return 0;
});

function createClient({ env: { AWS_PROFILE, AWS_REGION } }: Stage): SQSClient {
  return new SQSClient({
    ...(AWS_REGION && { region: AWS_REGION }),
    ...(AWS_PROFILE && { profile: AWS_PROFILE }),
  });
}
