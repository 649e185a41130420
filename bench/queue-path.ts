import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startEventSource } from '../emulator/event-source.ts';
import { startLambda } from '../emulator/lambda.ts';
import { startCloudProcess } from './processes.ts';

export interface QueuePathOptions {
  readonly instances: number;
  /** What the service takes, and what the workers are set to together. */
  readonly perSecond: number;
  readonly workers: number;
}

const taskRoot = fileURLToPath(new URL('..', import.meta.url));

/** Dispatches a fleet, then measures its way through the queue and the packaged workers. */
export async function measureQueuePath({ instances, perSecond, workers }: QueuePathOptions) {
  const cloud = { instances, latencyMs: 50, throttlePerSecond: perSecond };
  const server = await startCloudProcess(cloud);
  const env = {
    ...server.env,
    SYNC_QUEUE_URL: server.queueUrl,
    SYNC_INLINE_MAX: '0',
    SYNC_RATE_PER_SECOND: String(perSecond / workers),
  };
  const onLine = (): void => {};
  const scheduled = await startLambda({ functionName: 'scheduled', taskRoot, env, onLine });
  await scheduled.invoke({});
  await scheduled.stop();
  const startedAt = performance.now();
  const source = startEventSource({
    queueUrl: server.queueUrl,
    worker: { taskRoot, env, onLine, timeoutMs: 60_000 },
    maximumConcurrency: workers,
    batchSize: 100,
    batchWindowMs: 5_000,
  });
  await drained(server.env.AWS_ENDPOINT_URL_SQS, server.queueUrl);
  const durationMs = performance.now() - startedAt;
  await source.stop();
  const answer = await fetch(`${server.env.DDM_ENDPOINT}/_stats`);
  const { accepted, calls, throttled } = JSON.parse(await answer.text());
  server.stop();
  return { accepted, calls, throttled, durationMs };
}

async function drained(endpoint: string, queueUrl: string): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = new SQSClient({ endpoint, region: 'eu-central-1', credentials });
  for (;;) {
    const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] });
    const { Attributes = {} } = await sqs.send(command);
    const left = Object.entries(Attributes).filter(
      ([name, count]) => name.startsWith('ApproximateNumber') && count !== '0',
    );
    if (left.length === 0) break;
    await sleep(200);
  }
  sqs.destroy();
}
