import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { RetryClass } from '../errors.ts';
import { SyncError, type SyncFailure } from '../errors.ts';
import { isInstanceId } from '../ids.ts';
import { cleanForeignText } from '../text.ts';
import type { Auth } from './auth.ts';
import { parseObject, readFailure, toFailure } from './failure.ts';
import type { HttpAnswer, HttpClient } from './http.ts';

/** DDM accepted the sync request; the work itself continues there. */
interface Accepted {
  /** Absent with the v3 API, which answers without content. */
  readonly jobId?: string;
}

export interface DdmClient {
  /** Requests one sync of an instance's data node information. @throws {SyncError} */
  sync(instanceId: string, signal: AbortSignal): Promise<Accepted>;
}

export interface DdmClientDeps {
  readonly http: HttpClient;
  readonly auth: Auth;
  readonly clock: Pick<Clock, 'monotonic' | 'now'>;
  readonly config: Pick<
    Config,
    'ddmEndpoint' | 'projectId' | 'ddmApiVersion' | 'syncAttemptTimeoutMs'
  >;
}

type Version = 'v1' | 'v3';

/** One attempt at an instance. With `auto` it may take two calls, which share its time. */
interface Attempt {
  readonly instanceId: string;
  readonly signal: AbortSignal;
  /** Monotonic ms. */
  readonly until: number;
}

/** A client of the DDM sync API for one run. With `auto`, it remembers until its end that v1 is gone. */
export function createDdmClient(deps: DdmClientDeps): DdmClient {
  const { auth, clock, config } = deps;
  let version: Version = config.ddmApiVersion === 'v3' ? 'v3' : 'v1';

  const call = async (attempt: Attempt): Promise<Accepted> => {
    const { instanceId } = attempt;
    const used = version;
    const answer = await post(deps, used, attempt);
    if (answer.status === 200) return readAccepted(used, instanceId, answer, auth.secrets());
    const failure = readFailure(answer, auth.secrets(), clock.now());
    if (config.ddmApiVersion === 'auto' && used === 'v1' && isUnknownApi(failure)) {
      version = 'v3';
      return call(attempt);
    }
    throw new SyncError(instanceId, failure);
  };

  return {
    sync: async (instanceId, signal) => {
      if (!isInstanceId(instanceId)) throw fail(instanceId, 'INVALID_INSTANCE_ID', 'permanent');
      const until = clock.monotonic() + config.syncAttemptTimeoutMs;
      return call({ instanceId, signal, until });
    },
  };
}

async function post(
  { auth, clock, config, http }: DdmClientDeps,
  version: Version,
  { instanceId, signal, until }: Attempt,
): Promise<HttpAnswer> {
  const action = version === 'v1' ? 'rds/sync' : 'data-nodes/sync';
  const project = encodeURIComponent(config.projectId);
  const instance = encodeURIComponent(instanceId);
  const request = {
    method: 'POST' as const,
    url: `${config.ddmEndpoint}/${version}/${project}/instances/${instance}/${action}`,
    // Without it axios sends a form type, which DDM answers with 415.
    headers: { 'Content-Type': 'application/json' },
    ...(version === 'v3' && { body: '{}' }),
  };
  const headers = { ...request.headers, ...auth.headers(request) };
  const timeoutMs = Math.max(0, until - clock.monotonic());
  return http.send({ ...request, headers, timeoutMs, signal }).catch((error: unknown) => {
    throw new SyncError(instanceId, toFailure(error));
  });
}

function readAccepted(
  version: Version,
  instanceId: string,
  { body }: HttpAnswer,
  secrets: readonly string[],
): Accepted {
  if (version === 'v3' && body.trim() === '') return {};
  const fields = parseObject(body);
  if (fields === undefined) {
    // A body that was truncated without a Content-Length looks like this. A login page does not.
    const truncated = /^\s*(\{|$)/.test(body);
    throw badResponse(instanceId, 'the answer is not a JSON object', truncated);
  }
  if (version === 'v1' && fields.instanceId !== instanceId) {
    throw badResponse(instanceId, 'the answer does not name this instance', false);
  }
  return typeof fields.jobId === 'string' && fields.jobId !== ''
    ? { jobId: cleanForeignText(fields.jobId, secrets) }
    : {};
}

function isUnknownApi({ httpStatus, errCode }: SyncFailure): boolean {
  return httpStatus === 404 && /^APIGW?\.0101$/.test(errCode);
}

function badResponse(instanceId: string, message: string, retryable: boolean): SyncError {
  return fail(instanceId, 'BAD_RESPONSE', retryable ? 'retry' : 'permanent', {
    httpStatus: 200,
    externalMessage: message,
  });
}

function fail(
  instanceId: string,
  errCode: string,
  retryClass: RetryClass,
  rest: Partial<SyncFailure> = {},
): SyncError {
  return new SyncError(instanceId, { errCode, retryClass, ...rest });
}
