import * as v from 'valibot';
import { isDataNodeId } from './data-node-id.ts';
import { isInstanceId } from './instance-id.ts';
import type { Trigger } from './report.ts';

/** Asks a worker to sync one instance. */
export interface SyncMessage {
  readonly instanceId: string;
  readonly trigger: Trigger;
  readonly runId: string;
}

/** Asks a worker to sync the instances that a data node belongs to. */
export interface DataNodeMessage {
  readonly dataNodeId: string;
  readonly trigger: Trigger;
  readonly runId: string;
}

/** Asks a worker to send a message for every configured instance: more than an HTTP request can wait for. */
export interface FleetMessage {
  readonly fleet: true;
  readonly trigger: Trigger;
  readonly runId: string;
}

export type QueueMessage = SyncMessage | DataNodeMessage | FleetMessage;

const trigger = v.picklist(['schedule', 'http', 'change']);
const runId = v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/)); // a Lambda request id is a UUID
const schema = v.union([
  v.object({ instanceId: v.pipe(v.string(), v.check(isInstanceId)), trigger, runId }),
  v.object({ dataNodeId: v.pipe(v.string(), v.check(isDataNodeId)), trigger, runId }),
  v.object({ fleet: v.literal(true), trigger, runId }),
]);

/** Reads a message's body; undefined when it is none of ours. */
export const parseMessage = (body: string): QueueMessage | undefined => {
  try {
    const parsed = v.safeParse(schema, JSON.parse(body));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
};
