import { hash } from 'node:crypto';
import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import { ParameterError } from '../errors.ts';
import type { Token } from '../secret.ts';
import { maxNames, type ParameterStore } from './parameter-store.ts';
import {
  inNumericOrder,
  maxPartCharacters,
  missing,
  type Part,
  partNumber,
  splitValue,
} from './parts.ts';
import { checkToken, parseToken } from './token.ts';

/*
 * A rotated token is a set of numbered parameters that `token-set` points to. There are two slots,
 * token/11, 13, 15, ... and token/12, 14, 16, ...: a rotation fills the one that is not in use, then moves
 * the pointer, then removes the rest. The pointer carries the token's digest, so that a reader in between
 * gets the old token or the new one, or reads again. A token written by hand is `token`, or token/1,
 * token/2, ... up to token/10. It is used if there is no pointer.
 */
const firstNumbers = [11, 12] as const;
const maxParts = 8; // the longest token that the gateway accepts, in parameters of 4096 characters
const maxWrittenByHand = 10;
const maxReads = 6;
const baseDelayMs = 100;

interface TokenSet {
  readonly parts: readonly number[];
  readonly sha256: string;
  readonly expiresAt: string;
}

const schema = v.object({
  parts: v.pipe(v.array(v.pipe(v.number(), v.integer())), v.minLength(1)),
  sha256: v.string(),
  expiresAt: v.pipe(v.string(), v.isoTimestamp()),
});

function namesOf(prefix: string) {
  return {
    whole: `${prefix}/token`,
    set: `${prefix}/token-set`,
    part: (number: number): string => `${prefix}/token/${number}`,
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** The names that one call reads besides the instance list: enough for most tokens. */
export function tokenNames(prefix: string): readonly string[] {
  const { part, set, whole } = namesOf(prefix);
  const [first] = firstNumbers;
  return [set, whole, ...range(first, first + maxNames - 4).map(part)];
}

/** What a rotation may write, and what it removes unless it is in use. */
export function rotatedNames(prefix: string) {
  const { part, set, whole } = namesOf(prefix);
  const [first, second] = firstNumbers;
  const last = second + 2 * (maxParts - 1);
  return {
    written: [set, ...range(first, last).map(part)],
    removed: [whole, ...range(1, last).map(part)],
  };
}

type Found = ReadonlyMap<string, Part>;

/**
 * The whole token, even if a rotation is in progress.
 * @param reading the parameters of tokenNames(), already requested
 * @throws {ParameterError}
 */
export async function readToken(
  store: Pick<ParameterStore, 'get' | 'below'>,
  clock: Pick<Clock, 'sleep'>,
  prefix: string,
  reading: Promise<Found> = store.get(tokenNames(prefix)),
): Promise<Token> {
  const names = namesOf(prefix);
  for (let reads = 1; reads <= maxReads; reads += 1) {
    const found = await (reads === 1 ? reading : store.get(tokenNames(prefix)));
    const set = parseSet(names.set, found.get(names.set));
    const token = set
      ? await readSet(store, prefix, set, found)
      : await readByHand(store, prefix, found);
    if (token) return token;
    await clock.sleep(baseDelayMs * 2 ** (reads - 1));
  }
  throw new ParameterError(
    'PARAMETER_INVALID',
    names.set,
    `The parts of the token do not match ${names.set}: invoke rotate-token, or delete ${names.set} and write the token by hand`,
  );
}

/** Undefined if the parts do not match the set: a rotation has replaced it in the meantime. */
async function readSet(
  store: Pick<ParameterStore, 'below'>,
  prefix: string,
  set: TokenSet,
  found: Found,
): Promise<Token | undefined> {
  const { part, whole } = namesOf(prefix);
  const wanted = set.parts.map(part);
  const all = wanted.every((name) => found.has(name)) ? found : byName(await store.below(whole));
  const value = wanted.map((name) => all.get(name)?.value ?? '').join('');
  if (hash('sha256', value) !== set.sha256) return undefined;
  checkToken(whole, value);
  return { token: value, expiresAt: Date.parse(set.expiresAt) };
}

/** Undefined if the first rotation happened in between. */
async function readByHand(
  store: Pick<ParameterStore, 'get' | 'below'>,
  prefix: string,
  found: Found,
): Promise<Token | undefined> {
  const { set, whole } = namesOf(prefix);
  const single = found.get(whole);
  if (single) return { token: parseToken(whole, [single]) };
  const parts = inNumericOrder(whole, await store.below(whole));
  const byHand = parts.filter((part) => partNumber(part) <= maxWrittenByHand);
  // A rotation removes these parts only after it has moved the pointer. Without a pointer, all of them
  // existed.
  if (byHand.length < parts.length && (await store.get([set])).has(set)) return undefined;
  const next = parts[maxWrittenByHand];
  if (byHand.length === maxWrittenByHand && next && partNumber(next) === maxWrittenByHand + 1) {
    throw tooManyParts(next.name);
  }
  if (byHand.length === 0) {
    throw missing(
      whole,
      `invoke rotate-token, or: aws ssm put-parameter --name ${whole} --type SecureString --value file://<file>`,
    );
  }
  return { token: parseToken(whole, byHand) };
}

// Eight full parts hold the longest token that the gateway takes. A first rotation that died before it wrote the
// pointer would look the same beside ten parts by hand: the next one repairs it.
function tooManyParts(name: string): ParameterError {
  return new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} is a part too many: a token written by hand has at most ${maxWrittenByHand}. Write it in parts of up to ${maxPartCharacters} characters and delete the rest, or invoke rotate-token`,
  );
}

function byName(parts: readonly Part[]): Found {
  return new Map(parts.map((part) => [part.name, part]));
}

/** Undefined without a pointer. @throws {ParameterError} */
function parseSet(name: string, pointer: Part | undefined): TokenSet | undefined {
  if (pointer === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), pointer.value);
  if (parsed.success) return parsed.output;
  throw new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} is not what rotate-token writes: delete it, and invoke rotate-token`,
  );
}

