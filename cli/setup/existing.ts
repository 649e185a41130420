import type { Store } from '../../lib/aws/parameter-store.ts';
import type { Part } from '../../lib/aws/parts.ts';

/** The parameters below a prefix that a set-up writes or removes, by name. */
export type Existing = ReadonlyMap<string, Part>;

/** @throws {ParameterError} */
export async function readExisting(store: Store, prefix: string): Promise<Existing> {
  const names = ['instances', 'credentials', 'token', 'token-set'];
  const found = await store.get(names.map((name) => `${prefix}/${name}`));
  const lists = await store.below(`${prefix}/instances`);
  const tokens = await store.below(`${prefix}/token`);
  return new Map([...found.values(), ...lists, ...tokens].map((part) => [part.name, part]));
}
