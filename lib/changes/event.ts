import * as v from 'valibot';
import { InvalidEventError } from '../errors.ts';
import { isDataNodeId, isInstanceId } from '../ids.ts';
import type { Change } from './change.ts';

const maxIds = 1_000;

function ids(isId: (value: string) => boolean) {
  const id = v.pipe(v.string(), v.check(isId));
  const many = v.pipe(v.array(id), v.minLength(1), v.maxLength(maxIds));
  const one = v.pipe(
    id,
    v.transform((value) => [value]),
  );
  return v.union([one, many]);
}

const schema = v.variant('detail-type', [
  v.object({
    'detail-type': v.literal('DDM Instance Changed'),
    detail: v.strictObject({ instanceId: ids(isInstanceId) }),
  }),
  v.object({
    'detail-type': v.literal('Data Node Changed'),
    detail: v.strictObject({ dataNodeId: ids(isDataNodeId) }),
  }),
]);

/**
 * What changed, according to an EventBridge event: detail-type `DDM Instance Changed` with one id or up to 1,000 in
 * `detail.instanceId`, or `Data Node Changed` with those of RDS or GaussDB in `detail.dataNodeId`. A misspelt or
 * misplaced property is refused, because its change would be lost.
 * @throws {InvalidEventError}
 */
export function parseChangeEvent(event: unknown): readonly Change[] {
  const parsed = v.safeParse(schema, event);
  if (!parsed.success) {
    const field = parsed.issues[0].path?.map(({ key }) => String(key)).join('.') ?? 'the event';
    throw new InvalidEventError(
      `The event is not usable (${field.slice(0, 64)}): it needs the detail-type "DDM Instance Changed" and in its detail an instanceId of DDM, or "Data Node Changed" and a dataNodeId of RDS or GaussDB, or up to ${maxIds} of them, and nothing else`,
    );
  }
  const { detail } = parsed.output;
  return 'instanceId' in detail
    ? detail.instanceId.map((id) => ({ instanceId: id }))
    : detail.dataNodeId.map((id) => ({ dataNodeId: id }));
}
