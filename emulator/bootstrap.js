// The runtime's side of the Lambda Runtime API: what aws-lambda-ric does for the managed Node runtimes,
// without its native addon. Runs in its own process with only Lambda's environment.
import { pathToFileURL } from 'node:url';

const { env } = process;
const api = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

function describeError(error) {
  return {
    errorType: error?.name ?? 'Error',
    errorMessage: error?.message ?? String(error),
    stackTrace: String(error?.stack ?? '').split('\n'),
  };
}

// As Lambda prints an error in its JSON log format, with the error's own fields.
function logError(error, requestId) {
  const message = { ...error, ...describeError(error) };
  const line = { timestamp: new Date().toISOString(), level: 'ERROR', requestId, message };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

async function post(path, body) {
  const answer = await fetch(`${api}/${path}`, {
    method: 'POST',
    body: JSON.stringify(body ?? null),
  });
  await answer.arrayBuffer();
}

async function loadHandler() {
  const [file, name] = env._HANDLER.split(/\.(?=[^.]+$)/);
  const module = await import(pathToFileURL(`${env.LAMBDA_TASK_ROOT}/${file}.js`).href);
  if (typeof module[name] !== 'function') throw new TypeError(`${env._HANDLER} is not a function`);
  return module[name];
}

function createContext(headers) {
  const deadlineMs = Number(headers.get('lambda-runtime-deadline-ms'));
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers.get('lambda-runtime-invoked-function-arn'),
    awsRequestId: headers.get('lambda-runtime-aws-request-id'),
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

/** What was printed is with the reader: whoever gets the response may end this process. */
function flush() {
  const streams = [process.stdout, process.stderr];
  return Promise.all(streams.map((stream) => new Promise((done) => stream.write('', done))));
}

async function runInvocation(handler) {
  const next = await fetch(`${api}/invocation/next`);
  const event = await next.json();
  const context = createContext(next.headers);
  const path = `invocation/${context.awsRequestId}`;
  try {
    const response = await handler(event, context);
    await flush();
    await post(`${path}/response`, response);
  } catch (error) {
    logError(error, context.awsRequestId);
    await flush();
    await post(`${path}/error`, describeError(error));
  }
}

try {
  const handler = await loadHandler();
  for (;;) await runInvocation(handler);
} catch (error) {
  // The API went away: the function was stopped. Anything else means that the handler cannot be loaded.
  if (error?.cause?.code === undefined) {
    logError(error);
    await post('init/error', describeError(error)).catch(() => {});
  }
  process.exit(1);
}
