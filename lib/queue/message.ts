import * as v from 'valibot';
import { isDataNodeId, isInstanceId } from '../ids.ts';
import { parseJson } from '../parse-json.ts';
import type { Trigger } from '../sync/outcomes.ts';

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

/** Asks follow to look what became of accepted syncs; compact, because one message has up to 128 of them. */
export interface FollowMessage {
  /** The how-manieth look it is, from 1. */
  readonly round: number;
  readonly runs: readonly (Asked & { readonly jobs: readonly CompactJob[] })[];
}

/** Instance id, job id where there is one, and when it was accepted in ms since the epoch. */
export type CompactJob = readonly [string, string | null, number];

export type QueueMessage = ChangeMessage | FleetMessage | FollowMessage;

const asked = {
  trigger: v.picklist(['schedule', 'http', 'change']),
  runId: v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/)), // a Lambda request id is a UUID
};
const instanceId = v.pipe(v.string(), v.check(isInstanceId));
const schema = v.union([
  v.object({ instanceId, ...asked }),
  v.object({ dataNodeId: v.pipe(v.string(), v.check(isDataNodeId)), ...asked }),
  v.object({ fleet: v.literal(true), ...asked }),
]);

function whole(max: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));
}
function page<Item extends v.GenericSchema>(item: Item) {
  return v.pipe(v.array(item), v.minLength(1), v.maxLength(128));
}
const jobSchema = v.strictTuple([
  instanceId,
  v.nullable(v.pipe(v.string(), v.nonEmpty(), v.maxLength(256))),
  whole(8.64e15), // what a Date can be
]);
const followSchema = v.strictObject({
  round: whole(10_000),
  runs: page(v.strictObject({ ...asked, jobs: page(jobSchema) })),
});

/** Reads the body of a message of the sync or the change queue; undefined when it is none of ours. */
export function parseMessage(body: string): ChangeMessage | FleetMessage | undefined {
  return parse(schema, body);
}

/** Reads the body of a message of the follow queue; undefined when it is none of ours. */
export function parseFollowMessage(body: string): FollowMessage | undefined {
  return parse(followSchema, body);
}

function parse<Schema extends v.GenericSchema>(
  wanted: Schema,
  body: string,
): v.InferOutput<Schema> | undefined {
  const parsed = v.safeParse(wanted, parseJson(body));
  return parsed.success ? parsed.output : undefined;
}
