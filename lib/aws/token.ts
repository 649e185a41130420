import { ParameterError } from '../errors.ts';
import { findTokenProblem } from '../secret.ts';
import { findGap, type Part } from './parts.ts';

/** Joins the parts of the token. @throws {ParameterError} that says what is wrong, without the value */
export function parseToken(name: string, parts: readonly Part[]): string {
  checkParts(name, parts);
  const token = parts.map(({ value }) => value.trim()).join('');
  checkToken(name, token);
  return token;
}

/** @throws {ParameterError} that says why this cannot be a token, without the value */
export function checkToken(name: string, token: string): void {
  const problem = findTokenProblem(token);
  if (problem === undefined) return;
  throw new ParameterError(
    'PARAMETER_INVALID',
    name,
    `Parameter ${name} ${problem}: put the X-Subject-Token from IAM there, on one line`,
  );
}

function checkParts(name: string, parts: readonly Part[]): void {
  if (parts.length === 1 && parts[0]?.name === name) return;
  const problem = findGap(name, parts, 'token');
  if (problem) throw problem;
}
