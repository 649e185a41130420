import type { App } from '../app.ts';
import type { Queue, QueueEntry } from '../aws/queue.ts';
import { type Deadline, untilAborted } from '../deadline.ts';
import type { RunOrigin } from '../log.ts';
import { policyFor } from '../sync/failure-policy.ts';
import type { Task } from '../sync/tasks.ts';
import type { HandOver } from '../sync/unfinished.ts';
import type { SyncMessage } from './message.ts';
import { queueRefused, type SenderDeps, send } from './sender.ts';

type HandOverDeps = Pick<App, 'clock' | 'log' | 'pace' | 'random'>;

interface HandOverOptions {
  /** Instances of the whole fleet. */
  readonly fleet: number;
  readonly deadline: Deadline;
}

/**
 * Hands instances of a run to the queue, one message each. What the queue is not known to have taken counts as
 * refused, so that the report cannot claim it. A scheduled run hands nothing over that would make the queue hold
 * more messages than the fleet has instances: those of earlier runs still wait there, and each gets its turn.
 */
export function createQueueHandOver(
  app: HandOverDeps,
  queue: Queue,
  { runId, trigger }: RunOrigin,
  { deadline, fleet }: HandOverOptions,
): HandOver {
  const signal = deadline.signal('handOver');

  let sizing: Promise<number | undefined> | undefined;
  let handedOver = 0;

  const findSkipReason = async (instances: number): Promise<string | undefined> => {
    if (trigger !== 'schedule') return undefined;
    sizing ??= sizeOf(app, queue);
    const waiting = (await sizing) ?? 0;
    if (waiting + handedOver + instances <= fleet) {
      handedOver += instances;
      return undefined;
    }
    const reason = `the queue still holds ${waiting} messages of earlier runs`;
    app.log.warning('instances not handed over', { runId, instances, reason });
    return reason;
  };

  return {
    keeps: (_task, failure) => policyFor(failure).handOverSeconds !== undefined,
    take: async (tasks) => {
      const failure = queueRefused('');
      const skipReason = await findSkipReason(tasks.length);
      if (skipReason)
        return { refused: new Set(tasks.map(({ instanceId }) => instanceId)), failure, skipReason };
      const entries = tasks.map((task) => toEntry(app, task, { runId, trigger }));
      const { reason, refused } = await send(app, queue, entries, signal);
      return {
        refused: new Set(refused.map(({ instanceId }) => instanceId)),
        failure: queueRefused(reason),
      };
    },
  };
}

const sizeTimeoutMs = 2_000;

/** Undefined if the queue does not answer in time: then it gets the messages. */
async function sizeOf({ clock }: HandOverDeps, queue: Queue): Promise<number | undefined> {
  const late = new AbortController();
  const done = new AbortController();
  void clock.sleep(sizeTimeoutMs, done.signal).then(() => late.abort());
  const size = await untilAborted(queue.size(late.signal), late.signal).catch(() => undefined);
  done.abort();
  return size;
}

function toEntry(
  { clock, pace }: HandOverDeps,
  { failure, instanceId }: Task,
  origin: Pick<RunOrigin, 'runId' | 'trigger'>,
): QueueEntry<SyncMessage> {
  const isSlow = failure?.retryClass === 'slow';
  const message = {
    ...{ instanceId, ...origin, askedAt: clock.now() },
    ...(isSlow && { slow: true as const }),
  };
  const { handOverSeconds = 0 } = failure ? policyFor(failure) : {};
  const pausedSeconds = Math.ceil(pace.pausedMs() / 1_000);
  return { message, delaySeconds: Math.max(handOverSeconds, pausedSeconds) };
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
