import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import { ReadError, type SyncFailure } from '../errors.ts';
import { retryDelay } from '../retry.ts';
import { type FailurePolicy, policyFor } from '../sync/failure-policy.ts';
import type { Auth } from './auth.ts';
import { parseObject, readFailure, toFailure } from './failure.ts';
import type { HttpClient } from './http.ts';

interface ReadPace {
  waitMs(): number;
  start(): number;
  end(startedAt: number, how: FailurePolicy['tells'], retryAfterMs?: number): void;
}

export interface ReadDeps {
  readonly http: HttpClient;
  readonly auth: Auth;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  /** Rate and concurrency, shared with the calls that sync; absent if there are only a handful of calls. */
  readonly pace?: ReadPace;
}

export interface GetRequest<Schema extends v.GenericSchema> {
  /** For the error, such as "listing the DDM instances". */
  readonly what: string;
  readonly url: string;
  readonly schema: Schema;
  readonly signal: AbortSignal;
}

const maxAttempts = 3;
const attemptTimeoutMs = 10_000;
const maxDelayMs = 11_000; // a longer Retry-After is for the next invocation
const maxAnswerBytes = 8 * 1_024 * 1_024; // a page of 200 traces, each with a request and its answer

/**
 * Sends a GET until it has an answer that fits the schema: three attempts, credentials renewed once.
 * @throws {ReadError} of class `auth` if the credentials were refused and there are no newer ones
 */
export async function getJson<Schema extends v.GenericSchema>(
  deps: ReadDeps,
  request: GetRequest<Schema>,
): Promise<v.InferOutput<Schema>> {
  for (let attempt = 1; ; attempt += 1) {
    const { generation } = deps.auth;
    const answer = await getOnce(deps, request);
    if ('value' in answer) return answer.value;
    await prepareNext(deps, request, { ...answer, attempt, generation });
  }
}

interface FailedGet {
  readonly failure: SyncFailure;
  readonly attempt: number;
  /** Of the credentials that it was sent with. */
  readonly generation: number;
}

/** Waits, or gets other credentials. @throws {ReadError} where another attempt is useless */
async function prepareNext(
  { auth, clock, random }: ReadDeps,
  { signal, what }: Pick<GetRequest<v.GenericSchema>, 'signal' | 'what'>,
  { attempt, failure, generation }: FailedGet,
): Promise<void> {
  const { read } = policyFor(failure);
  if (read === 'renew' && generation === 0) {
    if (auth.generation === generation) await renew(auth, what, failure);
    return;
  }
  const delayMs = retryDelay({ ...failure, attempt }, random);
  if (read !== 'retry' || attempt >= maxAttempts || delayMs > maxDelayMs) {
    throw new ReadError(what, failure);
  }
  await clock.sleep(delayMs, signal);
  if (signal.aborted) throw new ReadError(what, failure);
}

function renew(auth: Auth, what: string, failure: SyncFailure): Promise<void> {
  return auth.renew(failure).catch((error: unknown) => {
    const advice = error instanceof Error ? error.message : '';
    throw new ReadError(what, failure, advice);
  });
}

type Answer<Schema extends v.GenericSchema> =
  | { readonly value: v.InferOutput<Schema> }
  | { readonly failure: SyncFailure };

async function getOnce<Schema extends v.GenericSchema>(
  deps: ReadDeps,
  request: GetRequest<Schema>,
): Promise<Answer<Schema>> {
  const { clock, pace } = deps;
  if (!pace) return send(deps, request);
  const { signal } = request;
  const startedAt = await takeTurn(pace, clock, signal);
  const answer = await send(deps, request);
  if ('value' in answer) pace.end(startedAt, 'accepted');
  else if (signal.aborted) pace.end(startedAt, 'unknown');
  else pace.end(startedAt, policyFor(answer.failure).tells, answer.failure.retryAfterMs);
  return answer;
}

async function send<Schema extends v.GenericSchema>(
  { auth, clock, http }: ReadDeps,
  { schema, signal, url }: GetRequest<Schema>,
): Promise<Answer<Schema>> {
  const request = { method: 'GET' as const, url, headers: { 'Content-Type': 'application/json' } };
  const headers = { ...request.headers, ...auth.headers(request) };
  const timeoutMs = attemptTimeoutMs;
  try {
    const answer = await http.send({ ...request, headers, timeoutMs, signal, maxAnswerBytes });
    if (answer.status !== 200) return { failure: readFailure(answer, auth.secrets(), clock.now()) };
    const parsed = v.safeParse(schema, parseObject(answer.body));
    return parsed.success ? { value: parsed.output } : { failure: unexpectedAnswer };
  } catch (error) {
    return { failure: toFailure(error) };
  }
}

const unexpectedAnswer: SyncFailure = {
  errCode: 'BAD_RESPONSE',
  retryClass: 'permanent',
  httpStatus: 200,
  externalMessage: 'the answer does not match the API reference',
};

const turnPollMs = 50; // a call that ends wakes only the engine

/** Starts the call in the same step in which it is free to: several callers wait here. */
async function takeTurn(pace: ReadPace, clock: Clock, signal: AbortSignal): Promise<number> {
  while (pace.waitMs() > 0 && !signal.aborted) {
    await clock.sleep(Math.min(pace.waitMs(), turnPollMs), signal);
  }
  return pace.start();
}
