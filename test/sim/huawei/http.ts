import { type HttpClient, HttpError, type HttpRequest } from '../../../lib/huawei/http.ts';
import { forever, type Process } from '../cloud/process.ts';
import type { World } from '../world.ts';
import { json, type Reply } from './answer.ts';

/** One process' way to Huawei's side. The service does its work when the call is sent; the answer takes time. */
export function createSimHttp(world: World, process: Process): () => HttpClient {
  const { config, history } = world;
  const recent: number[] = [];

  const route = ({ body = '', headers, method, url }: HttpRequest): Reply => {
    const at = url.indexOf('?');
    const query = new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
    const path = at === -1 ? url : url.slice(0, at);
    const token = headers['X-Auth-Token'] ?? '';
    if (url.startsWith(config.ddmEndpoint)) {
      history.countRate(recent);
      return world.ddm.respond(path, query, method, token);
    }
    if (url.startsWith(config.ctsEndpoint ?? '-')) return world.cts.respond(query, token);
    if (url.startsWith(config.iamEndpoint ?? '-')) return world.iam.respond(body);
    return { answer: json(404, {}), latencyMs: 10 };
  };

  const client: HttpClient = {
    close: () => {},
    send: async (request) => {
      if (process.state() === 'dead') return forever;
      if (request.signal.aborted) throw tooLate();
      const { answer, latencyMs } = route(request);
      process.didSomething();
      const waitMs = Math.min(latencyMs, request.timeoutMs);
      const isAborted = await process.wait(waitMs, request.signal);
      if (isAborted || latencyMs > request.timeoutMs) throw tooLate();
      return answer;
    },
  };
  return () => client;
}

function tooLate(): HttpError {
  return new HttpError('TIMEOUT', 'no complete answer in time', true);
}
