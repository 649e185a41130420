import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { inject } from 'vitest';
import type { Cloud } from '../../emulator/cloud.ts';
import { startEventSource } from '../../emulator/event-source.ts';
import { type LambdaOptions, startLambda } from '../../emulator/lambda.ts';
import type { InvocationResult } from '../../emulator/runtime-api.ts';
import { createSqsClient } from '../../lib/aws/queue.ts';
import type { FunctionName } from '../support/packaged.ts';
import { account, anybody, awsEnvironment, region } from './moto.ts';
import { startRecorder } from './recorder.ts';
import type { Stack } from './stack.ts';

export type Line = Readonly<Record<string, unknown>>;

/** What a function asked AWS for, as its permission is named. */
export interface FunctionCall {
  readonly caller: string;
  readonly action: unknown;
  readonly resource: unknown;
}

/** A stack whose functions run here with their own roles: AWS is moto, Huawei's side is the embedded cloud. */
export interface Deployment {
  /** The permissions that the functions needed so far. */
  calls(): readonly FunctionCall[];
  /** All that the functions have printed. */
  readonly lines: Line[];
  invoke(name: FunctionName, event: unknown, env?: Environment): Promise<InvocationResult>;
  /** Has a function work on a queue, named by its logical id, until it is empty or has only delayed messages. */
  drain(
    queue: string,
    name: 'worker' | 'follow',
    options?: { readonly leaveDelayed?: boolean },
  ): Promise<void>;
  /** How many messages a queue has: waiting, delayed and in flight. */
  count(queue: string, options?: { readonly delayed?: boolean }): Promise<number>;
  close(): Promise<void>;
}

const drainMs = 40_000;

type Environment = Readonly<Record<string, string>>;

export async function openDeployment(stack: Stack, cloud: Cloud): Promise<Deployment> {
  const endpoint = inject('moto');
  const runtime = inject('runtimeClient');
  const recorder = await startRecorder(endpoint);
  const lines: Line[] = [];
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = anybody;
  const sqs = createSqsClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  const queueUrl = (id: string) => {
    const url = stack.physicalIds[id] ?? '';
    return `${recorder.endpoint}/${account}/${url.slice(url.lastIndexOf('/') + 1)}`;
  };

  const optionsOf = (name: FunctionName, env: Environment = {}): LambdaOptions => {
    const found = stack.functions.find(({ Key }) => Key === name);
    if (!found) throw new TypeError(`the stack has no function ${name}`);
    return {
      functionName: name,
      taskRoot: stack.taskRoot,
      timeoutMs: found.Timeout * 1_000,
      ...(runtime && { runtime }),
      env: {
        ...found.Environment.Variables,
        DDM_ENDPOINT: cloud.ddm.endpoint,
        IAM_ENDPOINT: cloud.iam.endpoint,
        CTS_ENDPOINT: cloud.cts.endpoint,
        SYNC_QUEUE_URL: queueUrl('SyncQueue'),
        CHANGE_QUEUE_URL: queueUrl('ChangeQueue'),
        FOLLOW_QUEUE_URL: queueUrl('FollowQueue'),
        SYNC_RATE_PER_SECOND: '1000',
        ...awsEnvironment(recorder.endpoint, found.Credentials),
        ...env,
      },
      // The runtime client itself prints an error as text.
      onLine: (line) => line.startsWith('{') && lines.push(JSON.parse(line)),
    };
  };

  const count: Deployment['count'] = async (queue, { delayed = true } = {}) => {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: stack.physicalIds[queue],
        AttributeNames: ['All'],
      }),
    );
    return Object.entries(Attributes)
      .filter(([name]) => name.startsWith('ApproximateNumberOfMessages'))
      .filter(([name]) => delayed || !name.endsWith('Delayed'))
      .reduce((sum, [, value]) => sum + Number(value), 0);
  };

  const callers = new Map(
    stack.functions.map(({ Credentials, Key }) => [Credentials.AccessKeyId, Key]),
  );

  return {
    lines,
    count,
    calls: () =>
      [...recorder.calls.values()].map(({ accessKeyId, action, resource }) => ({
        caller: callers.get(accessKeyId) ?? 'nobody',
        action,
        resource,
      })),
    invoke: async (name, event, env) => {
      const lambda = await startLambda(optionsOf(name, env));
      const result = await lambda.invoke(event);
      await nextTurn(); // what it printed comes through pipes, beside the answer
      await lambda.stop();
      return result;
    },
    drain: async (queue, name, { leaveDelayed = false } = {}) => {
      const source = startEventSource({
        queueUrl: queueUrl(queue),
        functionName: name,
        worker: optionsOf(name),
        maximumConcurrency: 1,
        batchSize: queue === 'ChangeQueue' ? 10 : 100,
        batchWindowMs: 200,
      });
      const until = Date.now() + drainMs;
      const isBusy = async () => (await count(queue, { delayed: !leaveDelayed })) > 0;
      while (Date.now() < until && (await isBusy())) await sleep(200);
      await source.stop();
    },
    close: () => recorder.close(),
  };
}

/** The ARN of a queue, by its logical id. */
export function queueArn({ physicalIds }: Stack, queue: string): string {
  return `arn:aws:sqs:${region}:${account}:${physicalIds[queue]?.split('/').at(-1)}`;
}
