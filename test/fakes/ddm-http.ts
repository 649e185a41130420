import type { Clock } from '../../lib/clock.ts';
import { type HttpAnswer, type HttpClient, HttpError } from '../../lib/huawei/http.ts';

export interface FakeDdmHttp extends HttpClient {
  /** The instances called, in order. */
  readonly calls: readonly string[];
}

export interface FakeAnswer {
  readonly status: number;
  readonly errCode?: string;
  /** Of this answer alone. */
  readonly latencyMs?: number;
  readonly retryAfter?: string;
}

/** DDM's v1 API behind an HTTP client that takes fake time; undefined is accepted. */
export function createFakeDdmHttp(
  clock: Clock,
  answer: (instanceId: string, call: number) => FakeAnswer | undefined,
  latencyMs = 50,
): FakeDdmHttp {
  const calls: string[] = [];
  return {
    calls,
    close: () => {},
    send: async ({ signal, timeoutMs, url }): Promise<HttpAnswer> => {
      const instanceId = /instances\/([^/]+)\//.exec(url)?.[1] ?? '';
      calls.push(instanceId);
      const failed = answer(instanceId, calls.length);
      const takesMs = failed?.latencyMs ?? latencyMs;
      await clock.sleep(Math.min(takesMs, timeoutMs), signal);
      if (takesMs > timeoutMs || signal.aborted) throw new HttpError('TIMEOUT', 'too late', true);
      const isAccepted = failed === undefined || failed.status === 200;
      const body = !isAccepted
        ? { errCode: failed.errCode, externalMessage: 'text' }
        : { instanceId, jobId: `job-${instanceId}` };
      const status = failed?.status ?? 200;
      const header = (name: string) => (name === 'Retry-After' ? failed?.retryAfter : undefined);
      return { status, body: JSON.stringify(body), header };
    },
  };
}
