import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Lambda, type LambdaOptions, startLambda } from './lambda.ts';

export interface EventSourceOptions {
  readonly queueUrl: string;
  readonly worker: Omit<LambdaOptions, 'functionName'>;
  /** What the workers run. @default 'worker' */
  readonly functionName?: 'worker' | 'follow';
  /** Workers that run at the same time, as maximumConcurrency of the event source. */
  readonly maximumConcurrency: number;
  readonly batchSize: number;
  readonly batchWindowMs: number;
  /** Called after each batch was given to a worker: true kills that worker in the middle of it. */
  readonly kill?: () => boolean;
  /** Called after each batch: true leaves what succeeded in the queue, to be delivered again. */
  readonly redeliver?: () => boolean;
}

export interface EventSource {
  readonly stats: { batches: number; killed: number; redelivered: number };
  stop(): Promise<void>;
}

const maxBatchEntries = 10; // of SQS' receive and delete calls

/**
 * What Lambda's event source mapping does for SQS: workers that receive, invoke, and delete what was not
 * returned in batchItemFailures.
 */
export function startEventSource(options: EventSourceOptions): EventSource {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = options.worker.env;
  const sqs = new SQSClient({
    endpoint: new URL(options.queueUrl).origin,
    region: 'eu-central-1',
    // As on AWS, it receives with the function's role.
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID ?? 'local',
      secretAccessKey: AWS_SECRET_ACCESS_KEY ?? 'local',
      ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    },
  });
  const source = { stats: { batches: 0, killed: 0, redelivered: 0 }, stopped: false };
  const workers = Array.from({ length: options.maximumConcurrency }, () =>
    work(sqs, options, source),
  );
  return {
    stats: source.stats,
    stop: async () => {
      source.stopped = true;
      await Promise.all(workers);
      sqs.destroy();
    },
  };
}

interface Source {
  readonly stats: { batches: number; killed: number; redelivered: number };
  stopped: boolean;
}

async function work(sqs: SQSClient, options: EventSourceOptions, source: Source): Promise<void> {
  const { functionName = 'worker', worker } = options;
  let lambda: Lambda | undefined;
  while (!source.stopped) {
    const batch = await receiveBatch(sqs, options, source);
    if (batch.length === 0) continue;
    lambda ??= await startLambda({ ...worker, functionName });
    const invocation = lambda.invoke(toEvent(batch, options.queueUrl));
    source.stats.batches += 1;
    if (options.kill?.()) {
      source.stats.killed += 1;
      await sleep(50);
      await lambda.kill();
    }
    const result = await invocation;
    if (!result.ok) {
      await lambda.stop();
      lambda = undefined;
      continue; // the whole batch comes back after its visibility timeout
    }
    if (options.redeliver?.()) source.stats.redelivered += batch.length;
    else await deleteDone(sqs, options.queueUrl, batch, result.response);
  }
  await lambda?.stop();
}

/** Receives a full batch, or what arrives within the window after the first message. */
async function receiveBatch(
  sqs: SQSClient,
  { batchSize, batchWindowMs, queueUrl }: EventSourceOptions,
  source: Source,
): Promise<readonly Message[]> {
  const batch: Message[] = [];
  let closesAt = Number.POSITIVE_INFINITY;
  while (!source.stopped && batch.length < batchSize && Date.now() < closesAt) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: Math.min(maxBatchEntries, batchSize - batch.length),
        MessageSystemAttributeNames: ['All'],
      }),
    );
    batch.push(...Messages);
    if (batch.length > 0) closesAt = Math.min(closesAt, Date.now() + batchWindowMs);
    if (Messages.length === 0) await sleep(20);
  }
  return batch;
}

function toEvent(batch: readonly Message[], queueUrl: string): unknown {
  return {
    Records: batch.map((message) => ({
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes,
      messageAttributes: {},
      md5OfBody: message.MD5OfBody,
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:eu-central-1:000000000000:${queueUrl.split('/').at(-1)}`,
      awsRegion: 'eu-central-1',
    })),
  };
}

async function deleteDone(
  sqs: SQSClient,
  queueUrl: string,
  batch: readonly Message[],
  response: unknown,
): Promise<void> {
  const { batchItemFailures = [] } = (response ?? {}) as {
    batchItemFailures?: readonly { readonly itemIdentifier: string }[];
  };
  const returned = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  const done = batch.filter(({ MessageId = '' }) => !returned.has(MessageId));
  for (let from = 0; from < done.length; from += maxBatchEntries) {
    const entries = done.slice(from, from + maxBatchEntries);
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: entries.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
      }),
    );
  }
}
