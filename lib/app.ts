import { createParameters, createSsmClient, type Parameters } from './aws/parameters.ts';
import { type Clock, systemClock } from './clock.ts';
import { createHttpClient, type HttpClient } from './cloud/http.ts';
import { type Config, parseConfig } from './config.ts';
import type { Queue } from './dispatch.ts';
import type { RunLog } from './ledger.ts';
import { createRunLog, logger } from './logger.ts';

/** Every side effect of the service; one per execution environment. */
export interface App {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: RunLog;
  readonly parameters: Parameters;
  readonly queue?: Queue;
  /** Connections to DDM for one invocation; the caller closes them. */
  connect(): HttpClient;
}

/** Wires the real dependencies. @throws {ConfigError} */
export const createApp = (env: Readonly<Record<string, string | undefined>>): App => {
  const config = parseConfig(env);
  return {
    config,
    clock: systemClock,
    random: Math.random,
    log: createRunLog(logger),
    parameters: createParameters({
      ssm: createSsmClient(),
      prefix: config.parameterPrefix,
      clock: systemClock,
    }),
    connect: () => createHttpClient({ maxConnections: config.syncConcurrency }),
  };
};
