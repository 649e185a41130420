import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createHttpClient, type HttpClient, type HttpRequest } from '../../../lib/huawei/http.ts';
import { type CertificateOptions, createCertificate } from '../../support/certificates.ts';
import {
  findClosedPort,
  startRawServer,
  startServer,
  startTlsServer,
  startTrap,
} from '../../support/http-server.ts';

function connect(options: { ca?: string; maxConnections?: number } = {}): HttpClient {
  const client = createHttpClient({ maxConnections: 10, ...options });
  onTestFinished(() => client.close());
  return client;
}

function post(url: string, rest: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/json', 'X-Auth-Token': 'canary-token' },
    timeoutMs: 2_000,
    signal: new AbortController().signal,
    ...rest,
  };
}

/** The error of a call that must fail. */
async function fail(client: HttpClient, request: HttpRequest): Promise<unknown> {
  return client.send(request).then(
    () => undefined,
    (caught: unknown) => caught,
  );
}

describe('an answer', () => {
  test('is returned unparsed, whatever its status', async () => {
    const { url } = await startServer((_, response) => {
      response.writeHead(503, { 'Retry-After': '7' }).end('{"a":1}');
    });

    const answer = await connect().send(post(url));

    expect(answer).toMatchObject({ status: 503, body: '{"a":1}' });
    expect(answer.header('Retry-After')).toBe('7');
    expect(answer.header('X-None')).toBeUndefined();
  });

  test('comes to a request with the content type asked for and no body of its own', async () => {
    const { url } = await startServer(async (request, response) => {
      const chunks = await request.toArray();
      response.end(JSON.stringify({ headers: request.headers, body: chunks.join('') }));
    });

    const { body } = await connect().send(post(url));

    const seen = JSON.parse(body);
    expect(seen.body).toBe('');
    expect(seen.headers['content-type']).toBe('application/json');
    expect(seen.headers['accept-encoding']).toBe('identity');
  });
});

describe('connections', () => {
  test('are reused within a client', async () => {
    const sockets = new Set<unknown>();
    const { url } = await startServer((request, response) => {
      sockets.add(request.socket);
      response.end('{}');
    });
    const client = connect();

    for (let call = 0; call < 5; call += 1) await client.send(post(url));

    expect(sockets.size).toBe(1);
  });

  test.each(['destroySoon', 'resetAndDestroy'] as const)(
    'row 27: a reused one that the peer closed meanwhile (%s) costs nothing',
    async (close) => {
      let requests = 0;
      const { url } = await startRawServer((socket) => {
        socket.on('data', () => {
          requests += 1;
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}', () => socket[close]());
        });
      });
      const client = connect();

      for (let call = 0; call < 100; call += 1) {
        const answer = await client.send(post(url));
        expect(answer.status).toBe(200);
        freeze(5); // as Lambda does: the event loop does not see the peer's FIN or RST
      }

      expect(requests).toBe(100);
    },
  );

  test('row 27: a fresh one that is reset is not tried again for free', async () => {
    let connections = 0;
    const { url } = await startRawServer((socket) => {
      connections += 1;
      socket.resetAndDestroy();
    });

    const error = await fail(connect(), post(url));

    expect(error).toMatchObject({ code: 'NETWORK', message: 'ECONNRESET', retryable: true });
    expect(connections).toBe(1);
  });

  test('row 42: do not pile up over many clients', async () => {
    const { url } = await startServer((_, response) => response.end('{}'));
    const before = process.getActiveResourcesInfo().length;

    for (let invocation = 0; invocation < 500; invocation += 1) {
      const client = createHttpClient({ maxConnections: 10 });
      await Promise.all([client.send(post(url)), client.send(post(url))]);
      client.close();
    }

    await vi.waitFor(() => {
      expect(process.getActiveResourcesInfo().length).toBeLessThan(before + 20);
    });
  });
});

describe('the deadline', () => {
  test('row 28: fails at once if the connection is refused', async () => {
    const port = await findClosedPort();

    const error = await fail(connect(), post(`http://127.0.0.1:${port}`));

    expect(error).toMatchObject({ code: 'NETWORK', message: 'ECONNREFUSED', retryable: true });
  });

  test('row 28: ends a connection that is never answered', async () => {
    const { url } = await startRawServer(() => {});

    const error = await fail(connect(), post(url, { timeoutMs: 300 }));

    expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true });
  });

  test('row 28: a name that does not resolve is a network error', async () => {
    const error = await fail(connect(), post('http://ddm.invalid/'));

    expect(error).toMatchObject({ code: 'NETWORK', retryable: true });
  });

  test.each([
    ['body', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'],
    ['headers', 'HTTP/1.1 200 OK\r\nX-Long: '],
  ])('row 29: ends an answer whose %s drip in', async (_, start) => {
    const { url } = await startRawServer((socket) => {
      socket.write(start);
      const drip = setInterval(() => socket.write('x'), 50);
      socket.on('close', () => clearInterval(drip));
    });

    const error = await fail(connect(), post(url, { timeoutMs: 400 }));

    expect(error).toMatchObject({ code: 'TIMEOUT' });
  });

  test('starts again with each call', async () => {
    const { url } = await startServer((_, response) => {
      setTimeout(() => response.end('{}'), 100);
    });
    const client = connect();

    for (let call = 0; call < 4; call += 1) await client.send(post(url, { timeoutMs: 250 }));
  });
});

