import * as v from 'valibot';
import { InvalidEventError } from '../errors.ts';

const flag = v.optional(v.boolean(), false);
// EventBridge Scheduler sends its default event with `detail` as a string, "{}".
const jsonText = v.pipe(v.string(), v.parseJson());
const schema = v.object({
  dryRun: flag,
  detail: v.optional(v.pipe(v.union([jsonText, v.unknown()]), v.object({ dryRun: flag }))),
});

/**
 * Reads `dryRun` from a schedule's input (`{"dryRun": true}`) or an event's detail. A value that is not a
 * boolean is refused: a mistyped dry run must not become a real run.
 * @throws {InvalidEventError}
 */
export function isDryRun(event: unknown): boolean {
  if (event === null || event === undefined) return false;
  const parsed = v.safeParse(schema, event);
  if (!parsed.success) {
    throw new InvalidEventError(
      'The event is not usable: dryRun must be true or false, in the input or in its detail',
    );
  }
  const { dryRun, detail } = parsed.output;
  return dryRun || detail?.dryRun === true;
}
