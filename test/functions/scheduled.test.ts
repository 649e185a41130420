import { describe, expect, test, vi } from 'vitest';
import { type Cloud, syncQueue } from '../../emulator/cloud.ts';
import { sample, shareCloud, sharePackaged, startPackaged } from '../support/packaged.ts';

const cloud = await shareCloud({ instances: 100 });

describe('the packaged scheduled handler', async () => {
  const { calls, invoke, lines } = await sharePackaged('scheduled', { cloud });
  const faulty = await sharePackaged('scheduled', { instances: 300, failShare: 0.05 });

  test('syncs the fleet and returns the report', async () => {
    const { calls, invoke, lines } = faulty;

    const result = await invoke(sample('scheduled'));

    const report = { total: 300, accepted: 285, failed: 15, queued: 0, skipped: 0 };
    expect(result).toMatchObject({ ok: true, response: { ...report, trigger: 'schedule' } });
    expect(calls().accepted).toBe(285);
    const outcomes = lines().filter(({ status }) => status !== undefined);
    expect(new Set(outcomes.map(({ instanceId }) => instanceId)).size).toBe(300);
    expect(outcomes.filter(({ level }) => level === 'ERROR').length).toBe(15);
    expect(lines().at(-1)).toMatchObject({
      message: 'sync run finished',
      level: 'INFO',
      ...report,
    });
  });

  test('logs exactly the fields of the contract for an instance', async () => {
    const { invoke, lines } = faulty;
    await invoke({});

    const frame = ['level', 'message', 'timestamp', 'service', 'sampling_rate', 'cold_start'];
    const lambda = ['function_arn', 'function_memory_size', 'function_name', 'function_request_id'];
    const fieldsOf = (status: string): string[] =>
      Object.keys(lines().find((line) => line.status === status) ?? {})
        .filter((name) => ![...frame, ...lambda, 'xray_trace_id'].includes(name))
        .sort();

    const always = [
      'attempts',
      'durationMs',
      'httpStatus',
      'instanceId',
      'runId',
      'status',
      'trigger',
    ];
    expect(fieldsOf('accepted')).toEqual([...always, 'jobId'].sort());
    expect(fieldsOf('failed')).toEqual([...always, 'advice', 'errCode', 'externalMessage'].sort());
  });

  test('row 1: makes as many runs as there are deliveries of one event, each with its report', async () => {
    for (let delivery = 0; delivery < 5; delivery += 1) await invoke(sample('scheduled'));

    const reports = lines().filter(({ message }) => message === 'sync run finished');
    expect(new Set(reports.map(({ runId }) => runId)).size).toBe(5);
    expect(reports.map(({ accepted }) => accepted)).toEqual([100, 100, 100, 100, 100]);
    expect(calls().ddm).toBe(500);
  });

  test('counts the calls that were throttled, in its report and as a metric', async () => {
    const throttling = { instances: 60, throttlePerSecond: 40 };
    const { calls, invoke, lines } = await startPackaged('scheduled', throttling);

    const result = await invoke({});

    const { throttled } = calls();
    expect(throttled).toBeGreaterThan(0);
    expect(result).toMatchObject({ response: { total: 60, throttled } });
    expect(lines().find((line) => 'ThrottledCalls' in line)?.ThrottledCalls).toBe(throttled);
  });

  test('hands what is beyond the inline limit over to the queue', async () => {
    const env = { SYNC_INLINE_MAX: '30' };
    const { calls, invoke } = await startPackaged('scheduled', { cloud, env });

    const result = await invoke({});

    expect(result).toMatchObject({ response: { total: 100, accepted: 30, queued: 70 } });
    expect(cloud.sqs.messages(syncQueue).length).toBe(70);
    expect(calls().ddm).toBe(30);
  });

  test('makes a dry run that calls nothing', async () => {
    const result = await invoke(sample('scheduled-dry-run'));
    const detail = await invoke({ detail: { dryRun: true } });

    expect(result).toMatchObject({ ok: true, response: { total: 100, skipped: 100 } });
    expect(detail).toMatchObject({ ok: true, response: { skipped: 100 } });
    expect(calls().ddm).toBe(0);
  });

  test.each([{ dryRun: 'yes' }, { detail: { dryRun: 1 } }, { detail: '{"dryRun":"true"}' }])(
    'refuses an event that may have meant a dry run: %j',
    async (event) => {
      const result = await invoke(event);

      expect(result).toMatchObject({ ok: false, error: { errorType: 'InvalidEventError' } });
      expect(calls().ddm).toBe(0);
    },
  );

  test('reports the ids of RDS and TaurusDB in the list with advice, and does not call them', async () => {
    const value = JSON.stringify([`${'1'.repeat(32)}in01`, `${'2'.repeat(32)}in07`]);
    cloud.ssm.put({ name: `${cloud.parameterPrefix}/instances`, type: 'String', value });
    const { calls, invoke, lines } = await startPackaged('scheduled', { cloud });

    const result = await invoke({});

    expect(result).toMatchObject({ response: { total: 2, failed: 2 } });
    expect(lines().filter(({ status }) => status === 'failed')).toMatchObject([
      { errCode: 'INVALID_INSTANCE_ID', advice: expect.stringContaining('in09') },
      { errCode: 'INVALID_INSTANCE_ID', advice: expect.stringContaining('is a data node') },
    ]);
    expect(calls().ddm).toBe(0);
  });

  test('rows 25 and 46: reports malformed ids as failed, on one line each, warns about duplicates, and syncs the others', async () => {
    const [a, b] = cloud.ddm.instanceIds;
    const malformed = ['a\r\n{"level":"INFO"}', '\u001b[31mred', 'x\u2028y'];
    const value = JSON.stringify([a, b, ...malformed, a]);
    cloud.ssm.put({ name: `${cloud.parameterPrefix}/instances`, type: 'String', value });
    const { invoke, lines } = await startPackaged('scheduled', { cloud });

    const result = await invoke({});

    const errCodes = { INVALID_INSTANCE_ID: 3 };
    expect(result).toMatchObject({ ok: true, response: { total: 5, accepted: 2, errCodes } });
    const logged = lines().filter((line) => !('_aws' in line));
    expect(logged.map(({ message }) => message).sort()).toEqual([
      'duplicate instance ids ignored',
      ...Array(2).fill('instance sync accepted'),
      ...Array(3).fill('instance sync failed'),
      'sync run finished',
    ]);
    expect(logged.filter(({ errCode }) => errCode === 'INVALID_INSTANCE_ID').length).toBe(3);
  });

  test('row 20: goes on with a token that was rotated during the run', async () => {
    const env = { SYNC_RATE_PER_SECOND: '200' };
    const { calls, invoke } = await startPackaged('scheduled', { cloud, env });
    const running = invoke({});
    await vi.waitFor(() => expect(calls().accepted).toBeGreaterThan(20), {
      timeout: 10_000,
      interval: 5,
    });
    replaceToken(cloud);

    const result = await running;

    expect(result).toMatchObject({ ok: true, response: { accepted: 100, failed: 0 } });
  });

  test('row 21: fails the invocation with a dead token, after a handful of calls', async () => {
    const { calls, invoke, lines } = await startPackaged('scheduled', { cloud });
    cloud.iam.tokens.clear();

    const result = await invoke({});

    expect(result).toMatchObject({ ok: false, error: { errorType: 'UnauthorizedError' } });
    expect(calls().ddm).toBeLessThanOrEqual(8);
    const report = lines().find(({ message }) => message === 'sync run finished');
    expect(report).toMatchObject({ total: 100, failed: 100 });
  });

  test('row 7: ends before Lambda does, whatever the service does', async () => {
    const { invoke } = await startPackaged('scheduled', {
      instances: 50,
      latencyMs: 30_000,
      env: { DEADLINE_RESERVE_MS: '1000', SYNC_ATTEMPT_TIMEOUT_MS: '60000' },
      timeoutMs: 2_500,
    });

    const result = await invoke({});

    expect(result).toMatchObject({ ok: true, response: { total: 50, queued: 50 } });
  });

  test('row 42: leaves no connection behind, run after run', async () => {
    const small = await startPackaged('scheduled', { instances: 20 });
    const { connections } = small.cloud.ddm;
    let most = 0;

    for (let run = 0; run < 50; run += 1) {
      expect(await small.invoke({})).toMatchObject({ ok: true, response: { accepted: 20 } });
      most = Math.max(most, await connections());
    }

    expect(most).toBeLessThanOrEqual(20);
    const isClosed = async () => expect(await connections()).toBe(0);
    await vi.waitFor(isClosed, { timeout: 10_000 });
  });
});

test('row 44: no token in any output, whatever goes wrong', async () => {
  const faults = { instances: 60, failShare: 0.3, flakyShare: 0.3 };
  const { cloud, invoke, output } = await startPackaged('scheduled', faults);
  const canary = [...cloud.iam.tokens][0] ?? '';
  const results = [await invoke({}), await invoke({ dryRun: 'no' })];
  cloud.iam.tokens.clear();
  results.push(await invoke({}));
  await cloud.ddm.close();
  results.push(await invoke({}));
  await cloud.ssm.close();
  results.push(await invoke({}));

  const printed = output.join('\n') + JSON.stringify(results);

  expect(canary.length).toBe(5_128);
  expect(output.length).toBeGreaterThan(100);
  for (let start = 0; start + 24 <= canary.length; start += 24) {
    expect(printed.includes(canary.slice(start, start + 24))).toBe(false);
  }
});

function replaceToken(cloud: Cloud): void {
  const rotated = `MII${'rotated+'.repeat(500)}`;
  cloud.ssm.put({ name: `${cloud.parameterPrefix}/token`, type: 'SecureString', value: rotated });
  cloud.iam.tokens.clear();
  cloud.iam.tokens.add(rotated);
}
