import { enqueueChanges } from '../lib/changes/enqueue.ts';
import { parseChangeEvent } from '../lib/changes/event.ts';
import { QueueError } from '../lib/errors.ts';
import { lambda } from '../lib/lambda.ts';

/** EventBridge: puts the DDM instances or data nodes that changed into the change queue. */
export const handler = lambda(
  async (app, event, { deadline, runId }) => {
    const changes = parseChangeEvent(event);
    const { enqueued, reason, refused } = await enqueueChanges(app, changes, runId, deadline);
    app.log.notice('changes enqueued', { runId, enqueued, refused: refused.length });
    if (refused.length === 0) return { enqueued };
    // Lambda delivers the event twice more, then keeps it in the dead-letter queue.
    throw new QueueError(`The change queue did not take ${refused.length} messages: ${reason}`);
  },
  { needs: ['changeQueue'] },
);
