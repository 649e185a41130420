import type { ParameterStore } from '../../lib/aws/parameter-store.ts';
import type { Part } from '../../lib/aws/parts.ts';
import { maxPartCharacters } from '../../lib/aws/parts.ts';

export interface FakeStore extends ParameterStore {
  readonly values: Map<string, string>;
}

const pageSize = 10;

/**
 * A parameter store in memory. `step` is awaited before each of its effects, so that a test decides what
 * happens in between: a listing is read page by page, and several names are removed one by one.
 */
export function createFakeStore(
  step: () => Promise<void> = async () => {},
  values = new Map<string, string>(),
): FakeStore {
  const find = (name: string): Part[] => {
    const value = values.get(name);
    return value === undefined ? [] : [{ name, value }];
  };

  return {
    values,
    get: async (names) => {
      await step();
      if (names.length === 0 || names.length > pageSize) throw new RangeError('names');
      return new Map(names.flatMap(find).map((part) => [part.name, part]));
    },
    below: async (path) => {
      const parts: Part[] = [];
      let last = '';
      for (;;) {
        await step();
        const names = [...values.keys()]
          .filter((name) => name.slice(0, name.lastIndexOf('/')) === path && name > last)
          .sort()
          .slice(0, pageSize);
        parts.push(...names.flatMap(find));
        last = names.at(-1) ?? '';
        if (names.length < pageSize) return parts;
      }
    },
    put: async ({ name, value }) => {
      await step();
      if (value.length > maxPartCharacters) throw new RangeError('value');
      values.set(name, value);
    },
    remove: async (names) => {
      for (const name of names) {
        if (!values.has(name)) continue;
        await step();
        values.delete(name);
      }
    },
  };
}
