import { createParameters } from '../../../lib/aws/parameters.ts';
import { createDataNodeOwners } from '../../../lib/changes/data-node-owners.ts';
import { createSmn } from '../../../lib/smn/signature.ts';
import { createDiscoveredFleet, createListedFleet } from '../../../lib/sync/fleet.ts';
import { createPace } from '../../../lib/sync/pace.ts';
import { createSimHttp } from '../huawei/http.ts';
import { createSimLog } from '../log.ts';
import type { World } from '../world.ts';
import type { SimApp } from './lambda.ts';
import { createSimOwnerStore } from './owner-store.ts';
import { createProcess, type Process } from './process.ts';
import { createSimQueue } from './queue.ts';
import { openSimStore } from './ssm.ts';

/** An execution environment: a process with its App, kept warm between invocations. */
export interface Environment {
  readonly process: Process;
  readonly app: SimApp;
  usedAt: number;
}

/** Wires the App as lib/app.ts does. */
export function createEnvironment(world: World): Environment {
  const { config, random, scheduler } = world;
  const process = createProcess(scheduler);
  const { clock } = process;
  const side = { clock, random: random.next };
  const parameters = createParameters({
    openStore: (signal) => openSimStore(world, process, signal),
    prefix: config.parameterPrefix,
    authMode: config.authMode,
    clock,
  });
  const isTooFast = world.sabotage === 'too fast';
  const pace = createPace({
    maxConcurrency: config.syncConcurrency,
    maxPerSecond: config.syncRatePerSecond * (isTooFast ? 3 : 1),
    ...side,
  });
  const connect = createSimHttp(world, process);
  const app = {
    config,
    ...side,
    log: createSimLog(world, process),
    parameters,
    ...(config.ddmDiscovery
      ? createDiscoveredFleet({ config, parameters, connect, pace, ...side })
      : createListedFleet(parameters)),
    dataNodeOwners: createDataNodeOwners(clock, createSimOwnerStore(world, process)),
    pace,
    smn: createSmn({ clock, config, connect }),
    connect,
    // Without its URL everything runs inline: the functions that need the queue do not run then.
    ...(config.syncQueueUrl && { syncQueue: createSimQueue(world, process, world.queues.sync) }),
    changeQueue: createSimQueue(world, process, world.queues.change),
    followQueue: createSimQueue(world, process, world.queues.follow),
    ctsEndpoint: config.ctsEndpoint ?? '',
    iamEndpoint: config.iamEndpoint ?? '',
  } as SimApp;
  return { process, app, usedAt: 0 };
}
