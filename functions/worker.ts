import { lambda } from '../lib/lambda.ts';
import { parseSqsEvent, toBatchResponse } from '../lib/queue/records.ts';
import { syncBatch } from '../lib/queue/worker.ts';

/**
 * SQS, sync queue or change queue: syncs the instances of one batch. What is to be called again goes to the sync
 * queue as new messages. It gives back only messages that the queue did not take anew, and changes whose instances
 * are not known yet. A malformed message and one whose instance failed for good are logged and acknowledged.
 */
export const handler = lambda(
  async (app, event, { deadline }) =>
    toBatchResponse(await syncBatch(app, parseSqsEvent(event), deadline)),
  { needs: ['syncQueue', 'changeQueue'] },
);
