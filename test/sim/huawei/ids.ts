/** Ids and secrets of a world. */
export function instanceIdOf(index: number): string {
  return `${index.toString(16).padStart(32, '0')}in09`;
}

export function nodeIdOf(index: number): string {
  return `e${index.toString(16).padStart(31, '0')}in01`;
}

/** The number in an id of either kind. */
export function indexOf(id: string): number {
  return Number.parseInt(id.slice(1, 32), 16);
}

/** Stands in every token and password: wherever it turns up, a secret got out. */
export const secretMark = 's3cr3t';
export const password = `${secretMark}-password-of-the-world`;

export function tokenOf(number: number): string {
  return `${secretMark}-token-${String(number).padStart(8, '0')}`;
}
