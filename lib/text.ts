const maxCharacters = 256;
const opaqueRun = /[\w+/=%\\&#;-]{40,}/g; // longer than an instance id or a UUID (36): a key or a token, perhaps escaped
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const proseWord = /^[A-Za-z][A-Za-z'-]{0,23}[.,:;!]?$/;
const accessKey = /^[A-Z]{16,}/;
const redacted = '[redacted]';
const maxEncodings = 4; // services put on one or two layers of escapes

/** Makes another service's text safe to log: one line, no secrets or long opaque strings, 256 characters. */
export function cleanForeignText(text: string, secrets: readonly string[]): string {
  return toShortLine(redact(text, secrets));
}

/** The leading prose of a refused sign-in. After it, the gateway quotes the access key or the request. */
export function leadingProse(text: string, secrets: readonly string[]): string {
  // Before the words are joined: a secret may have two blanks in a row.
  const words = redact(text, secrets).split(/\s+/);
  const end = words.findIndex((word) => !proseWord.test(word) || accessKey.test(word));
  return toShortLine((end === -1 ? words : words.slice(0, end)).join(' '));
}

function toShortLine(text: string): string {
  return text.replace(controlCharacters, ' ').trim().slice(0, maxCharacters);
}

/** Without secrets and long opaque strings. Where a piece of a secret is left, in any spelling, nothing is kept. */
function redact(text: string, secrets: readonly string[]): string {
  let clean = text.slice(0, 64 * 1_024);
  const longestFirst = secrets.filter(Boolean).sort((a, b) => b.length - a.length);
  for (const secret of longestFirst) clean = clean.replaceAll(secret, redacted);
  const hidden = spell(longestFirst);
  const isTold = (text: string) => hidden.spellings.some((spelling) => text.includes(spelling));
  if (spellingsOf(clean).some(isTold)) return redacted;
  clean = clean.replace(opaqueRun, redacted);
  const hasPiece = (text: string) => piecesOf(text).some((piece) => hidden.pieces.has(piece));
  return spellingsOf(clean).some(hasPiece) ? redacted : clean;
}

/** A service may cut what it quotes. So many letters and digits of a secret in a row are no coincidence. */
const pieceLength = 12;

interface Spelled {
  readonly secrets: readonly string[];
  readonly spellings: readonly string[];
  readonly pieces: ReadonlySet<string>;
}

// A run asks about the same token for each of its answers, and spelling it is most of the work.
let spelled: Spelled = { secrets: [], spellings: [], pieces: new Set() };

function spell(secrets: readonly string[]): Spelled {
  const isSame =
    spelled.secrets.length === secrets.length &&
    secrets.every((secret, index) => secret === spelled.secrets[index]);
  if (isSame) return spelled;
  const spellings = secrets.flatMap(spellingsOf);
  spelled = { secrets, spellings, pieces: new Set(spellings.flatMap(piecesOf)) };
  return spelled;
}

function piecesOf(text: string): readonly string[] {
  const count = Math.max(0, text.length - pieceLength + 1);
  return Array.from({ length: count }, (_, at) => text.slice(at, at + pieceLength));
}

/** The letters and digits of a text as it is, and after each layer of escapes is taken off. */
function spellingsOf(text: string): readonly string[] {
  const spellings: string[] = [];
  let plain = text;
  for (let layer = 0; layer <= maxEncodings; layer += 1) {
    spellings.push(lettersAndDigits(plain));
    const decoded = decodeOnce(plain);
    if (decoded === plain) break;
    plain = decoded;
  }
  return spellings;
}

// Everything else (white space, case, punctuation, letters outside ASCII) may be spelled in too many ways.
function lettersAndDigits(text: string): string {
  const composed = text.normalize('NFC').toUpperCase().normalize('NFC');
  return composed.replace(/[^A-Z0-9]+/g, '');
}

/** Takes off one layer of escapes of URLs, JSON and HTML. */
function decodeOnce(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
      Buffer.from(bytes.replaceAll('%', ''), 'hex').toString(),
    )
    .replace(/[\\%]u([0-9a-f]{4})|\\x([0-9a-f]{2})|&#x([0-9a-f]{1,6});?/gi, (_, ...digits) =>
      characterOf(Number.parseInt(digits.slice(0, 3).join(''), 16)),
    )
    .replace(/&#(\d{1,7});?/g, (_, digits) => characterOf(Number(digits)))
    .replace(/&([a-z]{2,8});/gi, (_, name) => characters.get(name) ?? ' ')
    .replace(/\\(.)/gs, (_, escaped) => (/[bfnrt]/i.test(escaped) ? ' ' : escaped));
}

// The other named characters have no letter or digit of ASCII, not even in upper case.
const characters = new Map([
  ['amp', '&'],
  ['szlig', 'ß'],
]);

function characterOf(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
}

/** Parses JSON; undefined when it is not valid. V8's error is dropped, because it quotes the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
