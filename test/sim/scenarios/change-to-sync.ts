import type { Scenario } from './measure.ts';
/** Table 3. */
export const changeToSync: readonly Scenario[] = [];