describe('an unusable answer', () => {
  test('row 30: one that breaks off can be asked for again', async () => {
    const { url } = await startRawServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"insta', () =>
          socket.destroy(),
        );
      });
    });

    const error = await fail(connect(), post(url));

    expect(error).toMatchObject({ code: 'BAD_RESPONSE', retryable: true });
  });

  test('row 30: one that breaks off without a length arrives as far as it was sent', async () => {
    const { url } = await startRawServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"insta'));
    });

    const answer = await connect().send(post(url));

    expect(answer.body).toBe('{"insta');
  });

  test('row 32: one of 50 MB is refused without being read', async () => {
    const megabyte = Buffer.alloc(1_048_576, 'x');
    let sent = 0;
    const { url } = await startServer(async (_, response) => {
      response.on('error', () => {});
      for (; sent < 50 && !response.destroyed; sent += 1) {
        if (!response.write(megabyte))
          await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
      response.end();
    });
    const before = process.memoryUsage().rss;

    const error = await fail(connect(), post(url));

    expect(error).toMatchObject({ code: 'BAD_RESPONSE', retryable: false });
    expect(sent).toBeLessThan(20);
    expect(process.memoryUsage().rss - before).toBeLessThan(20 * 1_048_576);
  });

  test('row 32: a gzip bomb stays packed', async () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1_048_576));
    const { url } = await startServer((_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb);
    });

    const answer = await connect()
      .send(post(url))
      .catch((error: unknown) => error);

    expect(JSON.stringify(answer).length).toBeLessThan(256 * 1_024);
  });

  test.each([301, 302, 303, 307, 308])(
    'row 33: a %i is given as it is, and its target hears nothing',
    async (status) => {
      const evil = await startTrap();
      const { url } = await startServer((_, response) => {
        response.writeHead(status, { Location: `${evil.url}/steal` }).end();
      });

      const answer = await connect().send(post(url));

      expect(answer.status).toBe(status);
      expect(evil.hits()).toBe(0);
    },
  );

  test('row 50: proxies of the environment are not used', async () => {
    const proxy = await startTrap();
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']) {
      vi.stubEnv(name, proxy.url);
    }
    vi.stubEnv('NO_PROXY', '');
    const { url } = await startServer((_, response) => response.end('direct'));

    const answer = await connect().send(post(url));

    expect(answer.body).toBe('direct');
    expect(proxy.hits()).toBe(0);
  });
});

describe('TLS', () => {
  const answer = (_: unknown, response: { end(body: string): unknown }) => void response.end('{}');

  test('works with a certificate that is trusted', async () => {
    const trusted = await createCertificate();
    const { url } = await startTlsServer(trusted, answer);

    const { status } = await connect({ ca: trusted.cert }).send(post(url));

    expect(status).toBe(200);
  });

  test('row 52: refuses a self-signed certificate', async () => {
    const { url } = await startTlsServer(await createCertificate(), answer);

    const error = await fail(connect(), post(url));

    expect(error).toMatchObject({ code: 'TLS', retryable: false });
    expect(String(error)).toContain('SELF_SIGNED');
  });

  test.each<[string, CertificateOptions, string]>([
    ['of another host', { host: 'ddm.example.com' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'that has expired',
      { notBefore: new Date('2024-01-01'), notAfter: new Date('2025-01-01') },
      'CERT_HAS_EXPIRED',
    ],
  ])('row 52: refuses a certificate %s', async (_, options, message) => {
    const certificate = await createCertificate(options);
    const { url } = await startTlsServer(certificate, answer);

    const error = await fail(connect({ ca: certificate.cert }), post(url));

    expect(error).toMatchObject({ code: 'TLS', message });
  });

  test('row 52: refuses TLS 1.1', async () => {
    const trusted = await createCertificate();
    const old = {
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    const { url } = await startTlsServer({ ...trusted, ...old }, answer);

    const error = await fail(connect({ ca: trusted.cert }), post(url));

    expect(error).toMatchObject({ code: 'TLS', retryable: false });
  });
});

test('row 44: no error carries the request, in any way it can be printed', async () => {
  const { inspect } = await import('node:util');
  const port = await findClosedPort();
  const hanging = await startRawServer(() => {});
  const broken = await startRawServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{', () => socket.destroy());
    });
  });

  for (const url of [`http://127.0.0.1:${port}`, hanging.url, broken.url]) {
    const error = await fail(connect(), post(url, { timeoutMs: 100 }));

    expect(error).toBeInstanceOf(Error);
    const printed = [
      JSON.stringify(error),
      inspect(error, { depth: 20, showHidden: true }),
      String((error as Error).stack),
    ].join();
    expect(printed).not.toContain('canary-token');
  }
});

function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
