import { onTestFinished } from 'vitest';
import { type SmnEnvelope, type SmnOptions, type SmnServer, startSmn } from '../../emulator/smn.ts';
import { parseConfig } from '../../lib/config.ts';
import { RequestError } from '../../lib/errors.ts';
import { createHttpClient, type HttpClient } from '../../lib/huawei/http.ts';
import { createSmn, type Smn } from '../../lib/smn/signature.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';

/** A server that ends with the test. */
export async function startTestSmn(options: SmnOptions = {}): Promise<SmnServer> {
  const server = await startSmn(options);
  onTestFinished(() => server.close());
  return server;
}

export interface Receiver {
  readonly smn: Smn;
  readonly clock: FakeClock;
  /** Time of the fake clock, as SMN writes it. */
  timestamp(aheadMs?: number): string;
  verify(envelope: SmnEnvelope | string, messageType?: string): ReturnType<Smn['verify']>;
  /** Status and reason of what must be refused. */
  refusal(envelope: SmnEnvelope | string, messageType?: string): Promise<Refusal>;
}

interface Refusal {
  readonly statusCode: number;
  readonly reason: string;
}

export interface ReceiverOptions {
  readonly topicUrns: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** @default real connections, and a configuration on loopback that allows them */
  readonly http?: HttpClient;
}

/** The receiving side in fake time. */
export function createReceiver({ env, http, topicUrns }: ReceiverOptions): Receiver {
  const clock = createFakeClock();
  const config = parseConfig({
    DDM_ENDPOINT: http ? 'https://ddm.eu-de.otc.t-systems.com' : 'http://127.0.0.1:1',
    DDM_PROJECT_ID: 'project',
    PARAMETER_PREFIX: '/ddm-sync/test',
    SMN_TOPIC_URNS: topicUrns.join(','),
    ...env,
  });
  const connect = (): HttpClient => http ?? createHttpClient({ maxConnections: 2 });
  const smn = createSmn({ clock, config, connect });
  const verify: Receiver['verify'] = (envelope, messageType) => {
    const body = typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
    return smn.verify({ body, messageType }, new AbortController().signal);
  };
  return {
    smn,
    clock,
    timestamp: (aheadMs = 0) => toTimestamp(clock.now() + aheadMs),
    verify,
    refusal: async (envelope, messageType) => {
      const error: unknown = await verify(envelope, messageType).catch((caught: unknown) => caught);
      if (!(error instanceof RequestError)) throw new TypeError('the message was not refused');
      return { statusCode: error.statusCode, reason: error.reason };
    },
  };
}

/** A date as SMN writes it, without milliseconds. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
