import { followBatch } from '../lib/jobs/follow.ts';
import { lambda } from '../lib/lambda.ts';
import { parseSqsEvent, toBatchResponse } from '../lib/queue/records.ts';

/** SQS, follow queue: checks how accepted syncs ended, and returns the messages to deliver again. */
export const handler = lambda(
  async (app, event, { deadline }) =>
    toBatchResponse(await followBatch(app, parseSqsEvent(event).records, deadline)),
  { needs: ['followQueue'] },
);
