import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export const region = 'eu-central-1';
export const account = '123456789012'; // every caller's, in moto

export interface Credentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken?: string;
}

/** Somebody who may do everything, as long as moto asks for no permissions. */
export const anybody: Credentials = { AccessKeyId: 'anybody', SecretAccessKey: 'anybody' };

export interface Moto {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const script = fileURLToPath(new URL('moto-server.py', import.meta.url));
const startMs = 30_000;

/** moto on a free loopback port, in a process of its own. */
export async function startMoto(): Promise<Moto> {
  const port = await findFreePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn('python3', [script, String(port)], { stdio: 'ignore' });
  const exit = once(server, 'exit');
  const isUp = () =>
    fetch(`${endpoint}/moto-api/`).then(
      ({ ok }) => ok,
      () => false,
    );
  const until = Date.now() + startMs;
  while (!(await isUp())) {
    if (Date.now() > until || server.exitCode !== null) throw new Error('moto did not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    endpoint,
    stop: async () => {
      server.kill();
      await exit;
    },
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** The environment of whoever talks to moto. */
export function awsEnvironment(
  endpoint: string,
  { AccessKeyId, SecretAccessKey, SessionToken }: Credentials = anybody,
): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: AccessKeyId,
    AWS_SECRET_ACCESS_KEY: SecretAccessKey,
    ...(SessionToken && { AWS_SESSION_TOKEN: SessionToken }),
  };
}
