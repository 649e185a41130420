import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stageSettings } from '../../infra/check-stage.ts';
import { settings } from '../../lib/config.ts';
import type { Setting } from '../../lib/config-setting.ts';
import { renderPages } from '../../scripts/docs.ts';

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}
const configuration = read('docs/configuration.md');
const variables = Object.values(settings).map(({ variable }) => variable);

/** What a deployment is made from: serverless.yml and the files of infra/. */
function deploymentText(): string {
  const infra = readdirSync(new URL('../../infra', import.meta.url)).map((name) => `infra/${name}`);
  return ['serverless.yml', ...infra].map(read).join('\n');
}

/** The variables that a deployment reads. */
function deploymentVariables(): readonly string[] {
  return [...deploymentText().matchAll(/\$\{env:([A-Z0-9_]+)|\benv\.([A-Z0-9_]+)/g)].map(
    ([, inYaml, inCode]) => inYaml ?? inCode ?? '',
  );
}

test('what npm run docs writes is written', async () => {
  for (const { current, text, url } of await renderPages()) {
    // On failure: npm run docs
    expect(text, url.pathname).toBe(current);
  }
});

test('docs/configuration.md has one row for every variable of lib/config.ts', () => {
  const [, table = ''] = configuration.split('## Environment variables');
  const [first = ''] = table.split('## ');
  const documented = [...first.matchAll(/^\| `([A-Z0-9_]+)` \| .+ \| .+ \| .+ \|$/gm)];

  expect(variables.length).toBeGreaterThan(20);
  expect(documented.map(([, name]) => name).sort()).toEqual([...variables].sort());
});

test('docs/configuration.md has every variable that a deployment reads', () => {
  const read = deploymentVariables();

  expect(read).toContain('CANARY');
  expect([...new Set(read)].filter((name) => !configuration.includes(`\`${name}\``))).toEqual([]);
});

test('the file of a stage may have every variable that a deployment reads, and .env.example has it', () => {
  const known = stageSettings.map(({ variable }) => variable);
  const byTemplate = ['SYNC_QUEUE_URL', 'CHANGE_QUEUE_URL', 'FOLLOW_QUEUE_URL'];
  const example = read('.env.example');

  expect(deploymentVariables().filter((name) => ![...known, ...byTemplate].includes(name))).toEqual(
    [],
  );
  expect(known.filter((name) => !new RegExp(`^#?${name}=`, 'm').test(example))).toEqual([]);
});

test('a deployment sets every variable of lib/config.ts, and has the same defaults', () => {
  const text = deploymentText();
  const set = new Map(
    [...text.matchAll(/^ {4,6}([A-Z0-9_]+): (.+?)( #.*)?$/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  /** What a variable is when a deployment does not set it; '' leaves it to lib/config.ts. */
  function deployed(variable: string): string | undefined {
    const value = set.get(variable) ?? '';
    const [, custom] = /^\$\{self:custom\.(?:\w+\.)?(\w+)\}$/.exec(value) ?? [];
    if (custom && text.includes(`settings.${custom}.default`)) return '';
    if (custom) return new RegExp(`\\b${custom}(?:: | = )(\\d+)`).exec(text)?.[1];
    return /^\$\{env:\w+, '(.*)'\}$/.exec(value)?.[1];
  }
  const withDefault = Object.values<Setting<unknown>>(settings).filter((one) => one.default);

  expect(variables.filter((name) => !set.has(name))).toEqual([]);
  expect(withDefault.length).toBeGreaterThan(15);
  for (const { default: fallback, variable } of withDefault) {
    expect([fallback, ''], variable).toContain(deployed(variable));
  }
});

test('docs/cost.md has the memory of every function, with what was measured', () => {
  const functions = read('serverless.yml').split(/^functions:$/m)[1] ?? '';
  const given = [...functions.matchAll(/^ {2}([\w-]+):\n(?: {4}.*\n)*? {4}memorySize: (\d+)/gm)];
  const rows = [...read('docs/cost.md').matchAll(/^\| ([\w-]+) \| .+ MB \|.+ \*\*(\d+)\*\* \|$/gm)];

  expect(given.length).toBeGreaterThan(6);
  expect(Object.fromEntries(rows.map(([, name, mb]) => [name, mb]))).toEqual(
    Object.fromEntries(given.map(([, name, mb]) => [name, mb])),
  );
});

test('the links between the pages of docs/ lead somewhere', () => {
  const pages = readdirSync(new URL('../../docs', import.meta.url)).filter((name) =>
    name.endsWith('.md'),
  );
  const anchorsOf = (page: string) =>
    [...read(`docs/${page}`).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );

  const dead = pages.flatMap((page) =>
    [...read(`docs/${page}`).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
      .filter(([, file = '', anchor]) => {
        const target = file || page;
        if (!existsSync(new URL(`../../docs/${target}`, import.meta.url))) return true;
        return anchor !== undefined && !anchorsOf(target).includes(anchor);
      })
      .map(([link]) => `${page}: ${link}`),
  );

  expect(dead).toEqual([]);
});
