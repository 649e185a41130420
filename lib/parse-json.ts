/** The value that a text is in JSON; undefined when it is none. V8's error is not kept: it quotes the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
