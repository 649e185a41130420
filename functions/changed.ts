import { enqueueChanges } from '../lib/changes/enqueue.ts';
import { parseChangeEvent } from '../lib/changes/event.ts';
import { QueueError } from '../lib/errors.ts';
import { lambda } from '../lib/lambda.ts';

/** EventBridge: somebody says that DDM instances or data nodes changed; they are synced after the window. */
export const handler = lambda(async (app, event, context) => {
  const runId = context.awsRequestId;
  const deadlineAt = app.clock.monotonic() + context.getRemainingTimeInMillis() - 1_000;
  const { enqueued, reason, refused } = await enqueueChanges(
    app,
    parseChangeEvent(event),
    runId,
    deadlineAt,
  );
  app.log.notice('changes enqueued', { runId, enqueued, refused });
  // Lambda delivers the event again, and keeps it in the dead-letter queue in the end.
  if (refused > 0)
    throw new QueueError(`The change queue did not take ${refused} messages: ${reason}`);
  return { enqueued };
});
