import type { PrintedLine } from './printed-lines.ts';

// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
const words = new Set(
  (
    'fields filter stats sort display limit dedup by as asc desc in and or not like ispresent ' +
    'count count_distinct sum avg min max latest sortsLast strcontains ' +
    'replace coalesce parse toMillis fromMillis'
  ).split(' '),
);
const discovered = new Set(['@timestamp', '@message', '@log']);

/** The fields in a Logs Insights query that no line has and no earlier command defines. */
export function foreignFields(query: string, lines: readonly PrintedLine[]): readonly string[] {
  const code = query.replaceAll(/"[^"]*"|\/[^/]+\//g, ' ');
  const aliases = new Set(
    [...code.matchAll(/\bas (\w+)/g), ...query.matchAll(/\(\?<(\w+)>/g)].map(([, name]) => name),
  );
  const names = [...code.matchAll(/@?[A-Za-z_][\w.]*/g)].map(([name]) => name);
  const known = (name: string): boolean =>
    words.has(name) ||
    discovered.has(name) ||
    aliases.has(name) ||
    lines.some((line) => '_aws' in line === false && read(line, name) !== undefined);
  return [...new Set(names.filter((name) => !known(name)))];
}

function read(line: PrintedLine, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
      line,
    );
}
