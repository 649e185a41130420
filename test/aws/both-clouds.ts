import { startSqs } from '../../emulator/sqs.ts';
import { startSsm } from '../../emulator/ssm.ts';
import { account, region } from './moto.ts';

export type Input = Readonly<Record<string, unknown>>;

/** The same call to moto and to the embedded cloud. */
export interface BothClouds {
  ask(operation: string, input: Input): Promise<{ readonly moto: unknown; readonly ours: unknown }>;
  /** The same, each with the receipt handle of its own last received message. */
  askAboutLast(operation: string, entry: Input): ReturnType<BothClouds['ask']>;
  close(): Promise<void>;
}

const standardQueue = 'embedded-cloud';
const fifoQueue = 'embedded-cloud.fifo';

export async function openBothClouds(moto: string): Promise<BothClouds> {
  const ssm = await startSsm();
  const sqs = await startSqs({
    queues: [
      { name: standardQueue, visibilityTimeoutSeconds: 30 },
      { name: fifoQueue, visibilityTimeoutSeconds: 30, fifo: { delaySeconds: 0 } },
    ],
  });
  await post(moto, 'SQS.CreateQueue', { QueueName: standardQueue });
  const Attributes = { FifoQueue: 'true', DeduplicationScope: 'messageGroup' };
  await post(moto, 'SQS.CreateQueue', { QueueName: fifoQueue, Attributes });
  const handles = { moto: '', ours: '' };

  const askEach = async (operation: string, inputOf: (side: 'moto' | 'ours') => Input) => {
    const [service] = operation.split('.');
    const endpoints = { moto, ours: service === 'SSM' ? ssm.endpoint : sqs.endpoint };
    const ask = async (side: 'moto' | 'ours'): Promise<unknown> => {
      const input = inputOf(side);
      const queue = input.queue ?? standardQueue;
      const QueueUrl = service === 'SQS' && `${endpoints[side]}/${account}/${queue}`;
      const answer = await post(endpoints[side], operation, {
        ...input,
        ...(QueueUrl && { QueueUrl }),
      });
      handles[side] = answer.Messages?.[0]?.ReceiptHandle ?? handles[side];
      return comparable(answer);
    };
    return { moto: await ask('moto'), ours: await ask('ours') };
  };

  return {
    ask: (operation, input) => askEach(operation, () => input),
    askAboutLast: (operation, entry) =>
      askEach(operation, (side) => ({
        Entries: [{ Id: '1', ReceiptHandle: handles[side], ...entry }],
      })),
    close: async () => {
      await Promise.all([ssm.close(), sqs.close()]);
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
async function post(endpoint: string, operation: string, input: Input): Promise<any> {
  const service = operation.slice(0, 3).toLowerCase();
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': `Amazon${operation}`,
      Authorization: `AWS4-HMAC-SHA256 Credential=anybody/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  });
  const text = await answer.text();
  return text.startsWith('{') ? JSON.parse(text) : { __type: `#status ${answer.status}` };
}

const random =
  /^(MessageId|ReceiptHandle|SequenceNumber|ARN|LastModifiedDate|SentTimestamp|SenderId)$/;
const explaining = /^(Message|message|ApproximateFirstReceiveTimestamp)$/;

/** An error is its type; what differs from call to call is only there or not; and there is no explanation. */
function comparable(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(comparable);
  if (typeof answer !== 'object' || answer === null) return answer;
  const fields = Object.entries(answer);
  const [, type] = fields.find(([name]) => name === '__type') ?? [];
  if (type) return { error: String(type).replace(/.*#/, '') };
  return Object.fromEntries(
    fields
      .filter(([name]) => !explaining.test(name))
      .map(([name, value]) => [name, random.test(name) ? 'some' : comparable(value)]),
  );
}
