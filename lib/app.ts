import { createSsmClient, createStore } from './aws/parameter-store.ts';
import { createParameters, type Parameters } from './aws/parameters.ts';
import { createQueue, createSqsClient, type Queue } from './aws/queue.ts';
import { createTopology, type Topology } from './changes/data-node-owners.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Config, parseConfig } from './config.ts';
import { createHttpClient, type HttpClient } from './huawei/http.ts';
import { createRunLog, logger } from './log.ts';
import { createSmn, type Smn } from './smn/signature.ts';
import { createDiscovery, type FleetSource } from './sync/fleet.ts';
import type { RunLog } from './sync/ledger.ts';
import { createRateLimiter, type RateLimiter } from './sync/pace.ts';

/** Every side effect of the service; one per execution environment. */
export interface App {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: RunLog;
  readonly parameters: Parameters;
  /** The instances that the service is for: those of the parameter store, or of the list API. */
  readonly fleet: FleetSource;
  /** Which instances have which data nodes. */
  readonly topology: Topology;
  /** Absent without SYNC_QUEUE_URL. */
  readonly queue?: Queue | undefined;
  /** Absent without CHANGE_QUEUE_URL. */
  readonly changeQueue?: Queue | undefined;
  /** Where accepted syncs go, to be followed until their end; absent without FOLLOW_QUEUE_URL. */
  readonly followQueue?: Queue | undefined;
  /** Shared by the runs of the environment, so that each begins with what the last one learned. */
  readonly limiter: RateLimiter;
  /** Huawei's notifications; keeps certificates, and which messages it has had. */
  readonly smn: Smn;
  /** Connections to Huawei's side for one invocation; the caller closes them. */
  connect(): HttpClient;
}

/** Wires the real dependencies. @throws {ConfigError} */
export function createApp(env: Readonly<Record<string, string | undefined>>): App {
  const config = parseConfig(env);
  const side = { clock: systemClock, random: Math.random };
  const queueAt = (url: string | undefined) =>
    url ? createQueue({ sqs: createSqsClient(), url, ...side }) : undefined;
  const parameters = createParameters({
    store: createStore(createSsmClient(), config.parameterKmsArn),
    prefix: config.parameterPrefix,
    authMode: config.authMode,
    clock: systemClock,
  });
  const limiter = createRateLimiter({
    maxConcurrency: config.syncConcurrency,
    maxPerSecond: config.syncRatePerSecond,
    clock: systemClock,
  });
  const connect = () => createHttpClient({ maxConnections: config.syncConcurrency });
  return {
    config,
    ...side,
    log: createRunLog(logger),
    parameters,
    fleet: config.ddmDiscovery
      ? createDiscovery({ config, parameters, connect, limiter, ...side })
      : () => parameters.fleet(),
    topology: createTopology(systemClock),
    queue: queueAt(config.syncQueueUrl),
    changeQueue: queueAt(config.changeQueueUrl),
    followQueue: queueAt(config.followQueueUrl),
    limiter,
    smn: createSmn({ clock: systemClock, config, connect }),
    connect,
  };
}
