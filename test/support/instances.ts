/** Well-formed DDM instance ids, the same for the same number. */
export const instanceIds = (count: number, from = 0): string[] =>
  Array.from(
    { length: count },
    (_, index) => `${(from + index).toString(16).padStart(32, '0')}in09`,
  );
