import { toListEntry } from '../../lib/aws/instance-list.ts';
import type { ParameterStore } from '../../lib/aws/parameter-store.ts';
import { type ParameterType, type Part, partNumber, splitValue } from '../../lib/aws/parts.ts';
import { layOutRows, plural } from '../format.ts';
import type { Credentials } from './answers.ts';

/** The parameters below a prefix that a set-up may write or remove, by name. */
export type Existing = ReadonlyMap<string, Part>;

/** @throws {ParameterError} */
export async function readExisting(store: ParameterStore, prefix: string): Promise<Existing> {
  const names = ['instances', 'credentials', 'token', 'token-set'];
  const found = await store.get(names.map((name) => `${prefix}/${name}`));
  const lists = await store.below(`${prefix}/instances`);
  const tokens = await store.below(`${prefix}/token`);
  return new Map([...found.values(), ...lists, ...tokens].map((part) => [part.name, part]));
}

/** What a set-up does to the parameter store. */
export interface Plan {
  readonly credentials: Write;
  readonly lists: readonly Write[];
  /** Parameters of an earlier list that would be read instead of this one, or in addition. */
  readonly stale: readonly string[];
  /** What rotate-token writes, when the credentials are a password. */
  readonly token: { readonly name: string; readonly replaces: boolean } | undefined;
}

export interface Write {
  readonly name: string;
  readonly type: ParameterType;
  readonly value: string;
  /** What it is, without the value. */
  readonly content: string;
  /** `retyped`: it exists with another type, and must be removed first. */
  readonly state: 'new' | 'replaced' | 'retyped';
}

export interface Wanted {
  readonly prefix: string;
  readonly credentials: Credentials;
  readonly instanceIds: readonly string[];
  /** By id, where the list API gave one. */
  readonly names?: ReadonlyMap<string, string>;
}

export function createPlan(
  { credentials, instanceIds, names: nameOf, prefix }: Wanted,
  existing: Existing,
): Plan {
  const write = (parameter: Omit<Write, 'state'>): Write => {
    const before = existing.get(parameter.name);
    if (before === undefined) return { ...parameter, state: 'new' };
    return { ...parameter, state: before.type === parameter.type ? 'replaced' : 'retyped' };
  };
  const entries = instanceIds.map((id) => toListEntry(id, nameOf?.get(id)));
  const parts = splitValue(entries.join(','), ',');
  const isWhole = parts.length === 1;
  const split = parts.map((value, index) =>
    write({
      name: `${prefix}/instances${isWhole ? '' : `/${index + 1}`}`,
      type: 'StringList',
      value,
      content: plural(value.split(',').length, 'instance'),
    }),
  );
  const names = new Set(split.map(({ name }) => name));
  const stale = [...existing.values()]
    .filter(({ name }) => isList(prefix, name) && !names.has(name))
    .toSorted((a, b) => (numberOf(a) - numberOf(b)) * (isWhole ? 1 : -1));
  const isToken = 'password' in credentials;
  return {
    credentials: write({
      name: `${prefix}/credentials`,
      type: 'SecureString',
      value: JSON.stringify(credentials),
      content: Object.keys(credentials).join(', '),
    }),
    // A service that reads in between takes the list for unusable if it has a gap, or part 2 beside the whole.
    lists: existing.has(`${prefix}/instances`) ? split.toReversed() : split,
    stale: stale.map(({ name }) => name),
    token: isToken
      ? { name: `${prefix}/token-set`, replaces: [...existing.keys()].some(isTokenOf(prefix)) }
      : undefined,
  };
}

/** Whether the plan replaces or removes an existing parameter. */
export function touchesExisting({ credentials, lists, stale, token }: Plan): boolean {
  return (
    stale.length > 0 ||
    token?.replaces === true ||
    [credentials, ...lists].some(({ state }) => state !== 'new')
  );
}

/** Names and types, never a value. */
export function describePlan({ credentials, lists, stale, token }: Plan, region: string): string {
  const rows = [...lists, credentials].map(({ content, name, state, type }) => [
    name,
    type,
    `${content}${note[state]}`,
  ]);
  if (token) {
    const content = `a first token, in parts token/<n>${token.replaces ? note.replaced : ''}`;
    rows.push([token.name, 'SecureString', content]);
  }
  rows.push(...stale.map((name) => [name, '', 'removed: left from an earlier list']));
  return [`Parameters in SSM Parameter Store, ${region}:`, ...layOutRows(rows)].join('\n');
}

const note: Readonly<Record<Write['state'], string>> = {
  new: '',
  replaced: ' (replaces the one that is there)',
  retyped: ' (replaces the one that is there, which has another type)',
};

/** 0 for a list in one parameter. */
function numberOf(part: Part): number {
  return partNumber(part) || 0;
}

function isList(prefix: string, name: string): boolean {
  return name === `${prefix}/instances` || name.startsWith(`${prefix}/instances/`);
}

function isTokenOf(prefix: string) {
  return (name: string): boolean => name.startsWith(`${prefix}/token`);
}
