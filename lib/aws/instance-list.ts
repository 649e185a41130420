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
}

const maxMalformedCharacters = 64;

/** Joins the parts of the list. @throws {ParameterError} that names the part, never its value */
export function parseFleet(parts: readonly Part[]): Fleet {
  const instanceIds = new Set<string>();
  const malformed = new Set<string>();
  let entries = 0;
  for (const part of parts) {
    for (const entry of parseEntries(part)) {
      entries += 1;
      if (isInstanceId(entry)) instanceIds.add(entry);
      else malformed.add(entry);
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
  };
}

function parseEntries({ name, value }: Part): readonly string[] {
  const text = value.trim();
  if (text === '') throw invalid(name, 'is empty');
  if (text.startsWith('[')) return parseJsonArray(name, text);
  if (text.startsWith('{')) throw invalid(name, 'is a JSON object where a list is expected');
  return text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

const entryObject = v.object({ instanceId: v.string() });

function parseJsonArray(name: string, text: string): readonly string[] {
  const entries = parseJson(name, text);
  if (!Array.isArray(entries)) throw invalid(name, 'is not a JSON array');
  return entries.map((entry: unknown) => {
    if (typeof entry === 'string') return entry.trim();
    return v.is(entryObject, entry) ? entry.instanceId.trim() : JSON.stringify(entry);
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
