import type { App } from '../app.ts';
import type { Queue } from '../aws/queue.ts';
import { parseFollowMessage } from '../queue/message.ts';
import type { Delivery } from '../queue/requests.ts';
import { findEndings } from './find.ts';
import { sendJobs } from './hand-over.ts';
import { type FollowedJob, keyOf, toJobs } from './job.ts';
import { createEnds, type Ends } from './results.ts';

/**
 * One look at all the jobs of a batch of the follow queue. Those that ended have their line; the others go
 * into new messages, until SYNC_FOLLOW_MINUTES are over. Resolves with the ids of the messages to deliver
 * again: those with jobs that the queue did not take anew.
 */
export async function followBatch(
  app: App,
  queue: Queue,
  deliveries: readonly Delivery[],
  remainingMs: number,
): Promise<readonly string[]> {
  const { clock, config } = app;
  const deadlineAt = clock.monotonic() + remainingMs;
  const messages = readMessages(app, deliveries);
  const jobs = new Map(messages.flatMap((message) => message.jobs).map((job) => [keyOf(job), job]));
  if (jobs.size === 0) return [];
  const ends = createEnds(app);
  // Lines first: a function that dies after them writes them twice, and not never.
  const rest = await endJobs(app, [...jobs.values()], ends, deadlineAt - config.deadlineReserveMs);
  const sendBy = deadlineAt - config.deadlineReserveMs * 0.2; // to report
  const { reason, refused } = await sendJobs(app, queue, rest, sendBy);
  const again = keepRefused(app, { messages, ends, refused, reason });
  ends.finish();
  return again;
}

interface Message {
  readonly delivery: Delivery;
  readonly jobs: readonly FollowedJob[];
}

/** What is no message of ours is logged, by its id, and left out. */
function readMessages({ log }: App, deliveries: readonly Delivery[]): readonly Message[] {
  return deliveries.flatMap((delivery) => {
    const message = parseFollowMessage(delivery.body);
    if (message) return [{ delivery, jobs: toJobs(message) }];
    const { body, messageId, receiveCount } = delivery;
    const characters = body.length;
    log.problem('follow message malformed: dropped', { messageId, receiveCount, characters });
    return [];
  });
}

/** Writes the ends; resolves with the jobs that have none yet, for their next round. */
async function endJobs(
  app: App,
  jobs: readonly FollowedJob[],
  ends: Ends,
  deadlineAt: number,
): Promise<readonly FollowedJob[]> {
  const endings = await findEndings(app, jobs, deadlineAt);
  const givenUpAt = app.clock.now() - app.config.syncFollowMinutes * 60_000;
  const rest: FollowedJob[] = [];
  for (const job of jobs) {
    const ending = endings.get(job);
    if (ending) ends.write(job, ending);
    else if (job.acceptedAt <= givenUpAt) ends.write(job, { end: 'unknown', reason: givenUp });
    else rest.push({ ...job, round: job.round + 1 });
  }
  return rest;
}

const givenUp = 'nobody said how it ended within SYNC_FOLLOW_MINUTES';

interface Kept {
  readonly messages: readonly Message[];
  readonly ends: Ends;
  readonly refused: readonly FollowedJob[];
  readonly reason: string;
}

/** The messages that must come back; at the last delivery they cannot, and their jobs end here. */
function keepRefused(
  { config, log }: App,
  { ends, messages, reason, refused }: Kept,
): readonly string[] {
  if (refused.length === 0) return [];
  log.warning('sync jobs not handed on: the queue did not take them', {
    jobs: refused.length,
    reason,
  });
  const left = new Map(refused.map((job) => [keyOf(job), job]));
  const again: string[] = [];
  for (const { delivery, jobs } of messages) {
    if (delivery.receiveCount >= config.syncMaxReceives) continue;
    const open = jobs.map(keyOf).filter((key) => left.has(key));
    if (open.length > 0) again.push(delivery.messageId);
    for (const key of open) left.delete(key);
  }
  for (const job of left.values()) ends.write(job, { end: 'unknown', reason });
  return again;
}
