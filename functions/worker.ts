import { lambda } from '../lib/lambda.ts';
import { parseSqsEvent, toBatchResponse } from '../lib/queue/records.ts';
import { syncBatch } from '../lib/queue/worker.ts';

/**
 * SQS, sync queue or change queue: syncs the instances of one batch. It gives back exactly the messages
 * that another delivery can help: transient failures, busy instances, and instances that there was no time
 * for. A malformed message and one whose instance failed for good are logged and acknowledged: given back,
 * they would only circle until the dead-letter queue.
 */
export const handler = lambda(
  async (app, event, { deadline }) =>
    toBatchResponse(await syncBatch(app, parseSqsEvent(event), deadline)),
  { needs: ['syncQueue', 'changeQueue'] },
);
