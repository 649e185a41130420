/** Well-formed DDM instance ids, the same for the same number. */
export function instanceIds(count: number, from = 0): string[] {
  return Array.from(
    { length: count },
    (_, index) => `${(from + index).toString(16).padStart(32, '0')}in09`,
  );
}
