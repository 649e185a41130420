import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import type { Config } from '../../../lib/config.ts';
import { SyncError, type SyncFailure } from '../../../lib/errors.ts';
import { createDdmClient, type DdmClient } from '../../../lib/huawei/ddm.ts';
import { createHttpClient } from '../../../lib/huawei/http.ts';
import { startServer } from '../../support/http-server.ts';
import { instanceIds } from '../../support/instances.ts';

const token = `MIICANARY${'t0ken+'.repeat(40)}`;
const [instanceId = ''] = instanceIds(1);

const { signal } = new AbortController();

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

async function connect(
  listener: Listener,
  ddmApiVersion: Config['ddmApiVersion'] = 'v1',
): Promise<DdmClient> {
  const { url } = await startServer(listener);
  const http = createHttpClient({ maxConnections: 5 });
  onTestFinished(() => http.close());
  const auth = {
    generation: 0,
    headers: () => ({ 'X-Auth-Token': token }),
    secrets: () => [token],
    renew: async () => {},
  };
  const config = {
    ddmEndpoint: url,
    projectId: '619d3e78f61b4be68bc5aa0b59edcf7b',
    ddmApiVersion,
    syncAttemptTimeoutMs: 2_000,
  };
  return createDdmClient({ http, auth, clock: systemClock, config });
}

function reply(status: number, body: string, headers: Record<string, string> = {}): Listener {
  return (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
  };
}

async function failureOf(client: DdmClient, id = instanceId): Promise<SyncFailure> {
  const error: unknown = await client.sync(id, signal).catch((caught: unknown) => caught);
  if (!(error instanceof SyncError)) throw new Error(`expected a SyncError, not ${String(error)}`);
  return error.failure;
}

describe('the v1 call', () => {
  test('is a POST of JSON type without a body, and gives the job id', async () => {
    const seen: (string | undefined)[] = [];
    const client = await connect((request, response) => {
      const { headers, method, url } = request;
      seen.push(method, url, headers['content-type'], headers['content-length']);
      seen.push(String(headers['x-auth-token'] === token));
      response.end(JSON.stringify({ instanceId, jobId: '6f1334ca-faa6-479e-837f-f3219192675e' }));
    });

    const accepted = await client.sync(instanceId, signal);

    expect(accepted).toEqual({ jobId: '6f1334ca-faa6-479e-837f-f3219192675e' });
    expect(seen).toEqual([
      'POST',
      `/v1/619d3e78f61b4be68bc5aa0b59edcf7b/instances/${instanceId}/rds/sync`,
      'application/json',
      '0',
      'true',
    ]);
  });

  test('is accepted without a job id', async () => {
    const client = await connect(reply(200, JSON.stringify({ instanceId })));

    expect(await client.sync(instanceId, signal)).toEqual({});
  });

  test.each([
    ['an HTML page', '<html><body>Login</body></html>', 'permanent'],
    ['broken JSON', `{"instanceId":"${instanceId}","jobI`, 'retry'],
    ['nothing', '', 'retry'],
    ['an array', '[]', 'permanent'],
    ['null', 'null', 'permanent'],
    ['no instance id', '{"jobId":"a"}', 'permanent'],
    ['another instance', JSON.stringify({ instanceId: instanceIds(2)[1] }), 'permanent'],
    ['an instance id of another type', '{"instanceId":["a"]}', 'permanent'],
  ])('row 31: is not accepted with a 200 that holds %s', async (_, body, retryClass) => {
    const failure = await failureOf(await connect(reply(200, body)));

    expect(failure).toMatchObject({ errCode: 'BAD_RESPONSE', httpStatus: 200, retryClass });
  });

  test.each([201, 202, 204])('is not accepted with a %i', async (status) => {
    const failure = await failureOf(
      await connect(reply(status, status === 204 ? '' : JSON.stringify({ instanceId }))),
    );

    expect(failure).toMatchObject({ errCode: 'BAD_RESPONSE', httpStatus: status });
  });

  test.each([301, 302, 307])('row 33: refuses a %i', async (status) => {
    const failure = await failureOf(
      await connect(reply(status, '', { Location: 'https://evil.example/' })),
    );

    expect(failure).toMatchObject({ errCode: 'REDIRECT_REFUSED', retryClass: 'permanent' });
  });
});

