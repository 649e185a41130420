import * as v from 'valibot';
import { isDataNodeId } from '../ids.ts';
import { parseJson } from '../parse-json.ts';

/** What changed: a DDM instance, or a data node, an RDS or GaussDB instance. */
export type Changed = { readonly instanceId: string } | { readonly dataNodeId: string };

/** Something that DDM has to be told of, and what happened, by the name that the source has for it. */
export type Change = Changed & { readonly name: string };

export function idOf(changed: Changed): string {
  return 'instanceId' in changed ? changed.instanceId : changed.dataNodeId;
}

/**
 * The traces of RDS and GaussDB that change what DDM knows of a data node, and why. Not among them:
 * passwords, parameters, backups, tags and fail-over settings, which DDM does not see; the public IP, as
 * DDM uses the private one; freezing, which is undone or ends in a deletion. A change of the private IP
 * has no name in the documentation.
 */
export const traceNames: Readonly<Record<string, string>> = {
  createInstance:
    'a read replica is new; a new instance belongs to no DDM instance and is passed over',
  deleteInstance: 'a data node or a read replica is gone',
  rdsUnsubscribeInstance: 'a data node that was paid for by the month is gone',
  addNodes: 'a read replica is new (GaussDB)',
  deleteNode: 'a read replica is gone (GaussDB)',
  instanceAction: 'class or storage are others',
  changeInstancePort: 'the port is another',
  modifySecurityGroup: 'the security group is another: DDM reaches the node by other rules',
  modifySingleToHaInstance: 'a standby was added: the address may be another',
  instanceFailOver: 'primary and standby have changed places',
  instanceSwitchOver: 'primary and read replica have changed places (GaussDB)',
  instanceRestart: 'class and port take effect, and the state is another',
  restartInstance: 'class and port take effect, and the state is another (GaussDB)',
  instanceRestore: 'the node was rebuilt from a backup',
  StartupInstance: 'a stopped node can be used again',
  StopInstance: 'the node cannot be used',
  instanceRename: 'DDM lists data nodes with their names',
  renameInstance: 'DDM lists data nodes with their names (GaussDB)',
};

/** The same of Cloud Eye's events, most of which are faults that change no data node. */
const eventNames: Readonly<Record<string, string>> = {
  PrimaryStandbySwitched: 'primary and standby have changed places',
  DBInstanceRecovered: 'a faulty node can be used again, perhaps rebuilt',
};

const ownTrace = 'synRdsinfo'; // what our own calls leave behind: to follow it would never end
const dataNodeServices = /^(rds|gaussdb\w*|taurusdb)$/i;

type Reading = Change | 'irrelevant' | 'unclear';

/** The change that a trace of CTS tells of: only what succeeded, and only data nodes. */
export function readTrace(trace: unknown): Change | undefined {
  const reading = judgeTrace(trace);
  return typeof reading === 'object' ? reading : undefined;
}

/**
 * What changed, by the text that CTS or Cloud Eye put into an SMN message. Its form is not documented: a
 * trace or an event, wrapped or in lists, or prose that names an id.
 */
export function parseSmnMessage(message: string): readonly Change[] | 'irrelevant' | 'unclear' {
  const readings = read(message, 0);
  const changes = new Map<string, Change>();
  for (const reading of readings) {
    if (typeof reading !== 'object') continue;
    changes.set(idOf(reading), reading);
  }
  if (changes.size > 0) return [...changes.values()];
  return readings.includes('unclear') ? 'unclear' : 'irrelevant';
}

const maxDepth = 10; // of what is wrapped in what
const wrappers = ['cts', 'record', 'records', 'smn', 'message', 'traces', 'events', 'data'];

function read(value: unknown, depth: number): readonly Reading[] {
  if (depth > maxDepth) return ['unclear'];
  if (typeof value === 'string') return readText(value, depth);
  if (Array.isArray(value)) return value.flatMap((entry) => read(entry, depth + 1));
  if (typeof value !== 'object' || value === null) return ['unclear'];
  if ('trace_name' in value) return [judgeTrace(value)];
  if ('event_name' in value) return [judgeEvent(value)];
  const wrapped = Object.entries(value).filter(([key]) => wrappers.includes(key));
  if (wrapped.length > 0) return wrapped.flatMap(([, inner]) => read(inner, depth + 1));
  // JSON of a kind that we do not know: an id alone does not make it a change.
  const text = toText(value);
  return nameIn(text) === undefined ? ['unclear'] : readProse(text);
}

function readText(text: string, depth: number): readonly Reading[] {
  const value = parseJson(text);
  return value === undefined ? readProse(text) : read(value, depth + 1);
}

function readProse(text: string): readonly Reading[] {
  if (text.includes(ownTrace)) return ['irrelevant'];
  const name = nameIn(text) ?? 'text';
  const ids = idsIn(text);
  return ids.length === 0
    ? ['unclear']
    : ids.map((id) => (isDataNodeId(id) ? { dataNodeId: id, name } : { instanceId: id, name }));
}

function nameIn(text: string): string | undefined {
  const words = new Set(text.match(/\b[A-Za-z]{8,32}\b/g));
  return [...Object.keys(traceNames), ...Object.keys(eventNames)].find((name) => words.has(name));
}

function idsIn(text: string): readonly string[] {
  return text.match(/(?<![0-9A-Za-z])[0-9a-f]{32}in\d{2}(?![0-9A-Za-z])/g) ?? [];
}

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

function judgeTrace(value: unknown): Reading {
  const parsed = v.safeParse(traceSchema, value);
  if (!parsed.success) return 'unclear';
  const { output: trace } = parsed;
  const { service_type: service, trace_name: name } = trace;
  if (service !== '' && !dataNodeServices.test(service)) return 'irrelevant';
  if (!Object.hasOwn(traceNames, name)) return 'irrelevant';
  const rating = trace.trace_rating ?? trace.trace_status ?? 'normal';
  if (rating !== 'normal') return 'irrelevant'; // warning, incident: it failed
  const dataNodeId = dataNodeOf(trace);
  return dataNodeId === undefined ? 'unclear' : { dataNodeId, name };
}

/** Where a read replica was created it is the primary that DDM knows. */
function dataNodeOf({ request, resource_id, response }: Trace): string | undefined {
  const asked = toText(request);
  const primary = /\\?"replica_of_id\\?"\s*:\s*\\?"(\w{36})\\?"/.exec(asked)?.[1];
  const candidates = [primary ?? '', resource_id, ...idsIn(toText(response)), ...idsIn(asked)];
  return candidates.find(isDataNodeId);
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return ''; // nested deeper than the stack: nothing that we know
  }
}

const eventSchema = v.object({
  event_name: v.string(),
  event_source: optionalText,
  resource_id: optionalText,
  detail: v.nullish(v.looseObject({ resource_id: optionalText })),
});

function judgeEvent(value: unknown): Reading {
  const parsed = v.safeParse(eventSchema, value);
  if (!parsed.success) return 'unclear';
  const { detail, event_name: name, event_source: source, resource_id } = parsed.output;
  if (source !== '' && !dataNodeServices.test(source.replace(/^SYS\./i, ''))) return 'irrelevant';
  if (!Object.hasOwn(eventNames, name) && !Object.hasOwn(traceNames, name)) return 'irrelevant';
  const candidates = [detail?.resource_id ?? '', resource_id, ...idsIn(toText(value))];
  const dataNodeId = candidates.find(isDataNodeId);
  return dataNodeId === undefined ? 'unclear' : { dataNodeId, name };
}
