import * as v from 'valibot';
import { ParameterError } from '../errors.ts';
import type { ParameterStore } from './parameter-store.ts';
import { maxPartCharacters } from './parts.ts';

/** How far `watch` has read. */
export interface Cursor {
  /** Ms since the epoch: traces before it are handled, except late ones within the overlap. */
  readonly until: number;
  /** Marks of traces within the overlap before `until` that are already handled. */
  readonly done: readonly string[];
}

const schema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ until: v.pipe(v.string(), v.isoTimestamp()), done: v.string() }),
);

const separator = '.';
const room = 100; // for everything but the marks

/** Undefined before the first run. @throws {ParameterError} */
export async function readCursor(store: ParameterStore, name: string): Promise<Cursor | undefined> {
  const parameter = (await store.get([name])).get(name);
  if (parameter === undefined) return undefined;
  const parsed = v.safeParse(schema, parameter.value);
  if (!parsed.success) {
    throw new ParameterError(
      'PARAMETER_INVALID',
      name,
      `Parameter ${name} is not what watch writes: delete it, then run a full sync, because watch starts over`,
    );
  }
  const { done, until } = parsed.output;
  return { until: Date.parse(until), done: done.split(separator).filter((mark) => mark !== '') };
}

/** Keeps the first marks, as many as fit into one parameter. @throws {ParameterError} */
export async function writeCursor(
  store: ParameterStore,
  name: string,
  cursor: Cursor,
): Promise<void> {
  let done = '';
  for (const mark of cursor.done) {
    if (done.length + separator.length + mark.length > maxPartCharacters - room) break;
    done += done === '' ? mark : separator + mark;
  }
  const value = JSON.stringify({ until: new Date(cursor.until).toISOString(), done });
  await store.put({ name, value }, 'String');
}
