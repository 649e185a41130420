import * as v from 'valibot';
import { ParameterError } from '../errors.ts';
import type { ParameterStore } from './parameter-store.ts';
import { maxPartCharacters } from './parts.ts';

/** How far `watch` has come. */
export interface Cursor {
  /** Ms since the epoch: traces before it are done, but for what the overlap brings. */
  readonly until: number;
  /** Marks of traces after `until` less the overlap that are done already. */
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
      `Parameter ${name} is not what watch writes: delete it; then run a full sync, as watch begins anew`,
    );
  }
  const { done, until } = parsed.output;
  return { until: Date.parse(until), done: done.split(separator).filter((mark) => mark !== '') };
}

/** Keeps as many marks as one parameter holds, the first ones. @throws {ParameterError} */
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
