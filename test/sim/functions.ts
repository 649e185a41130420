import { enqueueChanges } from '../../lib/changes/enqueue.ts';
import { parseChangeEvent } from '../../lib/changes/event.ts';
import { watch } from '../../lib/changes/watch.ts';
import { QueueError } from '../../lib/errors.ts';
import { syncOnDemand } from '../../lib/http/on-demand.ts';
import { followBatch } from '../../lib/jobs/follow.ts';
import { followAccepted } from '../../lib/jobs/hand-over.ts';
import { syncBatch } from '../../lib/queue/worker.ts';
import { runSync } from '../../lib/sync/run.ts';
import { rotateToken } from '../../lib/token/rotate.ts';
import type { SimBatch } from './cloud/event-source.ts';
import type { LambdaFunction } from './cloud/lambda.ts';

/*
 * The functions of serverless.yml, with their limits. What they do stands in functions/*.ts; those wrap it in
 * lambda(), which builds its App from the environment variables of the process.
 */
export interface SyncRequestEvent {
  readonly instanceIds?: readonly string[];
  readonly waitMs?: number;
}

export const functions = {
  scheduled: {
    name: 'scheduled',
    timeoutMs: 900_000,
    concurrency: 1,
    handle: async (app, _event, { deadline, runId }) => {
      await using followUp = followAccepted(app, deadline);
      const request = { runId, trigger: 'schedule', dryRun: false } as const;
      const { report, stoppedBy } = await runSync(app, request, deadline, [followUp.sink]);
      if (stoppedBy instanceof Error) throw stoppedBy;
      return report;
    },
  },
  http: {
    name: 'http',
    timeoutMs: 29_000,
    limitMs: 25_000,
    concurrency: 2,
    handle: (app, event, { deadline, runId }) => {
      const request = {
        runId,
        trigger: 'http',
        dryRun: false,
        ...(event as SyncRequestEvent),
      } as const;
      return syncOnDemand(app, request, deadline);
    },
  },
  worker: {
    name: 'worker',
    timeoutMs: 60_000,
    concurrency: 6,
    handle: (app, event, { deadline }) => syncBatch(app, event as SimBatch, deadline),
  },
  follow: {
    name: 'follow',
    timeoutMs: 60_000,
    concurrency: 2,
    handle: (app, event, { deadline }) => followBatch(app, (event as SimBatch).records, deadline),
  },
  watch: {
    name: 'watch',
    timeoutMs: 600_000,
    concurrency: 1,
    handle: (app, _event, { deadline, runId }) => watch(app, runId, deadline),
  },
  changed: {
    name: 'changed',
    timeoutMs: 15_000,
    concurrency: 10,
    handle: async (app, event, { deadline, runId }) => {
      const changes = parseChangeEvent(event);
      const { enqueued, reason, refused } = await enqueueChanges(app, changes, runId, deadline);
      if (refused.length === 0) return { enqueued };
      throw new QueueError(`The change queue did not take ${refused.length} messages: ${reason}`);
    },
  },
  rotateToken: {
    name: 'rotate-token',
    timeoutMs: 90_000,
    concurrency: 1,
    handle: (app, _event, { deadline }) => rotateToken(app, deadline),
  },
} as const satisfies Readonly<Record<string, LambdaFunction>>;
