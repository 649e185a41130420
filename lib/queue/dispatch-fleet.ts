import type { App } from '../app.ts';
import type { Queue } from '../aws/queue.ts';
import type { Deadline } from '../deadline.ts';
import { openRecorder } from '../sync/run.ts';
import { createTask } from '../sync/tasks.ts';
import { createQueueHandOver } from './hand-over.ts';
import type { FleetMessage } from './message.ts';
import type { FleetRequest } from './requests.ts';
import { isExpired } from './resend.ts';
import { send } from './sender.ts';

/** Sends a message for every configured instance. Resolves with the message's id when it must come back. */
export async function dispatchFleet(
  app: App,
  queue: Queue,
  { message, record }: FleetRequest,
  deadline: Deadline,
): Promise<readonly string[]> {
  try {
    const fleet = await app.fleet(deadline, 'calls');
    const recorder = openRecorder(app, message, fleet);
    const tasks = fleet.instanceIds.map(createTask);
    const options = { fleet: tasks.length, deadline };
    const { failure, refused } = await createQueueHandOver(app, queue, message, options).take(
      tasks,
    );
    for (const task of tasks) {
      if (refused.has(task.instanceId)) recorder.failed(task, failure);
      else recorder.queued(task);
    }
    const report = recorder.report();
    app.log.report(report);
    // Redelivery would send the sent ones again, so the message comes back only if none were sent.
    return report.queued === 0 && refused.size > 0 ? [record.messageId] : [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    app.log.problem('fleet not dispatched', { runId: message.runId, reason });
    return (await askAgain(app, queue, message, deadline)) ? [] : [record.messageId];
  }
}

const fleetDelaySeconds = 60;

/** Sends a fleet message anew, for up to a day. Resolves with whether the old one is done with. */
async function askAgain(
  app: App,
  queue: Queue,
  message: FleetMessage,
  deadline: Deadline,
): Promise<boolean> {
  const { askedAt = app.clock.now() } = message;
  if (isExpired(app, askedAt)) return true;
  const entry = { message: { ...message, askedAt }, delaySeconds: fleetDelaySeconds };
  const { refused } = await send(app, queue, [entry], deadline.signal('handOver'));
  return refused.length === 0;
}
