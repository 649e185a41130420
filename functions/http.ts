import { RequestError } from '../lib/errors.ts';
import { syncOnDemand } from '../lib/http/on-demand.ts';
import {
  isRunQuery,
  parseRunQuery,
  parseSyncRequest,
  readCaller,
  readRequest,
} from '../lib/http/request.ts';
import { answer, answerErrors, isUnserved, respond } from '../lib/http/response.ts';
import { describeRun } from '../lib/http/run-status.ts';
import { lambda } from '../lib/lambda.ts';
import { countFailedRequest } from '../lib/metrics.ts';

/**
 * `POST /sync`: syncs the fleet, or the instances that the body names, and answers with their results.
 * `GET /runs/{runId}`: what the log says of a run.
 */
export const handler = lambda(
  async (app, event, { deadline, runId }) => {
    const caller = readCaller(event);
    if (isRunQuery(event)) {
      const state = await describeRun(app, parseRunQuery(event), deadline);
      return answer(200, state.runId, { ...state });
    }
    const request = { runId, trigger: 'http', caller, ...parseSyncRequest(event) } as const;
    const result = await syncOnDemand(app, request, deadline);
    if (result.report.total === 0) {
      throw new RequestError(503, 'NO_INSTANCES', 'The configured list of instances is empty');
    }
    if (isUnserved(result)) countFailedRequest('http');
    return respond(result);
  },
  { limitMs: 25_000, middlewares: [answerErrors('http'), readRequest] }, // the HTTP API cuts at 30 s
);
