import { isDataNodeId } from '../ids.ts';
import { parseJson } from '../text.ts';
import { idOf, type NamedChange } from './change.ts';
import { idsIn, judgeEvent, judgeTrace, type Reading, toText } from './trace.ts';
import { eventNames, ownTrace, traceNames } from './trace-names.ts';

/**
 * What changed, according to the text that CTS or Cloud Eye put into an SMN message. Its form is not
 * documented: a trace or an event, wrapped or in lists, or prose that names an id.
 */
export function parseNotification(
  message: string,
): readonly NamedChange[] | 'irrelevant' | 'unclear' {
  const readings = readValue(message, 0);
  const changes = new Map<string, NamedChange>();
  for (const reading of readings) {
    if (typeof reading !== 'object') continue;
    changes.set(idOf(reading), reading);
  }
  if (changes.size > 0) return [...changes.values()];
  return readings.includes('unclear') ? 'unclear' : 'irrelevant';
}

const maxDepth = 10; // of nesting
const wrappers = ['cts', 'record', 'records', 'smn', 'message', 'traces', 'events', 'data'];

function readValue(value: unknown, depth: number): readonly Reading[] {
  if (depth > maxDepth) return ['unclear'];
  if (typeof value === 'string') return readText(value, depth);
  if (Array.isArray(value)) return value.flatMap((entry) => readValue(entry, depth + 1));
  if (typeof value !== 'object' || value === null) return ['unclear'];
  if ('trace_name' in value) return [judgeTrace(value)];
  if ('event_name' in value) return [judgeEvent(value)];
  const wrapped = Object.entries(value).filter(([key]) => wrappers.includes(key));
  if (wrapped.length > 0) return wrapped.flatMap(([, inner]) => readValue(inner, depth + 1));
  // JSON of an unknown kind: an id alone does not make it a change.
  const text = toText(value);
  return nameIn(text) === undefined ? ['unclear'] : readProse(text);
}

function readText(text: string, depth: number): readonly Reading[] {
  const value = parseJson(text);
  return value === undefined ? readProse(text) : readValue(value, depth + 1);
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
