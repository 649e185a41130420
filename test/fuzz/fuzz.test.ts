import fc from 'fast-check';
import { test } from 'vitest';
import { targets } from './targets.ts';

// npm run fuzz takes as many inputs as it is told.
test.each(targets)('whatever comes, the parser stays sound: $name', async ({ property }) => {
  await fc.assert(property, { numRuns: 500 });
});
