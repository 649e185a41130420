// `npm run dev`: POST http://127.0.0.1:3000/sync and the schedule through serverless-offline, and the
// workers on the queue, against the embedded cloud. `--port` and `--instances` change what they say.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startCloud } from '../emulator/cloud.ts';
import { startEventSource } from '../emulator/event-source.ts';
import { build } from '../scripts/build.ts';
import { environmentOf } from './target.ts';

const taskRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3000' },
    instances: { type: 'string', default: '20' },
  },
});
function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await build();
const cloud = await startCloud({
  instances: Number(values.instances),
  latencyMs: 40,
  failShare: 0.05,
});
const env = environmentOf(cloud);
const source = startEventSource({
  queueUrl: cloud.queueUrl,
  worker: { taskRoot, env, onLine: print, timeoutMs: 60_000 },
  maximumConcurrency: 2,
  batchSize: 100,
  batchWindowMs: 1_000,
});
const caller = { iam: { userArn: 'arn:aws:iam::000000000000:user/local' } };
const serverless = join(taskRoot, 'node_modules/serverless/bin/serverless.js');
const offline = spawn(
  process.execPath,
  [
    ...[serverless, 'offline', '--host', '127.0.0.1', '--httpPort', values.port],
    ...[
      '--lambdaPort',
      '0',
      '--albPort',
      '0',
      '--noPrependStageInUrl',
      '--noTimeout',
      '--noAuth',
      '--localEnvironment',
    ],
  ],
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
      // What the authorizer says of the caller; serverless-offline checks no signature.
      AUTHORIZER: JSON.stringify(caller),
      ...env,
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => offline.kill(signal));
const ids = cloud.ssm.value(`${cloud.parameterPrefix}/instances`) ?? '';
print(`curl -s -X POST http://127.0.0.1:${values.port}/sync`);
print(
  `curl -s -X POST http://127.0.0.1:${values.port}/sync -H 'Content-Type: application/json' -d '{"instanceIds":["${ids.split(',')[0]}"]}'`,
);
await once(offline, 'exit');
await source.stop();
await cloud.close();
