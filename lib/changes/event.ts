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
  return v.optional(v.union([one, many]));
}

const schema = v.object({
  'detail-type': v.picklist(['DDM Instance Changed', 'Data Node Changed']),
  detail: v.object({ instanceId: ids(isInstanceId), dataNodeId: ids(isDataNodeId) }),
});

/**
 * What changed, according to an EventBridge event: detail-type `DDM Instance Changed` or `Data Node
 * Changed`, with one id or up to 1,000 in `detail.instanceId` (DDM) and `detail.dataNodeId` (RDS, GaussDB).
 * @throws {InvalidEventError}
 */
export function parseChangeEvent(event: unknown): readonly Change[] {
  const parsed = v.safeParse(schema, event);
  if (!parsed.success) {
    const field = parsed.issues[0].path?.map(({ key }) => String(key)).join('.') ?? 'the event';
    throw new InvalidEventError(
      `The event is not usable (${field.slice(0, 64)}): it needs the detail-type "DDM Instance Changed" or "Data Node Changed", and in its detail an instanceId of DDM or a dataNodeId of RDS or GaussDB, or up to ${maxIds} of them`,
    );
  }
  const { dataNodeId = [], instanceId = [] } = parsed.output.detail;
  const changes = [
    ...instanceId.map((id) => ({ instanceId: id })),
    ...dataNodeId.map((id) => ({ dataNodeId: id })),
  ];
  if (changes.length === 0) {
    throw new InvalidEventError('The event names neither an instanceId nor a dataNodeId');
  }
  return changes;
}
