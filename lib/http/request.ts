import type { MiddlewareObj, Request } from '@middy/core';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import * as v from 'valibot';
import { RequestError } from '../errors.ts';
import { isInstanceId } from '../ids.ts';
import type { Caller } from '../log.ts';
import type { RunQuery } from './run-status.ts';

/** What `POST /sync` asks for. */
export interface SyncRequest {
  /** Absent: the whole fleet. */
  readonly instanceIds?: readonly string[] | undefined;
  readonly dryRun: boolean;
  /** How long to wait for the accepted syncs to end; absent: not at all. */
  readonly waitMs?: number;
}

const maxBodyBytes = 16 * 1_024;
const maxInstanceIds = 1_000;
const maxWaitSeconds = 20; // the run and the answer take their time too, and the HTTP API cuts at 30 s

const text = v.pipe(v.string(), v.nonEmpty());
const contextSchema = v.object({
  routeKey: v.picklist(['POST /sync', 'GET /runs/{runId}']),
  requestContext: v.object({
    requestId: text,
    http: v.object({ sourceIp: text }),
    authorizer: v.union([
      v.object({ iam: v.object({ userArn: v.pipe(v.string(), v.regex(/^arn:aws[\w-]*:/)) }) }),
      v.object({ jwt: v.object({ claims: v.object({ iss: v.optional(text), sub: text }) }) }),
    ]),
  }),
});

const maxCallerCharacters = 256;

/** The caller, according to API Gateway's authorizer. @throws {RequestError} if there is none */
export function readCaller(event: unknown): Caller {
  const parsed = v.safeParse(contextSchema, event);
  if (!parsed.success) {
    throw new RequestError(
      401,
      'UNAUTHORIZED',
      'The request is not authorised: sign it, or send a token',
    );
  }
  const { authorizer, http, requestId } = parsed.output.requestContext;
  const principal =
    'iam' in authorizer
      ? authorizer.iam.userArn
      : [authorizer.jwt.claims.iss, authorizer.jwt.claims.sub].filter(Boolean).join('#');
  return {
    principal: principal.slice(0, maxCallerCharacters),
    sourceIp: http.sourceIp.slice(0, maxCallerCharacters),
    requestId: requestId.slice(0, maxCallerCharacters),
  };
}

const parser = httpJsonBodyParser();

/** Checks the caller, the size and the form, in this order, before it parses the JSON. */
export const readRequest: MiddlewareObj = {
  before: async (request) => {
    readCaller(request.event);
    if (isRunQuery(request.event)) return;
    checkForm(request.event);
    const event = request.event as { body?: unknown };
    if (event.body) await parser.before?.(request as Request<never>);
    else event.body = undefined; // API Gateway omits it, serverless-offline sends null
  },
};

const formSchema = v.object({
  body: v.nullish(v.string()),
  isBase64Encoded: v.optional(v.boolean()),
  rawQueryString: v.optional(v.string()),
});

function checkForm(event: unknown): void {
  const parsed = v.safeParse(formSchema, event);
  // valibot's own error would carry the whole event into the log.
  if (!parsed.success)
    throw badRequest('The event is not an HTTP API request (payload version 2.0)');
  const { body, isBase64Encoded, rawQueryString } = parsed.output;
  if (rawQueryString) readWait(rawQueryString);
  if (!body) return;
  if (body.length > maxBodyBytes || Buffer.byteLength(body) > maxBodyBytes) {
    throw new RequestError(
      413,
      'TOO_LARGE',
      `The body is larger than ${maxBodyBytes} bytes: send the ids in several requests, or no body for all instances`,
    );
  }
  if (isBase64Encoded) throw badRequest('The body is binary or compressed: send it as JSON text');
}

/** Reads the raw query string, so that nothing else can pass for it. */
function readWait(rawQueryString: string): number {
  const seconds = Number(/^wait=(\d{1,2})$/.exec(rawQueryString)?.[1]);
  if (seconds >= 1 && seconds <= maxWaitSeconds) return seconds * 1_000;
  throw badRequest(
    `The only query parameter is wait=1 to wait=${maxWaitSeconds} (seconds): put instanceIds and dryRun into the body`,
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && !Array.isArray(value);
}

const bodySchema = v.pipe(
  v.unknown(),
  v.check(isObject),
  v.strictObject({
    instanceIds: v.optional(
      v.pipe(
        v.array(v.pipe(v.string(), v.check(isInstanceId))),
        v.minLength(1),
        v.maxLength(maxInstanceIds),
      ),
    ),
    dryRun: v.optional(v.boolean(), false),
  }),
);

const askedSchema = v.object({
  body: v.optional(v.unknown()),
  rawQueryString: v.optional(v.string()),
});

/**
 * Reads the request from an event whose body was parsed. Without a body it means the whole fleet.
 * @throws {RequestError}
 */
export function parseSyncRequest(event: unknown): SyncRequest {
  const { body, rawQueryString } = v.parse(askedSchema, event);
  const request = body === undefined ? { dryRun: false } : parseBody(body);
  if (!rawQueryString) return request;
  if (request.dryRun)
    throw badRequest('wait cannot be combined with dryRun: a dry run makes no calls');
  return { ...request, waitMs: readWait(rawQueryString) };
}

function parseBody(body: unknown): SyncRequest {
  const parsed = v.safeParse(bodySchema, body, { abortEarly: true, abortPipeEarly: true });
  if (!parsed.success) throw badRequest(describe(parsed.issues[0]));
  return parsed.output;
}

function describe(issue: v.BaseIssue<unknown>): string {
  const [field, entry] = issue.path?.map(({ key }) => String(key).slice(0, 64)) ?? [];
  if (field === undefined) {
    return 'The body must be a JSON object such as {"instanceIds": ["…"], "dryRun": false}';
  }
  if (entry !== undefined) return `instanceIds[${entry}] is not the id of a DDM instance`;
  if (field === 'dryRun') return 'dryRun must be true or false';
  if (field !== 'instanceIds')
    return `${JSON.stringify(field)} is not a known field: the body may have instanceIds and dryRun`;
  return `instanceIds must be a list of 1 to ${maxInstanceIds} ids; leave it out for all instances`;
}

/** Whether an event asks for what became of a run. */
export function isRunQuery(event: unknown): boolean {
  return v.is(v.object({ routeKey: v.literal('GET /runs/{runId}') }), event);
}

const runQuerySchema = v.object({
  pathParameters: v.object({ runId: v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/)) }),
  rawQueryString: v.optional(v.pipe(v.string(), v.regex(/^(?:hours=(?:[1-9]|1\d|2[0-4]))?$/)), ''),
});

const defaultHours = 24; // no instance is asked for longer

/** @throws {RequestError} */
export function parseRunQuery(event: unknown): RunQuery {
  const parsed = v.safeParse(runQuerySchema, event);
  if (!parsed.success) {
    throw badRequest(
      'The path must be /runs/ and the id of a run, and the only query parameter is hours=1 to hours=24',
    );
  }
  const { pathParameters, rawQueryString } = parsed.output;
  const hours = Number(rawQueryString.replace('hours=', '')) || defaultHours;
  return { runId: pathParameters.runId, hours };
}

function badRequest(message: string): RequestError {
  return new RequestError(400, 'BAD_REQUEST', message);
}
