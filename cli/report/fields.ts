/** The members of a JSON object that a function or Lambda wrote. */
export type Fields = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function parseObject(text: string): Fields | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const notPrintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/**
 * Text of a log, which may come from anywhere: one line that neither moves a terminal's cursor nor turns
 * the reading direction. Undefined where there is none.
 */
export function readText(value: unknown, maxCharacters = 256): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.slice(0, maxCharacters).replace(notPrintable, ' ').trim();
  return text === '' ? undefined : text;
}

export function readNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Zero where there is no number, or a negative one. */
export function readCount(value: unknown): number {
  return Math.max(0, readNumber(value) ?? 0);
}

const earliest = Date.UTC(2000, 0, 1);
const latest = Date.UTC(2100, 0, 1);

/** Epoch ms of an ISO 8601 time of this century. */
export function readTime(value: unknown): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return at >= earliest && at < latest ? at : undefined;
}
