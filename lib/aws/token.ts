import { ParameterError } from '../errors.ts';
import { type Part, partNumber } from './parts.ts';

const minCharacters = 16;
const maxCharacters = 32_768; // the gateway refuses a longer header with 494

/** Joins the parts of the token. @throws {ParameterError} that says what is wrong, never with the value */
export function parseToken(name: string, parts: readonly Part[]): string {
  checkParts(name, parts);
  const token = parts.map(({ value }) => value.trim()).join('');
  checkToken(name, token);
  return token;
}

/** @throws {ParameterError} that says why this cannot be a token, never with the value */
export function checkToken(name: string, token: string): void {
  const problem = findProblem(token);
  if (problem === undefined) return;
  throw new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} ${problem}: write the X-Subject-Token of IAM there, on one line`,
  );
}

/** Why a value cannot be an X-Auth-Token; undefined when it can. */
export function findProblem(token: string): string | undefined {
  if (token === '') return 'is empty';
  if (/\s/.test(token)) return 'has white space or a line break inside';
  // axios drops what does not fit a header and sends the rest: refuse it here.
  if (!/^[\x21-\x7e]+$/.test(token)) return 'has characters that no token has';
  if (token.length < minCharacters) return 'is too short to be a token';
  if (token.length > maxCharacters) {
    return `is longer than the ${maxCharacters} characters that the API gateway takes`;
  }
  return undefined;
}

function checkParts(name: string, parts: readonly Part[]): void {
  if (parts.length === 1 && parts[0]?.name === name) return;
  const gap = parts.findIndex((part, index) => partNumber(part) !== index + 1);
  if (gap === -1) return;
  throw new ParameterError(
    'PARAMETER_INVALID',
    `${name}/${gap + 1}`,
    `Parameter ${name}/${gap + 1} is missing between the parts of the token: write all parts anew`,
  );
}
