import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import { ReadError, type SyncFailure } from '../errors.ts';
import { retryDelay } from '../retry.ts';
import type { RateLimiter } from '../sync/pace.ts';
import type { Auth } from './auth.ts';
import { parseObject } from './error-body.ts';
import { readFailure, toFailure } from './failure.ts';
import type { HttpClient } from './http.ts';

export interface ReadDeps {
  readonly http: HttpClient;
  readonly auth: Auth;
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  /** Shared with the calls that sync; absent where a handful of questions is asked. */
  readonly limiter?: RateLimiter;
}

export interface Question<Schema extends v.GenericSchema> {
  /** For the error: what is asked, such as "the list of instances". */
  readonly what: string;
  readonly url: string;
  readonly schema: Schema;
  /** Monotonic ms. */
  readonly deadlineAt: number;
}

const maxAttempts = 3;
const attemptTimeoutMs = 10_000;
const maxAnswerBytes = 8 * 1_024 * 1_024; // a page of 200 traces, each with the request and the answer it is about

/**
 * Asks with GET until it has an answer that the schema takes: three attempts, credentials renewed once.
 * @throws {ReadError} of class `auth` when the credentials were refused and there are no newer ones
 */
export async function read<Schema extends v.GenericSchema>(
  deps: ReadDeps,
  question: Question<Schema>,
): Promise<v.InferOutput<Schema>> {
  for (let attempt = 1; ; attempt += 1) {
    const { generation } = deps.auth;
    const answer = await ask(deps, question);
    if ('value' in answer) return answer.value;
    await prepareNext(deps, question, { ...answer, attempt, generation });
  }
}

interface FailedAsk {
  readonly failure: SyncFailure;
  readonly attempt: number;
  /** Of the credentials that it was asked with. */
  readonly generation: number;
}

/** Waits, or gets other credentials. @throws {ReadError} where another attempt is of no use */
async function prepareNext(
  { auth, clock, random }: ReadDeps,
  { deadlineAt, what }: Pick<Question<v.GenericSchema>, 'deadlineAt' | 'what'>,
  { attempt, failure, generation }: FailedAsk,
): Promise<void> {
  const { retryClass } = failure;
  if (retryClass === 'auth' && generation === 0) {
    if (auth.generation === generation) await renew(auth, what, failure);
    return;
  }
  const isHopeless = retryClass === 'permanent' || retryClass === 'auth';
  const delayMs = retryDelay({ ...failure, attempt }, random);
  const isLate = clock.monotonic() + delayMs >= deadlineAt;
  if (isHopeless || isLate || attempt >= maxAttempts) throw new ReadError(what, failure);
  await clock.sleep(delayMs);
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

async function ask<Schema extends v.GenericSchema>(
  { auth, clock, http, limiter }: ReadDeps,
  { deadlineAt, schema, url }: Question<Schema>,
): Promise<Answer<Schema>> {
  await waitForTurn(limiter, clock, deadlineAt);
  const startedAt = clock.monotonic();
  const timeoutMs = Math.max(1, Math.ceil(Math.min(attemptTimeoutMs, deadlineAt - startedAt)));
  const request = { method: 'GET' as const, url, headers: { 'Content-Type': 'application/json' } };
  const headers = { ...request.headers, ...auth.headers(request) };
  limiter?.start();
  try {
    const answer = await http.send({ ...request, headers, timeoutMs, maxAnswerBytes });
    if (answer.status !== 200) {
      const failure = readFailure(answer, auth.secrets(), clock.now());
      if (failure.retryClass === 'throttled') limiter?.throttled(startedAt, failure.retryAfterMs);
      return { failure };
    }
    limiter?.accepted();
    const parsed = v.safeParse(schema, parseObject(answer.body));
    return parsed.success ? { value: parsed.output } : { failure: unexpected };
  } catch (error) {
    return { failure: toFailure(error) };
  } finally {
    limiter?.end();
  }
}

const unexpected: SyncFailure = {
  errCode: 'BAD_RESPONSE',
  retryClass: 'permanent',
  httpStatus: 200,
  externalMessage: 'the answer is not what the API reference says',
};

async function waitForTurn(
  limiter: RateLimiter | undefined,
  clock: Clock,
  deadlineAt: number,
): Promise<void> {
  while (limiter && clock.monotonic() < deadlineAt) {
    const waitMs = limiter.waitMs();
    if (waitMs <= 0) return;
    await clock.sleep(Math.min(waitMs, 50, deadlineAt - clock.monotonic()));
  }
}
