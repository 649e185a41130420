import { RequestError } from '../lib/errors.ts';
import { syncOnDemand } from '../lib/http/on-demand.ts';
import { parseSyncRequest, readCaller, readRequest } from '../lib/http/request.ts';
import { answerErrors, respond } from '../lib/http/response.ts';
import { lambda } from '../lib/lambda.ts';

/** `POST /sync`: syncs the fleet, or the instances that the body names, and answers with their results. */
export const handler = lambda(
  async (app, event, { deadline, runId }) => {
    const caller = readCaller(event);
    const request = { runId, trigger: 'http', caller, ...parseSyncRequest(event) } as const;
    const result = await syncOnDemand(app, request, deadline);
    if (result.report.total === 0) {
      throw new RequestError(503, 'NO_INSTANCES', 'The configured list of instances is empty');
    }
    return respond(result);
  },
  { limitMs: 25_000, middlewares: [answerErrors, readRequest] }, // the HTTP API cuts at 30 s
);