describe('the v3 call', () => {
  test.each(['', '{}', '{ }', '{"jobId":"a"}'])('is accepted with the body %o', async (body) => {
    let seen = '';
    const client = await connect((request, response) => {
      seen = request.url ?? '';
      reply(200, body)(request, response);
    }, 'v3');

    await client.sync(instanceId, signal);

    expect(seen).toBe(
      `/v3/619d3e78f61b4be68bc5aa0b59edcf7b/instances/${instanceId}/data-nodes/sync`,
    );
  });

  test.each(['<html></html>', '[]', '"ok"'])('is not accepted with the body %o', async (body) => {
    const failure = await failureOf(await connect(reply(200, body), 'v3'));

    expect(failure.errCode).toBe('BAD_RESPONSE');
  });

  test('takes over for the rest of the run when v1 is gone, with auto', async () => {
    const seen: string[] = [];
    const client = await connect((request, response) => {
      const version = request.url?.slice(1, 3) ?? '';
      seen.push(version);
      if (version === 'v3') return void response.end();
      reply(404, '{"error_code":"APIGW.0101","error_msg":"The API does not exist"}')(
        request,
        response,
      );
    }, 'auto');

    for (const id of instanceIds(3)) await client.sync(id, signal);

    expect(seen).toEqual(['v1', 'v3', 'v3', 'v3']);
  });

  test('shares the time of the attempt with v1, with auto', async () => {
    const client = await connect((request, response) => {
      const isV1 = request.url?.startsWith('/v1/');
      const body = '{"error_code":"APIGW.0101","error_msg":"The API does not exist"}';
      const answer = isV1 ? reply(404, body) : reply(200, '');
      setTimeout(() => answer(request, response), 1_200);
    }, 'auto');

    const failure = await failureOf(client); // with a time for each, v3 would have answered

    expect(failure).toMatchObject({ errCode: 'TIMEOUT', retryClass: 'slow' });
    expect(await client.sync(instanceId, signal)).toEqual({});
  });

  test('does not take over when just the instance is unknown', async () => {
    const seen: string[] = [];
    const client = await connect((request, response) => {
      seen.push(request.url?.slice(1, 3) ?? '');
      reply(404, '{"errCode":"DBS.280001","externalMessage":"Not found"}')(request, response);
    }, 'auto');

    const failure = await failureOf(client);

    expect(failure).toMatchObject({ errCode: 'DBS.280001', httpStatus: 404 });
    expect(seen).toEqual(['v1']);
  });
});

