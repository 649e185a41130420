import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import {
  ConfigError,
  NotAllowedError,
  ParameterError,
  ReadError,
  RequestError,
  UnauthorizedError,
} from '../errors.ts';
import { logger } from '../log.ts';
import { type AnsweringFunction, countFailedRequest } from '../metrics.ts';
import type { OnDemandOutcome, OnDemandResult } from './on-demand.ts';

const maxResults = 1_000; // some 700 bytes each; Lambda's limit for an answer is 6 MB
const maxNamedIds = 20;

/** The answer to a run: the report, and the results of its instances, failed ones first. */
export function respond(result: OnDemandResult): APIGatewayProxyStructuredResultV2 {
  const results = [...result.results].sort(byFailure);
  const omitted = result.report.total - Math.min(results.length, maxResults);
  return answer(statusOf(result), result.report.runId, {
    ...result.report,
    ...(result.ends && { ends: result.ends }),
    results: results.slice(0, maxResults),
    ...(omitted > 0 && { resultsOmitted: omitted }),
  });
}

function byFailure(a: OnDemandOutcome, b: OnDemandOutcome): number {
  return Number(hasFailed(b)) - Number(hasFailed(a));
}

function hasFailed({ end, status }: OnDemandOutcome): boolean {
  return status === 'failed' || end === 'failed';
}

function statusOf({ ends, report, stoppedBy }: OnDemandResult): number {
  const { accepted, queued, total } = report;
  if (stoppedBy instanceof UnauthorizedError && accepted === 0) return 503;
  const failed = report.failed + (ends?.failed ?? 0);
  if (failed > 0) return failed === total ? 502 : 207;
  return queued > 0 ? 202 : 200;
}

/** Whether nothing was synced for a reason on this side: the token, or the queue. DDM's own refusals are results. */
export function isUnserved(result: OnDemandResult): boolean {
  const { errCodes, total } = result.report;
  return statusOf(result) === 503 || errCodes.QUEUE_REFUSED === total;
}

/** An answer in JSON that names its run and must not be cached. */
export function answer(
  statusCode: number,
  runId: string,
  body: Readonly<Record<string, unknown>>,
): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Run-Id': runId,
    },
    body: JSON.stringify(body),
  };
}

/** Turns an error into an answer that tells the caller what to do, and reveals nothing internal. Counts failures. */
export const answerErrors = (of: AnsweringFunction): MiddlewareObj => ({
  onError: (request) => {
    const { context, error } = request;
    const refusal = toRequestError(error);
    const { code, message, reason, statusCode } = refusal;
    const fields = { statusCode, code, runId: context.awsRequestId };
    if (statusCode < 500) logger.warn('http request refused', { ...fields, reason });
    else {
      logger.error('http request failed', { ...fields, error });
      countFailedRequest(of);
    }
    const named = error instanceof NotAllowedError && {
      instanceIds: error.instanceIds.slice(0, maxNamedIds),
    };
    request.response = answer(statusCode, context.awsRequestId, {
      error: { code, message, ...named },
      runId: context.awsRequestId,
    });
  },
});

function toRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof NotAllowedError) return new RequestError(403, 'NOT_ALLOWED', error.message);
  if (isUnusable(error)) {
    return new RequestError(
      503,
      'UNAVAILABLE',
      'The configuration, the instance list or the token is not usable: the log of this run says why',
    );
  }
  return (
    toBodyError(error) ??
    new RequestError(500, 'INTERNAL', 'The request failed: the log of this run says why')
  );
}

function isUnusable(error: unknown): boolean {
  return (
    error instanceof ParameterError || error instanceof ConfigError || error instanceof ReadError
  );
}

/** Translates the errors of middy's body parser. */
function toBodyError(error: unknown): RequestError | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 415) {
    return new RequestError(
      400,
      'BAD_REQUEST',
      'The body must be sent with Content-Type: application/json',
    );
  }
  return typeof status === 'number' && status >= 400 && status < 500
    ? new RequestError(400, 'BAD_REQUEST', 'The body is not valid JSON')
    : undefined;
}