/**
 * Replaces the token so that no reader ever gets half of it. Resolves with the number of parameters that
 * now hold it, and with the reason if the old ones could not be removed.
 * @throws {ParameterError} the old token is still in place
 */
export async function writeToken(
  store: ParameterStore,
  clock: Pick<Clock, 'sleep'>,
  prefix: string,
  { expiresAt, token }: Required<Token>,
): Promise<{ readonly parameters: number; readonly leftOver?: string }> {
  const names = namesOf(prefix);
  const slot = await findFreeSlot(store, names.set);
  const parts = splitValue(token).map((value, index) => ({
    name: names.part(slot + 2 * index),
    value,
  }));
  for (const part of parts) await store.put(part, 'SecureString');
  const set: TokenSet = {
    parts: parts.map(partNumber),
    sha256: hash('sha256', token),
    expiresAt: new Date(expiresAt).toISOString(),
  };
  await store.put({ name: names.set, value: JSON.stringify(set) }, 'SecureString');
  const stored = await readToken(store, clock, prefix);
  if (stored.token !== token) throw overwritten(names.set);
  const inUse = new Set(parts.map(({ name }) => name));
  const { removed } = rotatedNames(prefix);
  const leftOver = await store.remove(removed.filter((name) => !inUse.has(name))).catch(messageOf);
  return { parameters: parts.length, ...(leftOver && { leftOver }) };
}

async function findFreeSlot(store: Pick<ParameterStore, 'get'>, name: string): Promise<number> {
  const pointer = (await store.get([name])).get(name);
  const [first, second] = firstNumbers;
  try {
    return parseSet(name, pointer)?.parts[0] === first ? second : first;
  } catch {
    return first; // an unusable pointer protects nothing
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}

function overwritten(name: string): ParameterError {
  return new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} was changed by another writer at the same time: invoke rotate-token again`,
  );
}
