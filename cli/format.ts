import { Help } from 'commander';

/** `2026-11-24 02:15 UTC` */
export function formatTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `20,000` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** How long ago, in words: `4 minutes`, `3 h 10 min`, `2 days`. */
export function formatAge(now: Date, then: Date): string {
  return formatLength(now.getTime() - then.getTime());
}

export function formatLength(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return plural(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** `0.6 s`, `74 s`, `12.5 min` */
export function formatDuration(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 600 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
}

/** `9.8`, `98` */
export function formatRate(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond));
}

/** Columns as wide as their widest cell; numbers to the right. */
export function layOutTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const isNumber = head.map((_, column) => rows.every((row) => /^[\d,]+$/.test(row[column] ?? '')));
  return layOutRows([head, ...rows], isNumber);
}

export function layOutRows(
  rows: readonly (readonly string[])[],
  isNumber: readonly boolean[] = [],
): readonly string[] {
  const widthOf = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const layOut = (cell: string, column: number): string =>
    isNumber[column] ? cell.padStart(widthOf(column)) : cell.padEnd(widthOf(column));
  return rows.map((row) => `  ${row.map(layOut).join('  ')}`.trimEnd());
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

/** Breaks lines at blanks where they are wider than the terminal, and keeps their indentation. */
export function wrapLines(text: string, columns = Number.POSITIVE_INFINITY): string {
  return text.replace(/^( *)(.*)$/gm, (line, indent: string, rest: string) =>
    line.length <= columns
      ? line
      : new Help().boxWrap(rest, columns - indent.length).replace(/^/gm, indent),
  );
}
