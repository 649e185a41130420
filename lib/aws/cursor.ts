import * as v from 'valibot';
import { ParameterError } from '../errors.ts';
import { maxNames, type ParameterStore } from './parameter-store.ts';
import { maxPartCharacters } from './parts.ts';

/** How far `watch` has read. */
export interface Cursor {
  /** Ms since the epoch: traces before it are handled, except late ones within the overlap. */
  readonly until: number;
  /** Marks of traces within the overlap before `until` that are already handled. */
  readonly done: readonly string[];
  /** Until when there were traces of a service type, in ms since the epoch; before its first trace: since when not. */
  readonly heard?: Readonly<Record<string, number>> | undefined;
}

const schema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    until: v.pipe(v.string(), v.isoTimestamp()),
    done: v.string(),
    heard: v.optional(v.record(v.string(), v.pipe(v.number(), v.finite()))),
  }),
);

const separator = '.';
const room = 100; // for everything but marks and service types

/** The cursor, and the parameters with the marks that it has no room for: as many as one call reads. */
export function cursorNames(name: string): readonly string[] {
  const more = Array.from({ length: maxNames - 1 }, (_, index) => `${name}/${index + 2}`);
  return [name, ...more];
}

/** Undefined before the first run. @throws {ParameterError} */
export async function readCursor(store: ParameterStore, name: string): Promise<Cursor | undefined> {
  const [, ...more] = cursorNames(name);
  const found = await store.get(cursorNames(name));
  const parameter = found.get(name);
  if (parameter === undefined) return undefined;
  const parsed = v.safeParse(schema, parameter.value);
  if (!parsed.success) {
    throw new ParameterError(
      'PARAMETER_INVALID',
      name,
      `Parameter ${name} is not what watch writes: delete it, then run a full sync, because watch starts over`,
    );
  }
  const { done, heard, until } = parsed.output;
  // Parameters that an earlier, longer cursor left behind have marks of handled traces as well.
  const marks = [done, ...more.map((part) => found.get(part)?.value ?? '')].join(separator);
  return {
    until: Date.parse(until),
    done: marks.split(separator).filter((mark) => mark !== ''),
    ...(heard && { heard }),
  };
}

/**
 * Keeps the first marks, as many as fit. The cursor itself comes last: whatever fails, it has not moved.
 * @throws {ParameterError}
 */
export async function writeCursor(
  store: ParameterStore,
  name: string,
  cursor: Cursor,
): Promise<void> {
  const { heard } = cursor;
  const maxCharacters = maxPartCharacters - room - JSON.stringify(heard ?? {}).length;
  const [done = '', ...more] = splitMarks(cursor.done, maxCharacters);
  for (const [index, value] of more.entries()) {
    await store.put({ name: cursorNames(name)[index + 1] ?? name, value }, 'String');
  }
  const value = JSON.stringify({ until: new Date(cursor.until).toISOString(), done, heard });
  await store.put({ name, value }, 'String');
}

function splitMarks(marks: readonly string[], maxCharacters: number): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (const mark of marks) {
    if (part.length + separator.length + mark.length > maxCharacters) {
      parts.push(part);
      part = '';
    }
    part += part === '' ? mark : separator + mark;
  }
  return [...parts, part].slice(0, maxNames);
}
