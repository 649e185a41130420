import { ParameterError } from '../errors.ts';
import { type Part, partNumber } from './part.ts';

const minCharacters = 16;
const maxCharacters = 32_768; // the gateway refuses a longer header with 494

/** Joins the parts of the token. @throws {ParameterError} that says what is wrong, never with the value */
export const parseToken = (name: string, parts: readonly Part[]): string => {
  checkParts(name, parts);
  const token = parts.map(({ value }) => value.trim()).join('');
  if (token === '') throw invalid(name, 'is empty');
  if (/\s/.test(token)) throw invalid(name, 'has white space or a line break inside');
  // axios drops what does not fit a header and sends the rest: refuse it here.
  if (!/^[\x21-\x7e]+$/.test(token)) throw invalid(name, 'has characters that no token has');
  if (token.length < minCharacters) throw invalid(name, 'is too short to be a token');
  if (token.length > maxCharacters) {
    throw invalid(
      name,
      `is longer than the ${maxCharacters} characters that the API gateway takes`,
    );
  }
  return token;
};

const checkParts = (name: string, parts: readonly Part[]): void => {
  if (parts.length === 1 && parts[0]?.name === name) return;
  const gap = parts.findIndex((part, index) => partNumber(part) !== index + 1);
  if (gap === -1) return;
  throw new ParameterError(
    'PARAMETER_INVALID',
    `${name}/${gap + 1}`,
    `Parameter ${name}/${gap + 1} is missing between the parts of the token: write all parts anew`,
  );
};

const invalid = (name: string, problem: string): ParameterError =>
  new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} ${problem}: write the X-Subject-Token of IAM there, on one line`,
  );
