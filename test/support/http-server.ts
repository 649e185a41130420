import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { onTestFinished } from 'vitest';

export interface TestServer {
  readonly url: string;
  readonly port: number;
}

/** A real HTTP server on loopback that ends with the test. */
export function startServer(listener: RequestListener): Promise<TestServer> {
  return listen(createServer(listener), 'http');
}

/** A server that must not be asked, and counts how often it is. */
export async function startTrap(body = '{}'): Promise<TestServer & { hits(): number }> {
  let hits = 0;
  const server = await startServer((_, response) => {
    hits += 1;
    response.end(body);
  });
  return { ...server, hits: () => hits };
}

export function startTlsServer(
  options: ServerOptions,
  listener: RequestListener,
): Promise<TestServer> {
  return listen(createTlsServer(options, listener), 'https');
}

/** A TCP server for answers that no HTTP library would give. */
export function startRawServer(onConnection: (socket: Socket) => void): Promise<TestServer> {
  return listen(createTcpServer(onConnection), 'http');
}

/** A loopback port without a listener. */
export async function findClosedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(server: Server, scheme: 'http' | 'https'): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // clients that give up reset their connection
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${scheme}://${scheme === 'https' ? 'localhost' : '127.0.0.1'}:${port}`, port };
}
