import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { RequestError } from '../lib/errors.ts';
import { syncOnDemand } from '../lib/http/on-demand.ts';
import { parseSyncRequest, readCaller, readRequest } from '../lib/http/request.ts';
import { answerErrors, respond } from '../lib/http/response.ts';
import { lambda } from '../lib/lambda.ts';

const maxRunMs = 25_000; // the HTTP API cuts at 30 s

/** `POST /sync`: syncs the fleet, or the instances that the body names, and answers with their results. */
export const handler = lambda(
  async (app, event, context): Promise<APIGatewayProxyStructuredResultV2> => {
    const result = await syncOnDemand(app, {
      runId: context.awsRequestId,
      trigger: 'http',
      caller: readCaller(event),
      remainingMs: Math.min(context.getRemainingTimeInMillis(), maxRunMs),
      ...parseSyncRequest(event),
    });
    if (result.report.total === 0) {
      throw new RequestError(503, 'NO_INSTANCES', 'The configured list of instances is empty');
    }
    return respond(result);
  },
  [answerErrors, readRequest],
);
