import * as v from 'valibot';
import type { DataNodeChange, InstanceChange } from '../changes/change.ts';
import { isDataNodeId, isInstanceId } from '../ids.ts';
import type { Trigger } from '../log.ts';
import { parseJson } from '../text.ts';

interface Origin {
  readonly trigger: Trigger;
  readonly runId: string;
}

/** Asks a worker to sync one instance. */
export type SyncMessage = Origin &
  InstanceChange & {
    /** When it was first asked for, in ms since the epoch. */
    readonly askedAt?: number | undefined;
    /** Deliveries in which the instance was called and failed for a fault of its own. */
    readonly tries?: number | undefined;
    /** It did not answer in time. */
    readonly slow?: true | undefined;
  };

/** Asks a worker to sync the instances that have a data node. */
type DataNodeMessage = Origin & DataNodeChange;

/** Asks a worker to send one message per configured instance: that takes too long for an HTTP request. */
export type FleetMessage = Origin & {
  readonly fleet: true;
  readonly askedAt?: number | undefined;
};

export type ChangeMessage = SyncMessage | DataNodeMessage;

/** Asks follow to check accepted syncs; compact, because one message holds up to 128 of them. */
export interface FollowMessage {
  /** Number of this check, from 1. */
  readonly round: number;
  readonly runs: readonly (Origin & { readonly jobs: readonly CompactJob[] })[];
}

/** Instance id, job id if there is one, and when it was accepted, in ms since the epoch. */
export type CompactJob = readonly [string, string | null, number];

export type QueueMessage = ChangeMessage | FleetMessage | FollowMessage;

const origin = {
  trigger: v.picklist(['schedule', 'http', 'change']),
  runId: v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/)), // a Lambda request id is a UUID
};
const instanceId = v.pipe(v.string(), v.check(isInstanceId));
const time = whole(8.64e15); // the largest Date
const schema = v.union([
  v.object({
    instanceId,
    changedAt: v.optional(time),
    askedAt: v.optional(time),
    tries: v.optional(whole(1_000)),
    slow: v.optional(v.literal(true)),
    ...origin,
  }),
  v.object({
    dataNodeId: v.pipe(v.string(), v.check(isDataNodeId)),
    changedAt: v.optional(time),
    except: v.optional(v.array(instanceId)),
    search: v.optional(v.literal(true)),
    ...origin,
  }),
  v.object({ fleet: v.literal(true), askedAt: v.optional(time), ...origin }),
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
  time,
]);
const followSchema = v.strictObject({
  round: whole(10_000),
  runs: page(v.strictObject({ ...origin, jobs: page(jobSchema) })),
});

/** Reads the body of a message of the sync or the change queue; undefined if it is malformed. */
export function parseMessage(body: string): ChangeMessage | FleetMessage | undefined {
  return parse(schema, body);
}

/** Reads the body of a message of the follow queue; undefined if it is malformed. */
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
