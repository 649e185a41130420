/** Columns as wide as their widest cell; numbers to the right. */
export function layOutTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const numeric = head.map((_, column) => rows.every((row) => /^[\d,]+$/.test(row[column] ?? '')));
  const layOut = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ');
  return [head, ...rows].map((cells) => `  ${layOut(cells)}`.trimEnd());
}

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** One character per value, from zero to the highest; zero itself is a dot. */
export function drawSparkline(values: readonly number[]): string {
  const highest = Math.max(...values);
  return values
    .map((value) =>
      value === 0 ? '.' : (blocks[Math.ceil((value / highest) * blocks.length) - 1] ?? blocks[0]),
    )
    .join('');
}
