import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanForeignText, leadingProse } from '../../lib/text.ts';

const hex = (character: string, length: number): string =>
  character.charCodeAt(0).toString(16).padStart(length, '0');

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  ' ': '&nbsp;',
  ä: '&auml;',
  é: '&eacute;',
  ß: '&szlig;',
};

/** How another service may spell one character of what it was sent. */
const spell = {
  itself: (character: string) => character,
  'upper case': (character: string) => character.toUpperCase(),
  'lower case': (character: string) => character.toLowerCase(),
  'a JSON escape': (character: string) => `\\u${hex(character, 4)}`,
  'a JSON escape in capitals': (character: string) => `\\u${hex(character, 4).toUpperCase()}`,
  'a backslash': (character: string) =>
    /[\w\s]/.test(character) || character > '~' ? character : `\\${character}`,
  'a JSON string in a JSON string': (character: string) =>
    JSON.stringify(JSON.stringify(character)).slice(3, -3),
  'a URL': (character: string) => encodeURIComponent(character),
  'every byte of a URL': (character: string) =>
    Buffer.from(character).toString('hex').replace(/../g, '%$&'),
  'a URL in a URL': (character: string) => encodeURIComponent(encodeURIComponent(character)),
  'a form': (character: string) => (character === ' ' ? '+' : encodeURIComponent(character)),
  'an HTML entity': (character: string) => named[character] ?? character,
  'an HTML number': (character: string) => `&#${character.charCodeAt(0)};`,
  'an HTML number in hexadecimal': (character: string) => `&#x${hex(character, 2)};`,
  'HTML in HTML': (character: string) => (named[character] ?? character).replace('&', '&amp;'),
  'more white space': (character: string) => (character === ' ' ? ' \t\n ' : character),
} as const satisfies Readonly<Record<string, (character: string) => string>>;

const plain = [...'abcxyzABCXYZ0123456789 \t/"\'<>+=-_.:;,!?#@*()[]{}äé'];
const characters = [...plain, '\\', '&', '%', 'ß'];

/** Begins and ends with a letter, so that no half of an escape is left beside what was redacted. */
function secretOf<T>(character: fc.Arbitrary<T>, letter: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  const middle = fc.array(character, { minLength: 6, maxLength: 30 });
  return fc.tuple(letter, middle, letter).map(([first, rest, last]) => [first, ...rest, last]);
}

const letter = fc.constantFrom(...'xyzXYZ');
const secret = secretOf(fc.constantFrom(...characters), letter).map((all) => all.join(''));
const spelling = fc.constantFrom(...Object.values(spell));

/** Only what stood around the secret may be left, or nothing. */
const harmless = /^(You sent \[redacted\] to us\.|\[redacted\])$/;

describe('the text of another service does not show a secret', () => {
  test.each(Object.entries(spell))('that is spelled as %s', (_, spellOne) => {
    fc.assert(
      fc.property(secret, (value) => {
        const spelled = [...value].map(spellOne).join('');
        expect(cleanForeignText(`You sent ${spelled} to us.`, [value])).toMatch(harmless);
      }),
    );
  });

  test('that is spelled in another way at each character', () => {
    const mixed = secretOf(
      fc.tuple(fc.constantFrom(...plain), spelling),
      fc.tuple(letter, spelling),
    );

    fc.assert(
      fc.property(mixed, (pairs) => {
        const value = pairs.map(([character]) => character).join('');
        const spelled = pairs.map(([character, spellOne]) => spellOne(character)).join('');
        expect(cleanForeignText(`You sent ${spelled} to us.`, [value])).toMatch(harmless);
      }),
      { numRuns: 1_000 },
    );
  });

  test('in the prose of a refused sign-in', () => {
    const words = fc.string({ unit: fc.constantFrom(...'abcxyzABCXYZ  '), minLength: 8 });

    fc.assert(
      fc.property(words, spelling, (value, spellOne) => {
        const spelled = [...value].map(spellOne).join('');
        const prose = leadingProse(`You sent ${spelled} to us.`, [value]);
        expect(prose).toMatch(/^(You sent)?$/);
      }),
    );
  });

  test('of which only a part is quoted', () => {
    const value = 'Tr0ub4dor&3-correct-horse';

    for (const part of [value.slice(0, 15), value.slice(9), 'TR0UB4DOR%263-CORRECT']) {
      expect(cleanForeignText(`You sent ${part}… to us.`, [value])).toBe('[redacted]');
    }
  });

  test('that contains another one', () => {
    const inner = 'QTWAOYTTINDUTQVKYUCX';
    const outer = `gQpj${inner}bi1u`;

    expect(cleanForeignText(`You sent ${outer} to us.`, [inner, outer])).toMatch(harmless);
  });
});

test('the text of another service is kept as it is without a secret in it', () => {
  const text = 'Instance ä/1 is 100% "busy": C:\\temp, &amp; so on %20 \\u00e4';

  expect(cleanForeignText(text, ['a-token-of-iam-1234567890', ''])).toBe(text);
});
