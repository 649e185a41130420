import type { Clock } from '../clock.ts';
import { ParameterError } from '../errors.ts';
import type { ParameterStore } from './parameter-store.ts';
import { findGap, inNumericOrder, type Part } from './parts.ts';

/*
 * A list is one parameter `<name>`, or the parts <name>/1, <name>/2, ... Only one of the two forms may exist: with
 * both, ids would be left out without a word.
 */
const rewriteMs = 500;

/**
 * What the call that reads the list asks for. Part 2 exists in every split list, so that a list in both forms shows
 * without a further call.
 */
export function listNames(name: string): readonly string[] {
  return [name, `${name}/2`];
}

/**
 * The parts of a list, in order; empty if there is no list. While setup replaces a list, both forms exist for a
 * moment, so an unusable list is read once more.
 * @param reading the parameters of listNames(), already requested
 * @throws {ParameterError}
 */
export async function readList(
  store: Pick<ParameterStore, 'get' | 'below'>,
  clock: Pick<Clock, 'sleep'>,
  name: string,
  reading: Promise<ReadonlyMap<string, Part>> = store.get(listNames(name)),
): Promise<readonly Part[]> {
  const first = await readOnce(store, name, await reading);
  if ('parts' in first) return first.parts;
  await clock.sleep(rewriteMs);
  const second = await readOnce(store, name, await store.get(listNames(name)));
  if ('parts' in second) return second.parts;
  throw second.problem;
}

type Read = { readonly parts: readonly Part[] } | { readonly problem: ParameterError };

async function readOnce(
  store: Pick<ParameterStore, 'below'>,
  name: string,
  found: ReadonlyMap<string, Part>,
): Promise<Read> {
  const single = found.get(name);
  const [, second = ''] = listNames(name);
  if (single)
    return found.has(second) ? { problem: inBothForms(name, second) } : { parts: [single] };
  const parts = inNumericOrder(name, await store.below(name));
  const problem = findGap(name, parts, 'list');
  return problem ? { problem } : { parts };
}

function inBothForms(name: string, part: string): ParameterError {
  return new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameters ${name} and ${part} both exist, but a list has only one of the two forms: delete ${name} if the list is in ${name}/1, ${name}/2, ..., or delete those parts; npm run setup does it for you`,
  );
}
