import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { type App, createApp } from './app.ts';
import { logger } from './log.ts';

let app: App | undefined;

/** A Lambda handler: middy with the logger's context, and one App per execution environment. */
export function lambda<Result>(
  handle: (app: App, event: unknown, context: Context) => Promise<Result>,
  middlewares: readonly MiddlewareObj[] = [],
) {
  return middy(async (event: unknown, context: Context): Promise<Result> => {
    app ??= createApp(process.env);
    return handle(app, event, context);
  })
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use([...middlewares]);
}
