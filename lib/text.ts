const maxCharacters = 256;
const opaqueRun = /[\w+/=-]{40,}/g; // longer than an instance id or a UUID (36): a key or a token
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const proseWord = /^[A-Za-z][A-Za-z'-]{0,23}[.,:;!]?$/;
const accessKey = /^[A-Z]{16,}/;

/** Makes another service's text safe to log: one line, no secrets or long opaque strings, 256 characters. */
export function cleanForeignText(text: string, secrets: readonly string[]): string {
  let clean = text.slice(0, 64 * 1_024);
  for (const secret of secrets) {
    if (secret !== '') clean = clean.replaceAll(secret, '[redacted]');
  }
  return clean
    .replace(opaqueRun, '[redacted]')
    .replace(controlCharacters, ' ')
    .trim()
    .slice(0, maxCharacters);
}

/** The leading prose of a refused sign-in. After it, the gateway quotes the access key or the request. */
export function leadingProse(text: string): string {
  const words = text.split(/\s+/);
  const end = words.findIndex((word) => !proseWord.test(word) || accessKey.test(word));
  return (end === -1 ? words : words.slice(0, end)).join(' ');
}

/** Parses JSON; undefined when it is not valid. V8's error is dropped, because it quotes the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
