// `npm run docs`: writes what is generated from code, parts of docs/ and .env.example; test/scripts/docs.test.ts fails if one is
// out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { renderStageFile } from '../infra/stage-file.ts';
import { permissionsTable } from './docs/permissions.ts';
import { deploymentTable, settingsTable } from './docs/settings.ts';

interface Page {
  readonly url: URL;
  /** The file as generated, from its text. */
  readonly render: (text: string) => string;
}

const pages: readonly Page[] = [
  {
    url: new URL('../docs/configuration.md', import.meta.url),
    render: (text) => fillIn(text, [settingsTable, deploymentTable]),
  },
  {
    url: new URL('../docs/iam.md', import.meta.url),
    render: (text) => fillIn(text, [permissionsTable]),
  },
  { url: new URL('../.env.example', import.meta.url), render: () => renderStageFile({}) },
];
const begin = '<!-- written by `npm run docs`: -->';
const end = '<!-- until here -->';

/** Each page: its text now, and its text as generated. */
export function renderPages() {
  return Promise.all(
    pages.map(async ({ render, url }) => {
      const text = await readFile(url, 'utf8').catch(() => '');
      return { url, text, current: render(text) };
    }),
  );
}

/** The text with each table between its marks, in their order. */
function fillIn(text: string, tables: readonly (() => string)[]): string {
  const [first = '', ...marked] = text.split(begin);
  if (marked.length !== tables.length)
    throw new Error(`A page needs ${tables.length} x "${begin}"`);
  const filled = marked.map((part, index) => {
    const after = part.slice(part.indexOf(end));
    return `${begin}\n${tables[index]?.()}\n${after}`;
  });
  return [first, ...filled].join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { current, url } of await renderPages()) await writeFile(url, current);
}
