import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { promisify } from 'node:util';

export interface CloudServer {
  readonly endpoint: string;
  /** Closes every connection and keeps serving. */
  dropConnections(): void;
  /** Open connections. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

const maxHeaderSize = 128 * 1_024; // the gateway takes headers of 32 KB each and 128 KB together

/** A server of the embedded cloud on a free loopback port. */
export async function startCloudServer(listener: RequestListener): Promise<CloudServer> {
  const server = createServer({ keepAliveTimeout: 30_000, maxHeaderSize }, listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', 1_024, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    dropConnections: () => server.closeAllConnections(),
    connections: () => promisify(server.getConnections).call(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
