import type { App } from '../app.ts';
import type { Fleet } from '../aws/instance-list.ts';
import { type ChangeRequest, isExpired } from '../queue/requests.ts';

/** Changes of instances that discovery found in a state other than RUNNING: they wait until the instance runs. */
export interface Waiting {
  /** The instances that a change waits for. */
  readonly instanceIds: readonly string[];
  /** Lets a change wait for one of them, or says that it does not. */
  add(request: ChangeRequest, instanceId: string): void;
  /** Whose messages come back. */
  readonly returned: readonly ChangeRequest[];
  /** Those that go into new messages, so that the wait does not end in the dead-letter queue. */
  readonly sentAgain: readonly ChangeRequest[];
}

const lastingStates = new Set(['ERROR', 'CREATEFAILED']); // the other states of DDM pass by themselves
/** Of the five that SQS makes: after them a change goes into a new message. */
export const maxDeliveries = 3;

export function createWaiting(app: App, notRunning: Fleet['notRunning']): Waiting {
  const { clock, log } = app;
  const states = new Map(notRunning.map(({ instanceId, state }) => [instanceId, state]));
  const returned: ChangeRequest[] = [];
  const sentAgain: ChangeRequest[] = [];
  return {
    instanceIds: [...states.keys()],
    returned,
    sentAgain,
    add: (request, instanceId) => {
      const { change, origin, record } = request;
      const state = states.get(instanceId) ?? '';
      const changedAt = change.changedAt ?? clock.now();
      const fields = { instanceId, state, runId: origin.runId };
      // The schedule syncs the instance as well.
      if (lastingStates.has(state) || isExpired(app, changedAt)) {
        log.ignored('instance change ignored: the instance does not run', fields);
        return;
      }
      log.notice('instance change waits: the instance does not run', fields);
      if ('instanceId' in change && record.receiveCount < maxDeliveries) returned.push(request);
      else sentAgain.push({ origin, record, change: { instanceId, changedAt } });
    },
  };
}
