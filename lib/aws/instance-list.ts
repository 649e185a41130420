import * as v from 'valibot';
import { ParameterError } from '../errors.ts';
import { isInstanceId } from '../ids.ts';
import { cleanForeignText } from '../text.ts';
import type { Part } from './parts.ts';

/** The configured instances. */
export interface Fleet {
  /** Well-formed and unique, in the order of the list. */
  readonly instanceIds: readonly string[];
  /** Entries that are not instance ids: unique, scrubbed, cut to 64 characters. */
  readonly malformed: readonly string[];
  /** How many entries repeat an earlier one. */
  readonly duplicates: number;
  /** Instances that discovery found in a state other than RUNNING: they are not called. */
  readonly notRunning: readonly { readonly instanceId: string; readonly state: string }[];
  /** By id, scrubbed; of those that the list gives a name. */
  readonly names?: ReadonlyMap<string, string> | undefined;
}

const maxMalformedCharacters = 64;

/** Joins the parts of the list. @throws {ParameterError} that names the part, never its value */
export function parseFleet(parts: readonly Part[]): Fleet {
  const instanceIds = new Set<string>();
  const malformed = new Set<string>();
  const names = new Map<string, string>();
  let entries = 0;
  for (const part of parts) {
    for (const { id, name } of parseEntries(part)) {
      entries += 1;
      if (isInstanceId(id)) instanceIds.add(id);
      else malformed.add(id);
      if (name !== '') names.set(id, cleanName(name));
    }
  }
  return {
    instanceIds: [...instanceIds],
    // A malformed entry may be a secret that was pasted by mistake: scrub it.
    malformed: [...malformed].map((entry) =>
      cleanForeignText(entry, []).slice(0, maxMalformedCharacters),
    ),
    duplicates: entries - instanceIds.size - malformed.size,
    notRunning: [],
    ...(names.size > 0 && { names }),
  };
}

const maxNameCharacters = 64; // as DDM allows

/** A name for the log. It comes from outside, as the list itself does. */
export function cleanName(name: string): string {
  return cleanForeignText(name, []).slice(0, maxNameCharacters);
}

interface Entry {
  readonly id: string;
  /** Empty if there is none. */
  readonly name: string;
}

function parseEntries({ name, value }: Part): readonly Entry[] {
  const text = value.trim();
  if (text === '') throw invalid(name, 'is empty');
  if (text.startsWith('[')) return parseJsonArray(name, text);
  if (text.startsWith('{')) throw invalid(name, 'is a JSON object where a list is expected');
  return text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(splitName);
}

/** `<id> <name>`; anything else is an id, or malformed as a whole. */
function splitName(entry: string): Entry {
  const [, id = '', name = ''] = /^(\S+)\s+(.+)$/.exec(entry) ?? [];
  return isInstanceId(id) ? { id, name } : { id: entry, name: '' };
}

/** An entry of a list in text form, as parseFleet() reads it. */
export function toListEntry(id: string, name = ''): string {
  return `${id} ${cleanName(name).replaceAll(',', ' ')}`.trim();
}

const entryObject = v.object({ instanceId: v.string(), name: v.optional(v.string(), '') });

function parseJsonArray(name: string, text: string): readonly Entry[] {
  const entries = parseJson(name, text);
  if (!Array.isArray(entries)) throw invalid(name, 'is not a JSON array');
  return entries.map((entry: unknown) => {
    if (typeof entry === 'string') return { id: entry.trim(), name: '' };
    const parsed = v.safeParse(entryObject, entry);
    if (!parsed.success) return { id: JSON.stringify(entry), name: '' };
    return { id: parsed.output.instanceId.trim(), name: parsed.output.name };
  });
}

// V8's message quotes the text, so it is not kept as the cause.
function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(name, 'begins with [ but is not valid JSON');
  }
}

function invalid(name: string, problem: string): ParameterError {
  return new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} ${problem}: put instance ids there, separated by commas or as a JSON array ([] for none)`,
  );
}
