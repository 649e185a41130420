import * as v from 'valibot';
import { isDataNodeId } from '../ids.ts';
import type { NamedChange } from './change.ts';
import { dataNodeServices, eventNames, traceNames } from './trace-names.ts';

/** What a trace or an event says: a change, nothing that concerns DDM, or something that cannot be read. */
export type Reading = NamedChange | 'irrelevant' | 'unclear';

const optionalText = v.nullish(v.string(), '');
const traceSchema = v.object({
  trace_name: v.string(),
  service_type: optionalText,
  resource_id: optionalText,
  trace_rating: v.nullish(v.string()),
  trace_status: v.nullish(v.string()),
  request: v.optional(v.unknown()),
  response: v.optional(v.unknown()),
});

type Trace = v.InferOutput<typeof traceSchema>;

/**
 * What a trace of CTS records: only what succeeded, and only on data nodes, is a change.
 * @param serviceTypes more CTS service types that have data nodes
 */
export function judgeTrace(value: unknown, serviceTypes: readonly string[] = []): Reading {
  const parsed = v.safeParse(traceSchema, value);
  if (!parsed.success) return 'unclear';
  const { output: trace } = parsed;
  const { service_type: service, trace_name: name } = trace;
  const hasDataNodes = dataNodeServices.test(service) || serviceTypes.includes(service);
  if (service !== '' && !hasDataNodes) return 'irrelevant';
  if (!Object.hasOwn(traceNames, name)) return 'irrelevant';
  const rating = trace.trace_rating ?? trace.trace_status ?? 'normal';
  if (rating !== 'normal') return 'irrelevant'; // warning or incident: the operation failed
  const dataNodeId = dataNodeOf(trace);
  return dataNodeId === undefined ? 'unclear' : { dataNodeId, name };
}

/** If a read replica was created, DDM knows its primary. */
function dataNodeOf({ request, resource_id, response }: Trace): string | undefined {
  const asked = toText(request);
  const primary = /\\?"replica_of_id\\?"\s*:\s*\\?"(\w{36})\\?"/.exec(asked)?.[1];
  const candidates = [primary ?? '', resource_id, ...idsIn(toText(response)), ...idsIn(asked)];
  return candidates.find(isDataNodeId);
}

const eventSchema = v.object({
  event_name: v.string(),
  event_source: optionalText,
  resource_id: optionalText,
  detail: v.nullish(v.looseObject({ resource_id: optionalText })),
});

export function judgeEvent(value: unknown): Reading {
  const parsed = v.safeParse(eventSchema, value);
  if (!parsed.success) return 'unclear';
  const { detail, event_name: name, event_source: source, resource_id } = parsed.output;
  if (source !== '' && !dataNodeServices.test(source.replace(/^SYS\./i, ''))) return 'irrelevant';
  if (!Object.hasOwn(eventNames, name) && !Object.hasOwn(traceNames, name)) return 'irrelevant';
  const candidates = [detail?.resource_id ?? '', resource_id, ...idsIn(toText(value))];
  const dataNodeId = candidates.find(isDataNodeId);
  return dataNodeId === undefined ? 'unclear' : { dataNodeId, name };
}

/** Ids of DDM instances and data nodes in a text. */
export function idsIn(text: string): readonly string[] {
  return text.match(/(?<![0-9A-Za-z])[0-9a-f]{32}in\d{2}(?![0-9A-Za-z])/g) ?? [];
}

export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return ''; // nested deeper than the stack allows: not one of the known forms
  }
}
