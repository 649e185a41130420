import type { Queue } from '../aws/queue.ts';
import type { Deadline } from '../deadline.ts';
import type { RunOrigin } from '../log.ts';
import type { HandOver } from '../sync/engine.ts';
import { policyFor } from '../sync/failure-policy.ts';
import { queueRefused, type SenderDeps, send } from './sender.ts';

/**
 * Hands instances of a run to the queue, one message each. What the queue is not known to have taken counts as
 * refused, so that the report cannot claim it.
 */
export function createQueueHandOver(
  deps: SenderDeps,
  queue: Queue,
  { runId, trigger }: RunOrigin,
  deadline: Deadline,
): HandOver {
  return {
    delaySeconds: (failure) => policyFor(failure).handOverSeconds,
    take: async (tasks) => {
      const entries = tasks.map(({ delaySeconds, instanceId }) => ({
        message: { instanceId, trigger, runId },
        delaySeconds,
      }));
      const { reason, refused } = await send(deps, queue, entries, deadline.signal('handOver'));
      return {
        refused: new Set(refused.map(({ instanceId }) => instanceId)),
        failure: queueRefused(reason),
      };
    },
  };
}

/**
 * Has a worker send one message per configured instance, which takes too long for the caller. Resolves with
 * the reason if the queue did not take the message.
 */
export async function requestFleetSync(
  deps: SenderDeps,
  queue: Queue,
  { runId, trigger }: RunOrigin,
  deadline: Deadline,
): Promise<string | undefined> {
  const entry = { message: { fleet: true, trigger, runId }, delaySeconds: 0 } as const;
  const { reason, refused } = await send(deps, queue, [entry], deadline.signal('handOver'));
  return refused.length > 0 ? reason : undefined;
}
