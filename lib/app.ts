import type { OwnerStore } from './aws/owner-store.ts';
import { createParameterStore, createSsmClient } from './aws/parameter-store.ts';
import { createParameters, type Parameters } from './aws/parameters.ts';
import { createQueue, createSqsClient, type Queue } from './aws/queue.ts';
import { createDataNodeOwners, type DataNodeOwners } from './changes/data-node-owners.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Config, parseConfig } from './config.ts';
import { ConfigError } from './errors.ts';
import { createHttpClient, type HttpClient } from './huawei/http.ts';
import { createLog, type Log, logger } from './log.ts';
import { createSmn, type Smn } from './smn/signature.ts';
import { createDiscoveredFleet, createListedFleet, type Fleets } from './sync/fleet.ts';
import { createPace, type Pace } from './sync/pace.ts';

/** Every side effect of the service; one per execution environment. */
export interface App extends Fleets {
  readonly config: Config;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly parameters: Parameters;
  readonly dataNodeOwners: DataNodeOwners;
  /** Shared by the runs of the environment, so that each begins with what the last one learned. */
  readonly pace: Pace;
  /** Huawei's notifications; keeps certificates and the ids of messages it has handled. */
  readonly smn: Smn;
  /** Connections to Huawei's side for one invocation; the caller closes them. */
  connect(): HttpClient;
  readonly syncQueue: Queue | undefined;
  readonly changeQueue: Queue | undefined;
  /** Queue of accepted syncs, which are checked until they end. */
  readonly followQueue: Queue | undefined;
  readonly ctsEndpoint: string | undefined;
  readonly iamEndpoint: string | undefined;
}

/** The parts of an App that may be missing, each with the setting that provides it. */
const settingOf = {
  syncQueue: 'SYNC_QUEUE_URL',
  changeQueue: 'CHANGE_QUEUE_URL',
  followQueue: 'FOLLOW_QUEUE_URL',
  ctsEndpoint: 'CTS_ENDPOINT',
  iamEndpoint: 'IAM_ENDPOINT',
} as const satisfies Partial<Record<keyof App, string>>;

export type Need = keyof typeof settingOf;

/** An App that has what a function needs. */
export type AppWith<Needs extends Need> = App & {
  readonly [Name in Needs]: NonNullable<App[Name]>;
};

/** @throws {ConfigError} that names every missing setting */
export function requireNeeds<Needs extends Need>(
  app: App,
  needs: readonly Needs[],
): asserts app is AppWith<Needs> {
  const missing = needs.filter((need) => app[need] === undefined);
  if (missing.length === 0) return;
  throw new ConfigError(
    missing.map((need) => `${settingOf[need]} is not set: this function needs it`),
  );
}

/** What the workers share in a bucket. It is loaded when it is used: the client of S3 is as large as a function. */
function openOwners(bucket: string): OwnerStore {
  let opened: Promise<OwnerStore> | undefined;
  const open = () => {
    opened ??= import('./aws/owner-store.ts').then((late) => late.openOwnerStore(bucket));
    return opened;
  };
  return {
    read: async (signal) => (await open()).read(signal),
    write: async (text, signal) => (await open()).write(text, signal),
  };
}

/** Wires the real dependencies. @throws {ConfigError} */
export function createApp(env: Readonly<Record<string, string | undefined>>): App {
  const config = parseConfig(env);
  const side = { clock: systemClock, random: Math.random };
  const queueAt = (url: string | undefined) =>
    url === undefined ? undefined : createQueue(createSqsClient(), url);
  const ssm = createSsmClient();
  const parameters = createParameters({
    openStore: (signal) => createParameterStore(ssm, signal, config.parameterKmsArn),
    prefix: config.parameterPrefix,
    authMode: config.authMode,
    clock: systemClock,
  });
  const pace = createPace({
    maxConcurrency: config.syncConcurrency,
    maxPerSecond: config.syncRatePerSecond,
    ...side,
  });
  const owners = config.ownersBucket === undefined ? undefined : openOwners(config.ownersBucket);
  const connect = () => createHttpClient({ maxConnections: config.syncConcurrency });
  return {
    config,
    ...side,
    log: createLog(logger, { ddmEndpoint: config.ddmEndpoint, projectId: config.projectId }),
    parameters,
    ...(config.ddmDiscovery
      ? createDiscoveredFleet({ config, parameters, connect, pace, ...side })
      : createListedFleet(parameters)),
    dataNodeOwners: createDataNodeOwners(systemClock, owners),
    pace,
    smn: createSmn({ clock: systemClock, config, connect }),
    connect,
    syncQueue: queueAt(config.syncQueueUrl),
    changeQueue: queueAt(config.changeQueueUrl),
    followQueue: queueAt(config.followQueueUrl),
    ctsEndpoint: config.ctsEndpoint,
    iamEndpoint: config.iamEndpoint,
  };
}
