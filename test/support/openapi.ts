import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

export const openapi = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
);
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(openapi, 'openapi');

/** What is wrong with a value at a place in docs/openapi.json, such as `#/components/schemas/Run`. */
export function faultsAt(pointer: string, value: unknown): readonly string[] {
  const validate = ajv.compile({ $ref: `openapi${pointer}` });
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Fails the test unless docs/openapi.json has the answer. */
export function expectDocumented(
  path: '/sync' | '/runs/{runId}' | '/notifications/smn',
  { body, statusCode }: { readonly body: unknown; readonly statusCode: number },
): void {
  const [method] = Object.keys(openapi.paths[path]);
  const { responses } = openapi.paths[path][method ?? ''];
  expect(Object.keys(responses)).toContain(String(statusCode));
  const key = encodeURIComponent(path.replaceAll('/', '~1'));
  const place = `#/paths/${key}/${method}/responses/${statusCode}`;
  expect(faultsAt(`${place}/content/application~1json/schema`, body)).toEqual([]);
}
