import { expect, test } from 'vitest';
import { isDryRun } from '../../../lib/sync/dry-run.ts';

test.each([
  [false, undefined],
  [false, null],
  [false, {}],
  [false, { dryRun: false }],
  [false, { detail: '{}' }],
  [false, { detail: { dryRun: false } }],
  [true, { dryRun: true }],
  [true, { detail: { dryRun: true } }],
  [true, { detail: '{"dryRun":true}' }],
  [true, { dryRun: true, detail: '{}' }],
])('is %s for %j', (expected, event) => {
  expect(isDryRun(event)).toBe(expected);
});

test.each([
  { dryRun: 'yes' },
  { detail: { dryRun: 1 } },
  { detail: '{"dryRun":"true"}' },
  { detail: 7 },
  'dryRun',
])('refuses %j, which may have meant a dry run', (event) => {
  expect(() => isDryRun(event)).toThrow(
    'The event is not usable: dryRun must be true or false, in the input or in its detail',
  );
});
