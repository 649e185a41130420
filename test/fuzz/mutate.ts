import fc from 'fast-check';

/** One change of a value: where, which kind, and what goes there; whole numbers that are taken modulo. */
type Edit = readonly [where: number, how: number, what: number];

/** A place in a tree of JSON. */
interface Slot {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

/** What has broken parsers before. */
const texts = [
  ...[
    '',
    ' ',
    '\n',
    '\r\n',
    '\0',
    '\u2028',
    '\ud800',
    '\u202e',
    'ı',
    'ＡＢ',
    '💥',
    'é',
    '%00',
    '%2e%2e%2f',
  ],
  ...[
    'null',
    'undefined',
    'true',
    'NaN',
    '-1',
    '0x10',
    '1e400',
    '[]',
    '{}',
    '"',
    "'",
    '\\',
    '\\u0000',
    '<html>',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '../..',
    '//evil.example',
    '@evil.example',
    '#',
    '?a=b',
    ';',
    ',',
  ],
  ...['2026-02-30T00:00:00Z', '9999-99-99', '+010000-01-01T00:00:00Z', 'rds:fedcba9876543210'],
] as const;
const values = [
  ...[null, true, false, 0, -0, -1, 1, 1.5, 1e15, 1e308, Number.MAX_SAFE_INTEGER + 2, 8.64e15 + 1],
  ...[[], {}, [[]], [null], { length: 1e9 }, { toString: 1 }, ['', ''], ...texts],
] as const;

/** JSON values that are the samples with some changes, the first of them none. */
export function mutatedValues(samples: readonly unknown[]): fc.Arbitrary<unknown> {
  return choices(samples).map(([sample, edits]) => edits.reduce(editTree, structuredClone(sample)));
}

/** Texts that are the samples with some changes; a sample that is no text is changed as a value first, too. */
export function mutatedTexts(samples: readonly unknown[]): fc.Arbitrary<string> {
  return choices(samples).map(([sample, edits]) => {
    if (typeof sample === 'string') return edits.reduce(editText, sample);
    const inTree = edits.filter(([, how]) => how % 5 > 0);
    const inText = edits.filter(([, how]) => how % 5 === 0);
    return inText.reduce(editText, toJson(inTree.reduce(editTree, structuredClone(sample))));
  });
}

function choices(samples: readonly unknown[]): fc.Arbitrary<[unknown, Edit[]]> {
  const number = fc.nat(1_000_000);
  const edits = fc.array(fc.tuple(number, number, number), { maxLength: 5, size: 'max' });
  return fc.tuple(fc.constantFrom(...samples), edits);
}

/** JSON.stringify(); '' for what is nested deeper than its stack. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

type TreeEdit = (slot: Slot, value: unknown, what: number, slots: readonly Slot[]) => void;

const treeEdits: readonly TreeEdit[] = [
  ...[changeLeaf, changeLeaf, changeLeaf, replace, replace],
  ({ key, parent }) => delete parent[key],
  ({ key, parent }, value) => {
    parent[key] = [value];
  },
  ({ key, parent }, value, what) => {
    parent[key] = Array.from({ length: [0, 2, 11][what % 3] ?? 0 }, () => value);
  },
  ({ key, parent }, _, what, slots) => {
    const other = slots[what % slots.length];
    parent[key] = copy(other?.parent[other.key]);
  },
  ({ parent }, value, what) => put(parent, texts[what % texts.length] ?? '', value),
  ({ key, parent }, value) => put(parent, key.toUpperCase(), value),
  ({ key, parent }, value, what) => {
    // Rarely what takes long: very long lists, very deep ones.
    if (what % 40 === 0) parent[key] = Array.from({ length: 1_001 }, () => 'x');
    if (what % 40 === 1) parent[key] = nest(value, 3_000);
  },
];

function editTree(root: unknown, [where, how, what]: Edit): unknown {
  const holder: Record<string, unknown> = { root };
  const slots = slotsOf(holder);
  const slot = slots[where % slots.length] ?? { parent: holder, key: 'root' };
  treeEdits[how % treeEdits.length]?.(slot, slot.parent[slot.key], what, slots);
  return holder.root;
}

/** Deep, or null for what is nested deeper than the stack. */
function copy(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return null;
  }
}

function changeLeaf({ key, parent }: Slot, value: unknown, what: number): void {
  if (typeof value === 'string') parent[key] = editText(value, [what, what >> 5, what >> 3]);
  else if (typeof value === 'number')
    parent[key] = [value + 1, -value, value * 1.5, value * 1e12, String(value)][what % 5];
  else replace({ key, parent }, value, what);
}

function replace({ key, parent }: Slot, _: unknown, what: number): void {
  parent[key] = structuredClone(values[what % values.length]);
}

function slotsOf(holder: object): readonly Slot[] {
  const slots: Slot[] = [];
  const walk = (parent: Record<string, unknown>, depth: number): void => {
    for (const key of Object.keys(parent)) {
      if (slots.length > 60) return;
      slots.push({ parent, key });
      const value = parent[key];
      if (typeof value === 'object' && value !== null && depth < 8)
        walk(value as typeof parent, depth + 1);
    }
  };
  walk(holder as Record<string, unknown>, 0);
  return slots;
}

/** An own property, `__proto__` as well, as JSON.parse() makes it. */
function put(parent: object, key: string, value: unknown): void {
  Object.defineProperty(parent, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function nest(value: unknown, depth: number): unknown {
  return Array.from({ length: depth }).reduce((inner) => [inner], value);
}

function editText(text: string, [where, how, what]: Edit): string {
  const at = where % (text.length + 1);
  const piece = texts[what % texts.length] ?? '';
  const length = what % 8;
  switch (how % 9) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + length);
    case 2:
      return text.slice(0, at) + String.fromCharCode(what % 256) + text.slice(at + 1);
    case 3:
      return text.slice(0, at);
    case 4:
      return text.slice(0, at) + text.slice(at, at + 40).repeat(length) + text.slice(at);
    case 5:
      return text.toUpperCase();
    case 6:
      return what % 2 ? ` ${text}` : `${text}\n`;
    case 7:
      return text + piece;
    default:
      return piece;
  }
}
