// `npm run docs`: writes the parts of docs/ that are generated from code; test/scripts/docs.test.ts fails if one is
// out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { permissionsTable } from './docs/permissions.ts';
import { settingsTable } from './docs/settings.ts';

interface Page {
  readonly url: URL;
  /** What belongs between the two marks. */
  readonly table: () => string;
}

const pages: readonly Page[] = [
  { url: new URL('../docs/configuration.md', import.meta.url), table: settingsTable },
  { url: new URL('../docs/iam.md', import.meta.url), table: permissionsTable },
];
const begin = '<!-- written by `npm run docs`: -->';
const end = '<!-- until here -->';

/** Each page: its text now, and its text as generated. */
export function renderPages() {
  return Promise.all(
    pages.map(async ({ table, url }) => {
      const text = await readFile(url, 'utf8');
      const [before, rest] = text.split(begin);
      const after = rest?.split(end)[1];
      if (after === undefined) throw new Error(`${url.pathname} has no marks "${begin}", "${end}"`);
      return { url, text, current: `${before}${begin}\n${table()}\n${end}${after}` };
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { current, url } of await renderPages()) await writeFile(url, current);
}
