import type { App, AppWith } from '../app.ts';
import type { Deadline } from '../deadline.ts';
import { parseFollowMessage } from '../queue/message.ts';
import type { SqsRecord } from '../queue/records.ts';
import { findEnds } from './find.ts';
import { sendJobs } from './hand-over.ts';
import { type FollowedJob, keyOf, toJobs } from './job.ts';
import { createJobResults, type JobResults } from './results.ts';

/**
 * Checks all the jobs of a batch of the follow queue once. Those that ended get their line; the others go into
 * new messages, until SYNC_FOLLOW_MINUTES are over. Resolves with the ids of the messages to be delivered
 * again: those with jobs that the queue did not take.
 */
export async function followBatch(
  app: AppWith<'followQueue'>,
  records: readonly SqsRecord[],
  deadline: Deadline,
): Promise<readonly string[]> {
  const messages = parseMessages(app, records);
  const jobs = new Map(messages.flatMap((message) => message.jobs).map((job) => [keyOf(job), job]));
  if (jobs.size === 0) return [];
  // Lines first: if the function dies in between, they are written twice rather than never.
  using results = createJobResults(app);
  const open = await checkJobs(app, [...jobs.values()], results, deadline);
  const { reason, refused } = await sendJobs(
    app,
    app.followQueue,
    open,
    deadline.signal('handOver'),
  );
  if (refused.length === 0) return [];
  app.log.warning('sync jobs not requeued: the queue did not take them', {
    jobs: refused.length,
    reason,
  });
  return redeliver(app, { messages, results, refused, reason });
}

interface Message {
  readonly record: SqsRecord;
  readonly jobs: readonly FollowedJob[];
}

/** A malformed message is logged, by its id, and left out. */
function parseMessages({ log }: App, records: readonly SqsRecord[]): readonly Message[] {
  return records.flatMap((record) => {
    const message = parseFollowMessage(record.body);
    if (message) return [{ record, jobs: toJobs(message) }];
    const { body, messageId, receiveCount } = record;
    const characters = body.length;
    log.problem('follow message malformed: dropped', { messageId, receiveCount, characters });
    return [];
  });
}

/** Resolves with the jobs that have no end yet, for their next round. */
async function checkJobs(
  app: App,
  jobs: readonly FollowedJob[],
  results: JobResults,
  deadline: Deadline,
): Promise<readonly FollowedJob[]> {
  const ends = await findEnds(app, jobs, deadline);
  const givenUpAt = app.clock.now() - app.config.syncFollowMinutes * 60_000;
  const open: FollowedJob[] = [];
  for (const job of jobs) {
    const end = ends.get(job);
    if (end) results.add(job, end);
    else if (job.acceptedAt <= givenUpAt) results.add(job, { end: 'unknown', reason: givenUp });
    else open.push({ ...job, round: job.round + 1 });
  }
  return open;
}

const givenUp = 'no end was found within SYNC_FOLLOW_MINUTES';

interface Refused {
  readonly messages: readonly Message[];
  readonly results: JobResults;
  readonly refused: readonly FollowedJob[];
  readonly reason: string;
}

/** The messages that must come back; after the last delivery they cannot, and their jobs end here. */
function redeliver(
  { config }: App,
  { messages, reason, refused, results }: Refused,
): readonly string[] {
  const left = new Map(refused.map((job) => [keyOf(job), job]));
  const again: string[] = [];
  for (const { jobs, record } of messages) {
    if (record.receiveCount >= config.syncMaxReceives) continue;
    const open = jobs.map(keyOf).filter((key) => left.has(key));
    if (open.length > 0) again.push(record.messageId);
    for (const key of open) left.delete(key);
  }
  for (const job of left.values()) results.add(job, { end: 'unknown', reason });
  return again;
}
