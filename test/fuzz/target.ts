import assert from 'node:assert/strict';
import type fc from 'fast-check';

/** A parser of what comes from outside, and what must hold whatever comes. */
export interface Target {
  readonly name: string;
  /** Fails where the parser crashes, takes what it must not, or tells a secret. */
  readonly property: fc.IRawProperty<unknown>;
}

/** In the samples where a secret belongs: it may be in no error and in no result that is logged. */
export const secret = 'Pa55word-THAT_nobody:may/see.9';

/** What must not be told in pieces either. */
const pieceLength = 16; // so that 12 of them are letters and digits

export function expectNoSecret(text: string | undefined): void {
  for (let at = 0; at + pieceLength <= secret.length; at += 1) {
    if (text?.includes(secret.slice(at, at + pieceLength))) {
      throw new Error(`the secret is told: ${text}`);
    }
  }
}

type Refusals = readonly (new (...args: never[]) => Error)[];

/** What the parser makes of it; undefined if it refuses it with one of these errors, in a sentence without the secret. */
export function parsedOr<Result>(refusals: Refusals, parse: () => Result): Result | undefined {
  try {
    return parse();
  } catch (error) {
    expectRefusal(refusals, error);
    return undefined;
  }
}

export async function resolvedOr<Result>(
  refusals: Refusals,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    expectRefusal(refusals, error);
    return undefined;
  }
}

function expectRefusal(refusals: Refusals, error: unknown): asserts error is Error {
  if (!refusals.some((refusal) => error instanceof refusal)) throw error;
  const { message } = error as Error;
  assert.ok(message.length > 10 && message.length < 2_000, `a message of ${message.length}`);
  expectNoSecret(message);
  expectNoSecret(JSON.stringify(error));
}

/** The forms that the documents give, not the code's own patterns. */
export const forms = {
  ddmInstance: /^[0-9a-f]{32}in(?!01|07)[0-9][0-9]$/,
  dataNode: /^[0-9a-f]{32}in(?!09)[0-9][0-9]$/,
  runId: /^[A-Za-z0-9_.:-]{1,128}$/,
};

/** Without line breaks and control characters, and short. */
export function expectLogText(text: string | undefined, maxCharacters = 256): void {
  if (text === undefined) return;
  assert.ok(text.length <= maxCharacters, `${text.length} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
  assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  expectNoSecret(text);
}
