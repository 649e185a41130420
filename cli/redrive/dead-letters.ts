import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { formatTime, layOutTable, plural } from '../format.ts';
import { OptionError } from '../options.ts';

interface Task {
  readonly name: string;
  readonly rate: number;
}

type Action = (client: SQSClient, queueUrl: string, task: Task) => Promise<readonly string[]>;

/** What a person can do with a dead-letter queue. */
export const actions: Readonly<Record<string, Action>> = { show, redrive, status };

/** Does it to the queue of that name; resolves with what to print. @throws {OptionError} */
export async function workOn(
  client: SQSClient,
  action: Action,
  task: Task,
): Promise<readonly string[]> {
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: task.name }));
    return await action(client, QueueUrl ?? '', task);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new OptionError(`${task.name}: ${error.message.split('\n')[0]}. ${remedyOf(error)}`, {
      cause: error,
    });
  }
}

function remedyOf(error: Error): string {
  return error instanceof QueueDoesNotExist
    ? 'Check the stage, and the AWS region and profile of its file'
    : 'Check the AWS credentials and their permissions (docs/redrive.md)';
}

async function show(client: SQSClient, QueueUrl: string): Promise<readonly string[]> {
  const counted = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 30,
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
    }),
  );
  const rows = Messages.map(({ Attributes = {}, Body = '' }) => [
    formatTime(new Date(Number(Attributes.SentTimestamp))),
    Attributes.ApproximateReceiveCount ?? '',
    Body,
  ]);
  const count = Number(counted.Attributes?.ApproximateNumberOfMessages ?? 0);
  return [
    `${plural(count, 'message')} in the queue`,
    ...(rows.length > 0 ? layOutTable(['sent', 'received', 'message'], rows) : []),
    'Logs Insights: filter runId = "…" and instanceId = "…" | sort @timestamp desc | display @timestamp, status, errCode, advice',
  ];
}

async function redrive(
  client: SQSClient,
  queueUrl: string,
  { name, rate }: Task,
): Promise<readonly string[]> {
  const SourceArn = await readArn(client, queueUrl);
  await client.send(
    new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond: rate }),
  );
  return [`The messages of ${name} go back, up to ${rate} a second`];
}

async function status(client: SQSClient, queueUrl: string): Promise<readonly string[]> {
  const SourceArn = await readArn(client, queueUrl);
  const { Results = [] } = await client.send(new ListMessageMoveTasksCommand({ SourceArn }));
  const rows = Results.map((task) => [
    formatTime(new Date(task.StartedTimestamp ?? 0)),
    task.Status ?? '',
    String(task.ApproximateNumberOfMessagesMoved ?? 0),
    String(task.ApproximateNumberOfMessagesToMove ?? ''),
    task.FailureReason ?? '',
  ]);
  const head = ['started', 'status', 'moved', 'to move', 'reason'];
  return rows.length > 0 ? layOutTable(head, rows) : ['Nothing was sent back so far'];
}

async function readArn(client: SQSClient, QueueUrl: string): Promise<string | undefined> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  return Attributes?.QueueArn;
}
