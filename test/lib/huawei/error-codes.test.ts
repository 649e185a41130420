import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { adviceFor, classify, errorCodes, gatewayCodes } from '../../../lib/huawei/error-codes.ts';

test.each([
  [400, 'DBS.280001', 'permanent'],
  [500, 'DBS.280001', 'permanent'],
  [400, 'DBS.300002', 'retry'],
  [500, 'DBS.200412', 'retry'],
  [409, 'DBS.200011', 'later'],
  [409, 'DBS.200019', 'later'],
  [403, 'DBS.212033', 'later'],
  [400, 'DBS.300125', 'later'],
  [401, 'APIGW.0301', 'auth'],
  [401, 'APIGW.0307', 'auth'],
  [401, 'APIG.0307', 'auth'],
  [403, 'APIGW.0307', 'auth'],
  [403, 'APIGW.0302', 'permanent'],
  [429, 'APIGW.0308', 'throttled'],
  [400, 'APIG.0308', 'throttled'],
  [429, 'IAM.0012', 'throttled'],
  [404, 'APIGW.0101', 'permanent'],
  [404, 'APIGW.0103', 'permanent'],
  [500, 'APIG.0103', 'retry'],
  [400, 'APIGW.0201', 'permanent'],
  [413, 'APIGW.0201', 'permanent'],
  [494, 'APIGW.0201', 'permanent'],
  [502, 'APIGW.0201', 'unavailable'],
  [504, 'APIGW.0201', 'unavailable'],
  [401, 'IAM.0066', 'auth'],
  [400, 'DBS.999999', 'permanent'],
  [401, undefined, 'auth'],
  [403, undefined, 'permanent'],
  [404, undefined, 'permanent'],
  [408, undefined, 'retry'],
  [409, undefined, 'later'],
  [415, undefined, 'permanent'],
  [425, undefined, 'retry'],
  [429, undefined, 'throttled'],
  [500, undefined, 'retry'],
  [501, undefined, 'permanent'],
  [502, undefined, 'unavailable'],
  [503, undefined, 'unavailable'],
  [504, undefined, 'unavailable'],
  [undefined, undefined, 'permanent'],
  [500, '__proto__', 'retry'],
  [500, 'constructor', 'retry'],
  [500, 'APIGW.0999', 'retry'],
])('row 38: %o %o is %s', (httpStatus, errCode, expected) => {
  expect(classify(httpStatus, errCode)).toBe(expected);
});

test('row 38: every failure has advice, each known code its own', () => {
  expect(adviceFor(400, 'DBS.280001')).toContain('instances parameter');
  expect(adviceFor(401, 'APIG.0307')).toBe(adviceFor(401, 'APIGW.0307'));
  for (const status of [400, 401, 403, 404, 409, 418, 429, 500, 503, undefined]) {
    expect(adviceFor(status, 'DBS.999999')).toMatch(/^[A-Z].+\.$/);
  }
});

test('docs/error-codes.md has the same codes, classes and advice', () => {
  const docs = readFileSync(new URL('../../../docs/error-codes.md', import.meta.url), 'utf8');
  const rows = [...docs.matchAll(/^\| `([^`]+)` \| (.*?) \| (.*?) \| (.*?) \|$/gm)];
  const expected = [
    ...Object.entries(errorCodes),
    ...Object.entries(gatewayCodes).map(([number, entry]) => [`APIGW.${number}`, entry] as const),
  ].map(([code, { advice, meaning, retryClass = 'by status' }]) => [
    code,
    retryClass,
    meaning,
    advice,
  ]);

  expect(rows.map(([, ...cells]) => cells)).toEqual(expected);
});
