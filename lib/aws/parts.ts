import { ParameterError } from '../errors.ts';

export type ParameterType = 'String' | 'StringList' | 'SecureString';

/** A parameter's name and value. A value that is split over several parameters has several parts. */
export interface Part {
  readonly name: string;
  readonly value: string;
  /** As read; a parameter's type cannot be changed, only by removing it first. */
  readonly type?: ParameterType | undefined;
}

/** Limit of a Standard parameter. The Advanced tier costs money and is never used. */
export const maxPartCharacters = 4_096;

/** The number at the end of a part's name. */
export function partNumber({ name }: Part): number {
  return Number(name.slice(name.lastIndexOf('/') + 1));
}

/** The parts below `path` in numeric order. @throws {ParameterError} for a name that is not a number */
export function inNumericOrder(path: string, parts: readonly Part[]): readonly Part[] {
  for (const { name } of parts) {
    if (!/^[1-9]\d{0,5}$/.test(name.slice(path.length + 1))) throw inTheWay(path, name);
  }
  return parts.toSorted((a, b) => partNumber(a) - partNumber(b));
}

/** The error for a number that is missing below `path`; undefined if none is. */
export function findGap(
  path: string,
  parts: readonly Part[],
  what: 'list' | 'token',
): ParameterError | undefined {
  const gap = parts.findIndex((part, index) => partNumber(part) !== index + 1);
  if (gap === -1) return undefined;
  const name = `${path}/${gap + 1}`;
  return new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} is missing between the parts of the ${what}: write all parts again`,
  );
}

/**
 * Splits a value into parameter-sized parts. With a separator, it cuts only at the separator and drops it.
 */
export function splitValue(value: string, separator = ''): readonly string[] {
  const parts: string[] = [];
  let rest = value;
  while (rest.length > maxPartCharacters) {
    const cut = separator ? rest.lastIndexOf(separator, maxPartCharacters) : maxPartCharacters;
    if (cut < 0) throw new RangeError(`one entry is longer than ${maxPartCharacters} characters`);
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut + separator.length);
  }
  return [...parts, rest];
}

/** The error for a value that exists neither as one parameter nor as parts. */
export function missing(name: string, example: string): ParameterError {
  return new ParameterError(
    'PARAMETER_MISSING',
    name,
    `Parameter ${name} does not exist, and neither does any part ${name}/1, ${name}/2, ...; ${example}`,
  );
}

function inTheWay(path: string, name: string): ParameterError {
  return new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} is in the way: below ${path} every name must be a number (${path}/1, ${path}/2, ...); delete or rename it`,
  );
}