describe('a failure', () => {
  test.each([
    [
      400,
      '{"errCode":"DBS.280001","externalMessage":"Parameter error."}',
      'DBS.280001',
      'permanent',
      'Parameter error.',
    ],
    [
      500,
      '{"errCode":"DBS.280001","externalMessage":"Parameter error."}',
      'DBS.280001',
      'permanent',
      'Parameter error.',
    ],
    [
      400,
      '{"errCode":"DBS.300002","externalMessage":"Server failure."}',
      'DBS.300002',
      'retry',
      'Server failure.',
    ],
    [
      500,
      '{"errCode":"DBS.200412","externalMessage":"Server failure."}',
      'DBS.200412',
      'retry',
      'Server failure.',
    ],
    [
      409,
      '{"error_code":"DBS.200019","error_msg":"Another operation is in progress."}',
      'DBS.200019',
      'later',
      'Another operation is in progress.',
    ],
    [
      403,
      '{"error_code":"DBS.212033","error_msg":"Being operated."}',
      'DBS.212033',
      'later',
      'Being operated.',
    ],
    [
      400,
      '{"errCode":"DBS.300125","externalMessage":"Failed to synchronize RDS information."}',
      'DBS.300125',
      'later',
      'Failed to synchronize RDS information.',
    ],
    [
      401,
      '{"error_code":"APIGW.0307","error_msg":"The token must be updated."}',
      'APIGW.0307',
      'auth',
      'The token must be updated.',
    ],
    [
      401,
      '{"error_code":"APIG.0307","error_msg":"The token must be updated."}',
      'APIG.0307',
      'auth',
      'The token must be updated.',
    ],
    [
      429,
      '{"error_code":"APIGW.0308","error_msg":"over ratelimit,limit:50,time:1 second"}',
      'APIGW.0308',
      'throttled',
      'over ratelimit,limit:50,time:1 second',
    ],
    [
      400,
      '{"error":{"code":400,"message":"The request is wrong","title":"Bad Request"}}',
      'BAD_RESPONSE',
      'permanent',
      'The request is wrong',
    ],
    [
      401,
      '{"error":{"code":"IAM.0066","title":"Unauthorized"}}',
      'IAM.0066',
      'auth',
      'Unauthorized',
    ],
    [418, '{"errCode":"DBS.999999","externalMessage":"New."}', 'DBS.999999', 'permanent', 'New.'],
    [502, '{"errCode":"DBS.999999","externalMessage":"New."}', 'DBS.999999', 'unavailable', 'New.'],
    [502, '<html>Bad Gateway</html>', 'BAD_RESPONSE', 'unavailable', undefined],
    [503, '', 'BAD_RESPONSE', 'unavailable', undefined],
    [401, '<html></html>', 'UNAUTHORIZED', 'auth', undefined],
    [404, '{"unknown":"shape"}', 'BAD_RESPONSE', 'permanent', undefined],
    [500, '{"errCode":{"$gt":""},"externalMessage":["a"]}', 'BAD_RESPONSE', 'retry', undefined],
  ])('row 38: %i %s is %s, %s', async (status, body, errCode, retryClass, externalMessage) => {
    const failure = await failureOf(await connect(reply(status, body)));

    expect(failure).toEqual({
      errCode,
      retryClass,
      httpStatus: status,
      ...(externalMessage && { externalMessage }),
    });
  });

  test('row 34: carries the wait that the service asked for', async () => {
    const failure = await failureOf(await connect(reply(429, '', { 'Retry-After': '3' })));

    expect(failure.retryAfterMs).toBe(3_000);
  });

  test('row 45: never carries the token that the service echoes', async () => {
    const echo = (request: IncomingMessage): string => JSON.stringify(request.headers);
    for (const status of [400, 401, 403, 500]) {
      for (const key of ['externalMessage', 'error_msg']) {
        const client = await connect((request, response) => {
          reply(status, JSON.stringify({ [key]: `refused: ${echo(request)}` }))(request, response);
        });

        const failure = await failureOf(client);

        expect(JSON.stringify(failure)).not.toContain('CANARY');
        expect(JSON.stringify(failure)).not.toContain('t0ken');
      }
    }
  });

  test('row 45: never carries a part of the token, the access key or the canonical request', async () => {
    const messages = [
      `decrypt token ${token.slice(5, 90)} fail`,
      'verify aksk signature fail, canonicalRequest:POST|/v1/619d3e/|x-sdk-date:20261123T030000Z',
      'Incorrect IAM authentication information: get secret by ak QTWAOYTTINDUTQVKYUCX fail',
    ];
    for (const message of messages) {
      const body = JSON.stringify({ error_code: 'APIGW.0301', error_msg: message });

      const { externalMessage = '' } = await failureOf(await connect(reply(401, body)));

      expect(externalMessage).not.toMatch(/t0ken|canonicalRequest:|20261123|QTWA/);
      expect(externalMessage.length).toBeGreaterThan(10);
    }
  });

  test('row 45: never carries a part of the token in any other error either', async () => {
    for (const status of [400, 403, 500]) {
      const externalMessage = `cannot read ${token.slice(3, 120)} here`;
      const client = await connect(reply(status, JSON.stringify({ externalMessage })));

      const failure = await failureOf(client);

      expect(failure.externalMessage).toBe('cannot read [redacted] here');
    }
  });

  test.each([
    ['a URL', '%2B'],
    ['JSON', '\\u002b'],
    ['HTML', '&#43;'],
    ['a JSON string in JSON', '\\\\+'],
  ])('row 45: never carries the token or a part of it with the escapes of %s', async (_, plus) => {
    for (const quoted of [token, token.slice(3, 120)]) {
      const externalMessage = `cannot read ${quoted.replaceAll('+', plus)} here`;
      const client = await connect(reply(500, JSON.stringify({ externalMessage })));

      const failure = await failureOf(client);

      expect(failure.externalMessage).toMatch(/^(cannot read \[redacted\] here|\[redacted\])$/);
    }
  });

  test('row 46: carries foreign text as one short line', async () => {
    const message = `first\r\nsecond\u001b[31m\u2028third${'.'.repeat(1_000)}`;
    const body = JSON.stringify({ errCode: 'DBS.280001', externalMessage: message });

    const { externalMessage = '' } = await failureOf(await connect(reply(400, body)));

    expect(externalMessage).toMatch(/^first second \[31m third\.+$/);
    expect(externalMessage.length).toBe(256);
  });
});

describe('an instance id', () => {
  test.each([
    '',
    '..',
    '../../../v3/admin/delete?x=',
    `${instanceId}/`,
    `${instanceId}#a`,
    `${instanceId}\n`,
    instanceId.toUpperCase(),
  ])('row 48: %o is refused before anything is sent', async (id) => {
    let hits = 0;
    const client = await connect((_, response) => {
      hits += 1;
      response.end();
    });

    const failure = await failureOf(client, id);

    expect(failure.errCode).toBe('INVALID_INSTANCE_ID');
    expect(hits).toBe(0);
  });

  test('row 48: no text ever makes a request of another shape', async () => {
    const paths: string[] = [];
    const client = await connect((request, response) => {
      paths.push(request.url ?? '');
      response.end('{}');
    });
    const hostile = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9a-f]{30,34}(in|no)\d{1,3}$/),
      fc.constantFrom(instanceId),
    );

    await fc.assert(
      fc.asyncProperty(hostile, async (id) => {
        await client.sync(id, signal).catch(() => {});
      }),
      { numRuns: 2_000 },
    );

    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) {
      expect(path).toMatch(
        /^\/v1\/619d3e78f61b4be68bc5aa0b59edcf7b\/instances\/[0-9a-f]{32}in\d{2}\/rds\/sync$/,
      );
    }
  });
});

test('row 51: a polluted Object.prototype does not change the result', async () => {
  const polluted = { errCode: 'DBS.300002', instanceId, jobId: 'polluted' };
  Object.assign(Object.prototype, polluted);
  onTestFinished(() => {
    for (const key of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, key);
  });

  const bare = await failureOf(await connect(reply(200, '{}')));
  const failed = await failureOf(
    await connect(reply(400, '{"__proto__":{"errCode":"DBS.300002"}}')),
  );

  expect(bare.errCode).toBe('BAD_RESPONSE');
  expect(failed).toMatchObject({ errCode: 'BAD_RESPONSE', retryClass: 'permanent' });
});
