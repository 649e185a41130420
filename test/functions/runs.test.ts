import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startCloudwatchLogs } from '../fakes/cloudwatch-logs.ts';
import { expectDocumented } from '../support/openapi.ts';
import { sample, startPackaged } from '../support/packaged.ts';

const logs = await startCloudwatchLogs();
afterAll(() => logs.close());
const prefix = '/aws/lambda/ddm-sync-prod';
const env = { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint, LOG_GROUP_PREFIX: prefix };

async function start(settings: Readonly<Record<string, string>> = env) {
  const session = await startPackaged('http', { instances: 8, failShare: 0.25, env: settings });
  const send = async (event: object) => {
    const result = await session.invoke(event);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const { body, statusCode } = result.response as { body: string; statusCode: number };
    return { statusCode, body: JSON.parse(body) };
  };
  const get = async (runId: string, rest: object = {}) => {
    const answer = await send({ ...sample('run'), pathParameters: { runId }, ...rest });
    expectDocumented('/runs/{runId}', answer);
    return answer;
  };
  return { ...session, get, send };
}

/** Lines of a function, some seconds ago. */
function put(name: string, lines: readonly object[], secondsAgo = 60): void {
  const group = `${prefix}-${name}`;
  const timestamp = Date.now() - secondsAgo * 1_000;
  const events = lines.map((line) => ({ timestamp, message: JSON.stringify(line) }));
  logs.groups.set(group, [...(logs.groups.get(group) ?? []), ...events]);
}

beforeEach(() => {
  logs.groups.clear();
  logs.queries.length = 0;
  logs.fault = undefined;
});

describe('GET /runs/{runId}', () => {
  test('tells from the log what became of a run that POST /sync made', async () => {
    const { get, lines, send } = await start();
    const posted = await send({ ...sample('http'), body: '' });
    put('http', lines());

    const { body, statusCode } = await get(posted.body.runId);

    expect(statusCode).toBe(200);
    expect(body).toMatchObject({
      runId: posted.body.runId,
      isDone: true,
      total: 8,
      counts: { accepted: 6, failed: 2, queued: 0 },
    });
    expect(body.results).toHaveLength(8);
    expect(body.results[0]).toMatchObject({
      status: 'failed',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      errCode: expect.stringMatching(/^DBS/),
      advice: expect.any(String),
    });
    const [query] = logs.queries;
    expect(query?.logGroupNames).toEqual(
      ['scheduled', 'http', 'worker', 'follow'].map((name) => `${prefix}-${name}`),
    );
    expect((query?.endTime ?? 0) - (query?.startTime ?? 0)).toBeGreaterThanOrEqual(24 * 3_600);
  });

  test.each([
    [400, { pathParameters: { runId: '" or 1 = 1' } }],
    [400, { rawQueryString: 'hours=25' }],
    [400, { rawQueryString: 'hours=1&hours=2' }],
    [401, { requestContext: {} }],
  ])('answers %d, and asks nothing, for %j', async (expected, rest) => {
    const { get } = await start();

    const { statusCode } = await get('run-1', rest);

    expect(statusCode).toBe(expected);
    expect(logs.queries).toEqual([]);
  });

  test('answers 503 when the log refuses, and when there is none to ask', async () => {
    const { get, output } = await start();
    logs.fault = 'AccessDeniedException';
    const refused = await get('run-1');
    const { get: getWithout } = await start({});
    const none = await getWithout('run-1');

    expect([refused.statusCode, none.statusCode]).toEqual([503, 503]);
    expect(output.join()).toContain('AccessDeniedException');
    expect(JSON.stringify(refused.body)).not.toContain('AccessDenied');
  });
});
