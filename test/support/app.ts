import type { App } from '../../lib/app.ts';
import type { Parameters } from '../../lib/aws/parameters.ts';
import type { Queue } from '../../lib/aws/queue.ts';
import { createDataNodeOwners } from '../../lib/changes/data-node-owners.ts';
import { parseConfig } from '../../lib/config.ts';
import type { HttpClient } from '../../lib/huawei/http.ts';
import { createSmn } from '../../lib/smn/signature.ts';
import { createListedFleet } from '../../lib/sync/fleet.ts';
import { createPace } from '../../lib/sync/pace.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { createFakeQueue } from '../fakes/queue.ts';
import { createFakeRunLog, type FakeRunLog } from '../fakes/run-log.ts';
import { createRandom } from './fleet.ts';

export interface TestApp extends App {
  readonly syncQueue: Queue;
  readonly changeQueue: Queue;
  readonly ctsEndpoint: string;
  readonly iamEndpoint: string;
  readonly clock: FakeClock;
  readonly log: FakeRunLog;
}

export interface TestAppOptions {
  readonly http: (clock: FakeClock) => HttpClient;
  readonly clock?: FakeClock;
  readonly log?: FakeRunLog;
  readonly syncQueue?: Queue;
  readonly changeQueue?: Queue;
  /** Absent: nothing is followed. */
  readonly followQueue?: Queue;
  readonly parameters?: Partial<Parameters>;
  readonly env?: Readonly<Record<string, string>>;
}

const token = 'a-token-of-the-test';

/** An App in fake time. */
export function createTestApp(options: TestAppOptions): TestApp {
  const clock = options.clock ?? createFakeClock();
  const config = parseConfig({
    DDM_ENDPOINT: 'https://ddm.eu-de.otc.t-systems.com',
    DDM_PROJECT_ID: 'project',
    PARAMETER_PREFIX: '/ddm-sync/test',
    SYNC_RATE_PER_SECOND: '1000',
    ...options.env,
  });
  const parameters: Parameters = {
    fleet: async () => ({ instanceIds: [], malformed: [], duplicates: 0, notRunning: [] }),
    excluded: async () => [],
    secret: async () => ({ token }),
    refreshSecret: async () => ({ token }),
    password: () => Promise.reject(new TypeError('no password in this test')),
    cursor: async () => undefined,
    moveCursor: () => Promise.reject(new TypeError('no cursor in this test')),
    writeToken: () => Promise.reject(new TypeError('no token is written in this test')),
    ...options.parameters,
  };
  const connect = (): HttpClient => options.http(clock);
  return {
    config,
    clock,
    parameters,
    ...createListedFleet(parameters),
    dataNodeOwners: createDataNodeOwners(clock),
    random: createRandom(1),
    log: options.log ?? createFakeRunLog(),
    syncQueue: options.syncQueue ?? createFakeQueue(),
    changeQueue: options.changeQueue ?? createFakeQueue(),
    followQueue: options.followQueue,
    pace: createPace({
      maxConcurrency: config.syncConcurrency,
      maxPerSecond: config.syncRatePerSecond,
      clock,
      random: createRandom(1),
    }),
    smn: createSmn({ clock, config, connect }),
    ctsEndpoint: config.ctsEndpoint ?? '',
    iamEndpoint: config.iamEndpoint ?? '',
    connect,
  };
}
