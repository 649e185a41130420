import type { App, AppWith } from '../app.ts';
import type { Queue, QueueEntry } from '../aws/queue.ts';
import type { Deadline } from '../deadline.ts';
import type { SyncFailure } from '../errors.ts';
import { failurePolicy, noTurnSeconds, policyFor, unfinished } from '../sync/failure-policy.ts';
import type { Task } from '../sync/tasks.ts';
import type { HandOver } from '../sync/unfinished.ts';
import type { SyncMessage } from './message.ts';
import type { SqsRecord } from './records.ts';
import type { SyncRequest, SyncRequests } from './requests.ts';
import { delay, send } from './sender.ts';

const maxDelaySeconds = 900; // SQS
const maxAgeMs = 24 * 3_600_000;

export interface ResendHandOver extends HandOver {
  /** The messages to be delivered again, as the queue did not take the new ones. */
  readonly messageIds: ReadonlySet<string>;
}

/**
 * Sends what is to be called again as new messages, so that the old ones can be acknowledged: only a worker that
 * crashes uses up a delivery. An instance is given up after SYNC_MAX_RECEIVES tries that failed for a fault of its own,
 * or a day after it was asked for: waiting for a turn, throttling and an outage are no tries.
 * @param queue where the old messages came from
 */
export function createResendHandOver(
  app: AppWith<'syncQueue'>,
  queue: Queue,
  requests: SyncRequests,
  deadline: Deadline,
): ResendHandOver {
  const messageIds = new Set<string>();
  const requestsFor = ({ instanceId }: Task) => requests.get(instanceId) ?? [];
  const signal = deadline.signal('handOver');

  return {
    messageIds,
    keeps: (task, failure) => {
      if (policyFor(failure).resendSeconds === undefined) return false;
      const { config } = app;
      return requestsFor(task).every(
        (request) =>
          triesOf(app, request, task, failure) < config.syncMaxReceives &&
          !isExpired(app, request.askedAt),
      );
    },
    take: async (tasks) => {
      const records = new Map<SyncMessage, readonly SqsRecord[]>();
      const entries: QueueEntry<SyncMessage>[] = [];
      for (const task of tasks) {
        for (const request of withoutSuperseded(requestsFor(task))) {
          const entry = toEntry(app, request, task);
          entries.push(entry);
          records.set(entry.message, request.records);
        }
      }
      const { refused } = await send(app, app.syncQueue, entries, signal);
      // SQS counts the age of a message from when it was sent anew.
      const askedAt = tasks.flatMap(requestsFor).map((request) => request.askedAt);
      app.log.longestWait((app.clock.now() - Math.min(...askedAt)) / 1_000);
      const back = refused.flatMap((one) => records.get(one) ?? []);
      for (const { messageId } of back) messageIds.add(messageId);
      await giveBack(app, queue, back, signal);
      return { refused: new Set(), failure: unfinished.deadline };
    },
  };
}

/** Has messages delivered again after seconds, longer with each delivery. */
export async function giveBack(
  app: Pick<App, 'clock' | 'log' | 'random'>,
  queue: Queue,
  records: readonly SqsRecord[],
  signal: AbortSignal,
): Promise<void> {
  const redeliveries = records.map(({ receiptHandle, receiveCount }) => ({
    receiptHandle,
    delaySeconds: backoffSeconds(failurePolicy.retry.resendSeconds, receiveCount, app.random),
  }));
  const unset = await delay(app, queue, redeliveries, signal);
  if (unset > 0) app.log.warning('redelivery delay not set', { messages: unset });
}

/** Nothing is asked for longer than a day. */
export function isExpired({ clock }: Pick<App, 'clock'>, askedAt: number): boolean {
  return clock.now() - askedAt >= maxAgeMs;
}

/** Of the runs that nobody waits for, the newest asks on for all: in an outage their messages would add up. */
function withoutSuperseded(requests: readonly SyncRequest[]): readonly SyncRequest[] {
  const isAwaited = ({ origin }: SyncRequest): boolean => origin.trigger === 'http';
  const newestFirst = requests
    .filter((request) => !isAwaited(request))
    .toSorted((a, b) => b.askedAt - a.askedAt);
  return [...requests.filter(isAwaited), ...newestFirst.slice(0, 1)];
}

function toEntry(
  app: AppWith<'syncQueue'>,
  request: SyncRequest,
  task: Task,
): QueueEntry<SyncMessage> {
  const { askedAt, isSlow, origin } = request;
  const { failure, instanceId, isCutOff } = task;
  const tries = failure ? triesOf(app, request, task, failure) : request.tries;
  const message = {
    ...{ instanceId, trigger: origin.trigger, runId: origin.runId, askedAt },
    ...(tries > 0 && { tries }),
    ...((isCutOff || (failure ? failure.retryClass === 'slow' : isSlow)) && {
      slow: true as const,
    }),
  };
  return { message, delaySeconds: delayOf(app, failure, tries) };
}

/** With the one that just failed. */
function triesOf(
  { pace }: Pick<AppWith<'syncQueue'>, 'pace'>,
  { isSlow, tries }: SyncRequest,
  { isCutOff }: Task,
  failure: SyncFailure,
): number {
  const { fault } = policyFor(failure);
  const isOwn = fault === 'instance' || (fault === 'unclear' && (isSlow || pace.isWorking));
  return isOwn && !isCutOff ? tries + 1 : tries;
}

/** A pause of the whole environment holds for each of its instances. */
function delayOf(
  { pace, random }: Pick<AppWith<'syncQueue'>, 'pace' | 'random'>,
  failure: SyncFailure | undefined,
  tries: number,
): number {
  const base = failure && policyFor(failure).resendSeconds;
  const backoff = backoffSeconds(base ?? noTurnSeconds, base ? tries : 1, random);
  const pauseMs = Math.max(pace.pausedMs(), failure?.retryAfterMs ?? 0);
  const seconds = Math.max(backoff, Math.ceil(pauseMs / 1_000));
  return Math.min(maxDelaySeconds, seconds);
}

/** Doubles with each try (from 1), with jitter. */
function backoffSeconds(base: number, tries: number, random: () => number): number {
  const full = Math.min(maxDelaySeconds, base * 2 ** Math.max(0, tries - 1));
  return Math.ceil(full * (0.5 + random() / 2));
}
