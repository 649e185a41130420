import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Lambda, startLambda } from '../../emulator/lambda.ts';

/** A function with this source as its handler's module. */
async function start(
  source: string,
  timeoutMs = 10_000,
): Promise<{ lambda: Lambda; output: string[] }> {
  const taskRoot = await mkdtemp(join(tmpdir(), 'ddm-sync-lambda-'));
  await mkdir(join(taskRoot, 'dist/functions'), { recursive: true });
  await writeFile(join(taskRoot, 'package.json'), '{"type":"module"}');
  await writeFile(join(taskRoot, 'dist/functions/toy.js'), source);
  const output: string[] = [];
  const lambda = await startLambda({
    functionName: 'toy',
    taskRoot,
    env: { GREETING: 'hello' },
    timeoutMs,
    onLine: (line) => output.push(line),
  });
  onTestFinished(async () => {
    await lambda.stop();
    await rm(taskRoot, { recursive: true });
  });
  return { lambda, output };
}

test('passes the event and a context, and returns the answer', async () => {
  const { lambda } = await start(`
    let count = 0;
    export const handler = async (event, context) => ({
      event, count: ++count, id: context.awsRequestId, left: context.getRemainingTimeInMillis(),
    });`);

  const first = await lambda.invoke({ a: 1 });
  const second = await lambda.invoke('text');

  expect(first).toMatchObject({ ok: true, response: { event: { a: 1 }, count: 1 } });
  expect(second).toMatchObject({ ok: true, response: { event: 'text', count: 2 } });
  expect(JSON.stringify(first)).toMatch(/"id":"[0-9a-f-]{36}","left":([89]\d{3}|10000)\b/);
});

test("has Lambda's environment and nothing of this process", async () => {
  const { lambda } = await start('export const handler = async () => Object.keys(process.env);');

  const result = await lambda.invoke({});

  expect(JSON.stringify(result)).toContain('AWS_LAMBDA_FUNCTION_NAME');
  expect(JSON.stringify(result)).toContain('GREETING');
  expect(JSON.stringify(result)).not.toMatch(/HOME|npm_|VITEST|NODE_/);
});

test('reports a thrown error by type and message, and takes the next event', async () => {
  const { lambda, output } = await start(
    "export const handler = async (event) => { if (event.fail) throw new RangeError('too far'); return 1; };",
  );

  const failed = await lambda.invoke({ fail: true });
  const worked = await lambda.invoke({});

  expect(failed).toMatchObject({
    ok: false,
    error: { errorType: 'RangeError', errorMessage: 'too far' },
  });
  expect(worked).toEqual({ ok: true, response: 1 });
  expect(JSON.parse(output[0] ?? '').message.errorType).toBe('RangeError');
});

test('kills a handler that exceeds its timeout', async () => {
  const { lambda } = await start(
    'export const handler = () => new Promise(() => setInterval(() => {}, 1_000));',
    300,
  );

  const result = await lambda.invoke({});

  expect(result).toMatchObject({
    ok: false,
    error: { errorMessage: 'Task timed out after 0.30 seconds' },
  });
});

test('reports a module that cannot be loaded', async () => {
  const { lambda } = await start("throw new SyntaxError('broken module');");

  const result = await lambda.invoke({});

  expect(result).toMatchObject({ ok: false, error: { errorType: 'SyntaxError' } });
});
