import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { type App, type AppWith, createApp, type Need, requireNeeds } from './app.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { logger } from './log.ts';

export interface Invocation {
  /** The invocation's request id; it names the run. */
  readonly runId: string;
  readonly deadline: Deadline;
}

export interface FunctionOptions<Needs extends Need> {
  /** Settings without which the function cannot work: a missing one is a ConfigError at its start. */
  readonly needs?: readonly Needs[];
  /** The function's own limit in ms, below Lambda's. */
  readonly limitMs?: number;
  readonly middlewares?: readonly MiddlewareObj[];
}

let app: App | undefined;

// An event has its caller's token in it: POWERTOOLS_LOGGER_LOG_EVENT must not log it.
const loggerOptions = { resetKeys: true, logEvent: false };

/** A Lambda handler: middy with the logger's context, one App per environment, one Deadline per invocation. */
export function lambda<Result, Needs extends Need = never>(
  handle: (app: AppWith<Needs>, event: unknown, invocation: Invocation) => Promise<Result>,
  { limitMs = Number.POSITIVE_INFINITY, middlewares = [], needs = [] }: FunctionOptions<Needs> = {},
) {
  return middy(async (event: unknown, context: Context): Promise<Result> => {
    app ??= createApp(process.env);
    requireNeeds(app, needs);
    const { clock, config } = app;
    const totalMs = Math.min(context.getRemainingTimeInMillis(), limitMs);
    using deadline = createDeadline({ clock, totalMs, reserveMs: config.deadlineReserveMs });
    return await handle(app, event, { runId: context.awsRequestId, deadline });
  })
    .use(injectLambdaContext(logger, loggerOptions))
    .use([...middlewares]);
}
