import { createHash } from 'node:crypto';
import { type AwsJsonServer, Refusal, startAwsJson } from '../../emulator/aws-json.ts';

interface Input {
  readonly QueueName?: string;
  readonly QueueUrl?: string;
  readonly AttributeNames?: readonly string[];
  readonly MaxNumberOfMessages?: number;
}

export interface DeadLetters extends AwsJsonServer {
  /** Every request, in order. */
  readonly requests: (Input & { readonly operation: string })[];
}

/** SQS as `npm run redrive` sees it: dead-letter queues, each with these messages. */
export async function startDeadLetters(
  queueNames: readonly string[],
  bodies: readonly string[],
): Promise<DeadLetters> {
  const requests: DeadLetters['requests'] = [];
  const answers: Readonly<Record<string, (input: Input) => unknown>> = {
    GetQueueUrl: ({ QueueName = '' }) => {
      if (!queueNames.includes(QueueName)) throw new Refusal('QueueDoesNotExist');
      return { QueueUrl: `${server.endpoint}/000000000000/${QueueName}` };
    },
    GetQueueAttributes: ({ QueueUrl = '' }) => ({
      Attributes: {
        QueueArn: `arn:aws:sqs:eu-central-1:000000000000:${QueueUrl.split('/').at(-1)}`,
        ApproximateNumberOfMessages: String(bodies.length),
      },
    }),
    ReceiveMessage: ({ MaxNumberOfMessages = 1 }) => ({
      Messages: bodies.slice(0, MaxNumberOfMessages).map((Body, index) => ({
        MessageId: `m-${index}`,
        Body,
        MD5OfBody: createHash('md5').update(Body).digest('hex'),
        Attributes: { SentTimestamp: '1764028800000', ApproximateReceiveCount: '6' },
      })),
    }),
    StartMessageMoveTask: () => ({ TaskHandle: 'task' }),
    ListMessageMoveTasks: () => ({
      Results: [
        {
          Status: 'RUNNING',
          StartedTimestamp: 1764028800000,
          ApproximateNumberOfMessagesMoved: 3,
          ApproximateNumberOfMessagesToMove: 7,
        },
      ],
    }),
  };
  const server = await startAwsJson<Input>({
    target: 'AmazonSQS',
    errorPrefix: 'com.amazonaws.sqs#',
    answer: (operation, input) => {
      requests.push({ operation, ...input });
      return answers[operation]?.(input);
    },
  });
  return Object.assign(server, { requests });
}
