import type { HttpAnswer } from '../../../lib/huawei/http.ts';
import { epochMs } from '../cloud/process.ts';
import type { Operation } from '../plan.ts';
import type { World } from '../world.ts';
import { json, type Reply, refused, unavailable } from './answer.ts';
import { instanceIdOf, nodeIdOf } from './ids.ts';

/** A record of the audit service. */
interface Recorded {
  /** What the answer says of it. */
  readonly trace: Readonly<Record<string, unknown>>;
  readonly service: string;
  readonly name: string;
  /** Since the world began. */
  readonly at: number;
  readonly readableAt: number;
}

/** Something that CTS told of: the owners of the node must be synced after it. */
interface ToldChange {
  readonly node: number;
  /** When the operation ended. */
  readonly at: number;
}

export interface Cts {
  respond(query: URLSearchParams, token: string): Reply;
  readonly told: readonly ToldChange[];
}

export function createCts(world: World): Cts {
  const { faults, plan, random, scheduler } = world;
  const records = plan.operations.flatMap((operation, number) => recordsOf(operation, number));
  records.sort((a, b) => a.at - b.at);

  const list = (query: URLSearchParams): HttpAnswer => {
    const from = Number(query.get('from')) - epochMs;
    const to = Number(query.get('to')) - epochMs;
    const name = query.get('trace_name');
    const service = query.get('service_type') ?? '';
    const known = service === 'DDM' ? syncRecords(world, from, to) : records;
    const found = known
      .filter((one) => one.service === service && (name === null || one.name === name))
      .filter(({ at, readableAt }) => at >= from && at <= to && readableAt <= scheduler.now())
      .toReversed();
    const limit = Number(query.get('limit'));
    const start = Number(query.get('next') ?? 0);
    const page = found.slice(start, start + limit).map(({ trace }) => trace);
    const marker = start + limit < found.length ? String(start + limit) : undefined;
    return json(200, { traces: page, meta_data: { count: page.length, marker } });
  };

  return {
    told: plan.operations.flatMap(({ at, durationMs, kind, node }) =>
      kind === 'fails' ? [] : [{ node, at: kind === 'twice' ? at + durationMs : at }],
    ),
    respond: (query, token) => {
      const latencyMs = random.between(20, 80);
      if (!world.iam.isValid(token)) return { answer: refused(token), latencyMs };
      if (random.chance(faults.share('cts-fails'))) return { answer: unavailable(), latencyMs };
      return { answer: list(query), latencyMs };
    },
  };
}

/** An asynchronous operation is recorded when it was asked for, and when it ended. */
function recordsOf(operation: Operation, number: number): Recorded[] {
  const { at, doubled, durationMs, garbage, kind, lateMs, name, node, odd } = operation;
  const record = (
    id: string,
    time: number,
    fields: Readonly<Record<string, unknown>>,
  ): Recorded => ({
    service: 'RDS',
    name,
    at: time,
    readableAt: time + (id === 'ended' ? (operation.endLateMs ?? lateMs) : lateMs),
    trace: {
      trace_id: `${id}-${number}`,
      trace_name: name,
      service_type: 'RDS',
      resource_id: nodeIdOf(node),
      trace_type: 'ApiCall',
      trace_rating: 'normal',
      time: epochMs + time,
      ...fields,
      ...odd,
    },
  });
  const asked = record('asked', at, {});
  const ended = record('ended', at + durationMs, {
    trace_type: 'SystemAction',
    trace_rating: kind === 'fails' ? 'warning' : 'normal',
  });
  const last = kind === 'api-only' ? asked : ended;
  return [
    asked,
    ...(kind === 'api-only' ? [] : [ended]),
    ...(doubled ? [{ ...last, trace: { ...last.trace, trace_id: `again-${number}` } }] : []),
    ...(garbage ? [record('garbage', at, { trace_name: 7, time: 'yesterday' })] : []),
  ];
}

/** What the syncs themselves leave behind; follow looks up there what the job list does not have. */
function syncRecords({ ddm }: World, from: number, to: number): readonly Recorded[] {
  return ddm.jobs
    .filter(({ endsAt, startedAt }) => endsAt >= from && startedAt <= to)
    .map(({ endsAt, id, index, isFailed }) => ({
      service: 'DDM',
      name: 'synRdsinfo',
      at: endsAt,
      readableAt: endsAt,
      trace: {
        trace_id: id,
        trace_name: 'synRdsinfo',
        service_type: 'DDM',
        resource_id: instanceIdOf(index),
        trace_type: 'SystemAction',
        trace_rating: isFailed ? 'warning' : 'normal',
        time: epochMs + endsAt,
      },
    }));
}
