import { afterAll, beforeEach, onTestFinished } from 'vitest';
import { type SmnEnvelope, type SmnOptions, type SmnServer, startSmn } from '../../emulator/smn.ts';
import { RequestError } from '../../lib/errors.ts';
import { createHttpClient, type HttpClient } from '../../lib/huawei/http.ts';
import { type Receipt, receiveNotification } from '../../lib/smn/receive.ts';
import type { VerifiedMessage } from '../../lib/smn/signature.ts';
import { createFakeQueue, type FakeQueue } from '../fakes/queue.ts';
import { createTestApp, type TestApp } from './app.ts';
import { deadlineIn } from './deadline.ts';

/** A server that ends with the test. */
export async function startTestSmn(options: SmnOptions = {}): Promise<SmnServer> {
  const server = await startSmn(options);
  onTestFinished(() => server.close());
  return server;
}

/** A server for all tests of a file; each begins without faults and requests. */
export async function shareSmn(): Promise<SmnServer> {
  const server = await startSmn();
  beforeEach(() => {
    server.requests.length = 0;
    server.fault = () => undefined;
  });
  afterAll(() => server.close());
  return server;
}

export interface Receiver {
  readonly app: TestApp;
  readonly queue: FakeQueue;
  /** A message as the server posts it, at the time of the fake clock. */
  sign(fields?: Parameters<SmnServer['sign']>[0], aheadMs?: number): SmnEnvelope;
  verify(envelope: SmnEnvelope | string, messageType?: string): Promise<VerifiedMessage>;
  /** How `verify` refuses it. */
  refusal(envelope: SmnEnvelope | string, messageType?: string): Promise<Refusal>;
  receive(envelope: SmnEnvelope | string): Promise<Receipt>;
}

interface Refusal {
  readonly statusCode: number;
  readonly reason: string;
}

export interface ReceiverOptions {
  /** @default the topic of the server */
  readonly topicUrns?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** @default real connections, and a configuration on loopback that allows them */
  readonly http?: HttpClient;
  readonly queue?: FakeQueue;
}

/** The receiving side in fake time. */
export function createReceiver(
  server: SmnServer,
  { env, http, queue = createFakeQueue(), topicUrns = [server.topicUrn] }: ReceiverOptions = {},
): Receiver {
  const app = createTestApp({
    http: () => http ?? createHttpClient({ maxConnections: 2 }),
    changeQueue: queue,
    env: {
      DDM_ENDPOINT: http ? 'https://ddm.eu-de.otc.t-systems.com' : 'http://127.0.0.1:1',
      SMN_TOPIC_URNS: topicUrns.join(','),
      ...env,
    },
  });
  const verify: Receiver['verify'] = (envelope, messageType) =>
    app.smn.verify({ body: bodyOf(envelope), messageType }, new AbortController().signal);
  return {
    app,
    queue,
    sign: (fields, aheadMs = 0) =>
      server.sign({ timestamp: toTimestamp(app.clock.now() + aheadMs), ...fields }),
    verify,
    refusal: (envelope, messageType) => refusalOf(verify(envelope, messageType)),
    receive: (envelope) => {
      const run = { runId: 'run-1', deadline: deadlineIn(3_000, app.clock) };
      return receiveNotification(app, { body: bodyOf(envelope), messageType: undefined }, run);
    },
  };
}

function bodyOf(envelope: SmnEnvelope | string): string {
  return typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
}

async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await work.catch((caught: unknown) => caught);
  if (!(error instanceof RequestError)) throw new TypeError('the message was not refused');
  return { statusCode: error.statusCode, reason: error.reason };
}

/** The status that the sender sees: 200, or that of the refusal. */
export async function statusOf(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 200;
  } catch (error) {
    if (error instanceof RequestError) return error.statusCode;
    throw error;
  }
}

/** A date as SMN writes it, without milliseconds. */
function toTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
