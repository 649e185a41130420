import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cloud, startCloud } from '../emulator/cloud.ts';
import { environmentOf } from '../emulator/environment.ts';
import { startEventSource } from '../emulator/event-source.ts';
import { build } from '../scripts/build.ts';
import { checked, runCommand } from './options.ts';
import { instanceCount } from './start/options.ts';

const taskRoot = dirname(dirname(fileURLToPath(import.meta.url)));

const devCommand = {
  name: 'dev',
  about: `Serves POST http://127.0.0.1:<port>/sync and the schedule through serverless-offline, and runs the workers
on the queue, all against an embedded cloud. Ctrl-C ends it.`,
  options: {
    port: {
      example: '3000',
      help: 'port of POST /sync',
      default: '3000',
      read: checked(checkPort),
    },
    instances: {
      example: '20',
      help: 'instances in the list',
      default: '20',
      read: instanceCount,
    },
  },
} as const;

await runCommand(devCommand, async ({ instances, port }) => {
  await build();
  const cloud = await startCloud({ instances, latencyMs: 40, failShare: 0.05 });
  const source = startEventSource({
    queueUrl: cloud.queueUrl,
    worker: { taskRoot, env: environmentOf(cloud), onLine: print, timeoutMs: 60_000 },
    maximumConcurrency: 2,
    batchSize: 100,
    batchWindowMs: 1_000,
  });
  const offline = startOffline(port, cloud);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => offline.kill(signal));
  const curl = `curl -s -X POST http://127.0.0.1:${port}/sync`;
  const body = JSON.stringify({ instanceIds: cloud.ddm.instanceIds.slice(0, 1) });
  print(curl);
  print(`${curl} -H 'Content-Type: application/json' -d '${body}'`);
  await once(offline, 'exit');
  await source.stop();
  await cloud.close();
  return 0;
});

function checkPort(port: string): true | string {
  const isPort = /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) <= 65_535;
  return isPort || `"${port}" is not a port: give a number from 1 to 65535`;
}

function startOffline(port: string, cloud: Cloud) {
  const serverless = join(taskRoot, 'node_modules/serverless/bin/serverless.js');
  const caller = { iam: { userArn: 'arn:aws:iam::000000000000:user/local' } };
  const flags = ['--noPrependStageInUrl', '--noTimeout', '--noAuth', '--localEnvironment'];
  const ports = ['--httpPort', port, '--lambdaPort', '0', '--albPort', '0'];
  return spawn(
    process.execPath,
    [serverless, 'offline', '--host', '127.0.0.1', ...ports, ...flags],
    {
      cwd: taskRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        SLS_TELEMETRY_DISABLED: '1',
        SLS_NOTIFICATIONS_MODE: 'off',
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        SYNC_SCHEDULE: process.env.SYNC_SCHEDULE ?? 'rate(1 minute)',
        LOG_GROUP_PREFIX: '', // there is no CloudWatch here
        // What the authorizer would say of the caller: serverless-offline checks no signature.
        AUTHORIZER: JSON.stringify(caller),
        ...environmentOf(cloud),
      },
    },
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
