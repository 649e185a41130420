import * as v from 'valibot';
import { isDataNodeId, isInstanceId } from './instance-id.ts';
import type { Trigger } from './report.ts';

interface Asked {
  readonly trigger: Trigger;
  readonly runId: string;
}

/** Asks a worker to sync one instance. */
type SyncMessage = Asked & { readonly instanceId: string };

/** Asks a worker to sync the instances that have a data node. */
type DataNodeMessage = Asked & { readonly dataNodeId: string };

/** Asks a worker to send a message for every configured instance: more than an HTTP request can wait for. */
export type FleetMessage = Asked & { readonly fleet: true };

export type ChangeMessage = SyncMessage | DataNodeMessage;
export type QueueMessage = ChangeMessage | FleetMessage;

const asked = {
  trigger: v.picklist(['schedule', 'http', 'change']),
  runId: v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/)), // a Lambda request id is a UUID
};
const schema = v.union([
  v.object({ instanceId: v.pipe(v.string(), v.check(isInstanceId)), ...asked }),
  v.object({ dataNodeId: v.pipe(v.string(), v.check(isDataNodeId)), ...asked }),
  v.object({ fleet: v.literal(true), ...asked }),
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
