import type { Clock } from './clock.ts';
import type { Trigger } from './report.ts';

/** One queue message per instance; the worker's input. */
export interface SyncMessage {
  readonly instanceId: string;
  readonly trigger: Trigger;
  readonly runId: string;
}

export interface SendOptions {
  /** How long the queue keeps the messages back. */
  readonly delaySeconds: number;
  /** Monotonic ms by which the answer is needed. */
  readonly deadlineAt: number;
}

export interface Queue {
  /** Resolves with the instance ids whose messages the queue did not take. */
  send(messages: readonly SyncMessage[], options: SendOptions): Promise<readonly string[]>;
}

export interface HandOver extends SendOptions {
  readonly instanceIds: readonly string[];
  readonly trigger: Trigger;
  readonly runId: string;
}

export interface HandOverResult {
  readonly refused: ReadonlySet<string>;
  /** Why everything was refused: the queue threw, or did not answer in time. */
  readonly reason?: string;
}

/**
 * Hands instances over to the queue. Never throws and never outlasts its deadline: what the queue is
 * not known to have taken counts as refused, so that the report cannot claim it.
 */
export const handOver = async (
  queue: Queue,
  clock: Clock,
  { instanceIds, trigger, runId, ...options }: HandOver,
): Promise<HandOverResult> => {
  const messages = instanceIds.map((instanceId) => ({ instanceId, trigger, runId }));
  const cancel = new AbortController();
  const late = clock
    .sleep(Math.max(0, options.deadlineAt - clock.monotonic()), cancel.signal)
    .then(() => ({ refused: new Set(instanceIds), reason: 'the queue did not answer in time' }));
  const sent = queue.send(messages, options).then(
    (refused) => ({ refused: new Set(refused) }),
    (error: unknown) => ({
      refused: new Set(instanceIds),
      reason: `the queue failed: ${error instanceof Error ? error.name : 'unknown error'}`,
    }),
  );
  const result = await Promise.race([sent, late]);
  cancel.abort();
  return result;
};
